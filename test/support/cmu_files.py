"""A small CMU database: a skeleton with all of CMU's bones and easily computed joints.

It stands upright and faces z, as CMU's skeletons do at rest. Lengths are in the files' unit,
0.0254/0.45 m; all bones point along an axis.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

UNIT_M = 0.0254 / 0.45

BONES: Mapping[str, tuple[str, tuple[float, float, float], float, str]] = {
    "lhipjoint": ("root", (1, 0, 0), 2.0, ""),
    "lfemur": ("lhipjoint", (0, -1, 0), 7.0, "rx ry rz"),
    "ltibia": ("lfemur", (0, -1, 0), 6.5, "rx"),
    "lfoot": ("ltibia", (0, 0, 1), 2.0, "rx rz"),
    "ltoes": ("lfoot", (0, 0, 1), 1.0, "rx"),
    "rhipjoint": ("root", (-1, 0, 0), 2.0, ""),
    "rfemur": ("rhipjoint", (0, -1, 0), 7.0, "rx ry rz"),
    "rtibia": ("rfemur", (0, -1, 0), 6.5, "rx"),
    "rfoot": ("rtibia", (0, 0, 1), 2.0, "rx rz"),
    "rtoes": ("rfoot", (0, 0, 1), 1.0, "rx"),
    "lowerback": ("root", (0, 1, 0), 2.0, "rx ry rz"),
    "upperback": ("lowerback", (0, 1, 0), 2.0, "rx ry rz"),
    "thorax": ("upperback", (0, 1, 0), 2.0, "rx ry rz"),
    "lowerneck": ("thorax", (0, 1, 0), 1.0, "rx ry rz"),
    "upperneck": ("lowerneck", (0, 1, 0), 1.0, "rx ry rz"),
    "head": ("upperneck", (0, 1, 0), 1.5, "rx ry rz"),
    "lclavicle": ("thorax", (1, 0, 0), 3.0, "ry rz"),
    "lhumerus": ("lclavicle", (1, 0, 0), 5.0, "rx ry rz"),
    "lradius": ("lhumerus", (1, 0, 0), 3.0, "rx"),
    "lwrist": ("lradius", (1, 0, 0), 1.5, "ry"),
    "rclavicle": ("thorax", (-1, 0, 0), 3.0, "ry rz"),
    "rhumerus": ("rclavicle", (-1, 0, 0), 5.0, "rx ry rz"),
    "rradius": ("rhumerus", (-1, 0, 0), 3.0, "rx"),
    "rwrist": ("rradius", (-1, 0, 0), 1.5, "ry"),
}
"""Name → parent, direction, length, degrees of freedom."""

Values = Mapping[str, Sequence[float]]


def write_skeleton(
    path: Path, axes: Values | None = None, without: str = "", angle: str = "deg"
) -> Path:
    """An .asf file; `axes` are angles of bones' local axes, 0 for the others."""
    lines = [
        "# a comment", ":version 1.10", ":name test",
        ":units", "  mass 1.0", "  length 0.45", f"  angle {angle}",
        ":documentation", "  made for a test",
        ":root", "  order TX TY TZ RX RY RZ", "  axis XYZ",
        "  position 0 0 0", "  orientation 0 0 0",
        ":bonedata",
    ]  # fmt: skip
    bones = {name: bone for name, bone in BONES.items() if name != without}
    for number, (name, (_, direction, length, dof)) in enumerate(bones.items()):
        angles = " ".join(map(str, (axes or {}).get(name, (0, 0, 0))))
        lines += [
            "  begin", f"     id {number}", f"     name {name}",
            f"     direction {' '.join(map(str, direction))}", f"     length {length}",
            f"     axis {angles}  XYZ",
        ]  # fmt: skip
        if dof:
            limits = ["(-180.0 180.0)"] * len(dof.split())
            lines += [f"     dof {dof}", f"     limits {limits[0]}", *limits[1:]]
        lines.append("  end")
    lines += [":hierarchy", "  begin"]
    for parent in dict.fromkeys(parent for parent, *_ in bones.values()):
        children = [name for name, bone in bones.items() if bone[0] == parent]
        lines.append(f"    {parent} {' '.join(children)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, "  end", ""]))
    return path


def write_motion(path: Path, frames: Sequence[Values], keyword: str = "DEGREES") -> Path:
    """Write an .amc file; values that a frame does not give are 0."""
    channels = {"root": 6} | {name: len(bone[3].split()) for name, bone in BONES.items() if bone[3]}
    lines = ["#!OML:ASF test", ":FULLY-SPECIFIED", f":{keyword}"]
    for number, frame in enumerate(frames, 1):
        lines.append(str(number))
        for name, count in channels.items():
            values = frame.get(name, [0] * count)
            lines.append(f"{name} {' '.join(f'{value:.10g}' for value in values)}")
    path.write_text("\n".join([*lines, ""]))
    return path


def write_database(folder: Path, takes: Mapping[int, int], frames: int = 241) -> Path:
    """`takes` trials of each subject, who walks 2 m along z, at 120 frames per second."""
    step = 2.0 / UNIT_M / (frames - 1)
    for subject, count in takes.items():
        own = folder / "subjects" / f"{subject:02d}"
        write_skeleton(own / f"{subject:02d}.asf")
        for trial in range(1, count + 1):
            walk = [{"root": [0, 16, step * frame, 0, 0, 0]} for frame in range(frames)]
            write_motion(own / f"{subject:02d}_{trial:02d}.amc", walk)
    return folder

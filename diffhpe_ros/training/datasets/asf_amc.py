"""Acclaim skeletons (.asf) and motions (.amc), as in the CMU motion capture database.

Forward kinematics: a bone with local axes C (its `axis` angles) and joint rotation M (its values in
the motion) has the global rotation R = R_parent · C · M · C⁻¹, and ends at p_parent + R · length ·
direction. Angles listed as x, y, z are applied in that order: Rz · Ry · Rx.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

Array = NDArray[np.float64]

ROOT = "root"
INCH_M = 0.0254
AXES = "xyz"


@dataclass(frozen=True, eq=False)
class Bone:
    """A bone of a skeleton at rest; for the root the direction is 0."""

    parent: str
    """Name of the parent; "" for the root."""
    offset: Array
    """(3,), from the bone's start to its end, in the file's unit of length."""
    local_axes: Array
    """(3, 3), rotation C of the axes that joint rotations refer to."""
    channels: tuple[str, ...]
    """Values of the bone in each frame of a motion, such as rx, ry, rz, in the file's order."""


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A person's bones, parents before children, and the units of the file."""

    bones: Mapping[str, Bone]
    unit_m: float
    """Metres per unit of length."""
    radians_per_unit: float
    """Radians per unit of the skeleton's angles."""


@dataclass(frozen=True, eq=False)
class BoneMotion:
    """T frames of every bone, in the file's global frame, y up."""

    ends: Mapping[str, Array]
    """(T, 3), metres: the end of each bone."""
    rotations: Mapping[str, Array]
    """(T, 3, 3): from the skeleton at rest to the frame."""


def read_skeleton(path: Path) -> Skeleton:
    """Read an .asf file.

    Raises:
        DiffhpeError: the file is missing or is not a skeleton; the message names it.
    """
    sections = _sections(_lines(path))
    try:
        units = {words[0]: words[1] for words in sections.get("units", []) if len(words) == 2}
        radians = 1.0 if units.get("angle", "deg").startswith("rad") else np.pi / 180
        bones = {ROOT: _root(sections["root"], radians)}
        rest = {bone["name"][0]: bone for bone in _blocks(sections["bonedata"])}
        for parent, *children in _hierarchy(sections["hierarchy"]):
            if parent not in bones:
                raise DiffhpeError(f"the hierarchy lists {parent!r} before its parent")
            bones |= {child: _bone(rest[child], parent, radians) for child in children}
        return Skeleton(bones, INCH_M / float(units.get("length", 1.0)), radians)
    except DiffhpeError as error:
        raise DiffhpeError(f"{path}: {error}") from None
    except KeyError as error:
        raise DiffhpeError(f"{path}: not an .asf skeleton: {error.args[0]!r} is missing") from None
    except (ValueError, IndexError, TypeError) as error:
        raise DiffhpeError(f"{path}: not an .asf skeleton ({error})") from None


def read_motion(path: Path, skeleton: Skeleton) -> BoneMotion:
    """Read an .amc file and compute the position of every bone.

    Raises:
        DiffhpeError: the file is missing, is not a motion, or does not fit the skeleton; the
            message names it.
    """
    lines = _lines(path)
    try:
        values, radians = _frames(lines, skeleton)
    except (ValueError, IndexError) as error:
        raise DiffhpeError(f"{path}: not an .amc motion ({error})") from None
    except DiffhpeError as error:
        raise DiffhpeError(f"{path}: {error}") from None
    return _forward_kinematics(skeleton, values, radians)


def rotation(angles: Array, order: str) -> Array:
    """Rotations (..., 3, 3) by angles (..., n) in radians about the axes of `order`, first to last.

    For the order "xyz" this is Rz · Ry · Rx.
    """
    whole = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    for angle, axis in zip(np.moveaxis(angles, -1, 0), order, strict=True):
        whole = _about(axis, angle) @ whole
    return whole


def _about(axis: str, angle: Array) -> Array:
    """Rotations (..., 3, 3) about x, y or z."""
    i = AXES.index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    turned = np.zeros((*np.shape(angle), 3, 3))
    turned[..., i, i] = 1
    turned[..., j, j] = turned[..., k, k] = np.cos(angle)
    turned[..., k, j] = np.sin(angle)
    turned[..., j, k] = -np.sin(angle)
    return turned


def _forward_kinematics(skeleton: Skeleton, values: Mapping[str, Array], unit: float) -> BoneMotion:
    """Ends and rotations of the bones for values (T, channels) of each bone."""
    frames = len(values[ROOT])
    ends: dict[str, Array] = {}
    rotations: dict[str, Array] = {}
    for name, bone in skeleton.bones.items():
        own = values.get(name, np.zeros((frames, len(bone.channels))))
        turning = [k for k, channel in enumerate(bone.channels) if channel[0] == "r"]
        order = "".join(bone.channels[k][1] for k in turning)
        joint = rotation(unit * own[:, turning], order)
        local = bone.local_axes @ joint @ bone.local_axes.T
        if name == ROOT:
            moved = np.zeros((frames, 3))
            for k, channel in enumerate(bone.channels):
                if channel[0] == "t":
                    moved[:, AXES.index(channel[1])] = own[:, k]
            rotations[name], ends[name] = local, skeleton.unit_m * (bone.offset + moved)
        else:
            rotations[name] = rotations[bone.parent] @ local
            ends[name] = ends[bone.parent] + skeleton.unit_m * rotations[name] @ bone.offset
    return BoneMotion(ends, rotations)


def _lines(path: Path) -> list[str]:
    """Lines except comments and blank lines."""
    try:
        text = path.read_text(encoding="latin-1")
    except OSError as error:
        raise DiffhpeError(f"cannot read {path}: {error.strerror or error}") from None
    stripped = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in stripped if line]


def _sections(lines: list[str]) -> dict[str, list[list[str]]]:
    """Words of the lines below each `:keyword`."""
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for line in lines:
        words = line.split()
        if line.startswith(":"):
            current = sections.setdefault(words[0][1:].lower(), [])
        else:
            current.append(words)
    return sections


def _blocks(lines: list[list[str]]) -> Iterator[dict[str, list[str]]]:
    """Key → words of each `begin` … `end`."""
    block: dict[str, list[str]] = {}
    for key, *words in lines:
        if key == "begin":
            block = {}
        elif key == "end":
            yield block
        else:
            block[key] = words


def _hierarchy(lines: list[list[str]]) -> list[list[str]]:
    return [words for words in lines if words not in (["begin"], ["end"])]


def _root(lines: list[list[str]], radians: float) -> Bone:
    keys = {key: words for key, *words in lines}
    axes = rotation(_numbers(keys["orientation"]) * radians, keys["axis"][0].lower())
    channels = tuple(word.lower() for word in keys["order"])
    return Bone("", _numbers(keys["position"]), axes, channels)


def _bone(keys: Mapping[str, list[str]], parent: str, radians: float) -> Bone:
    *angles, order = keys["axis"]
    axes = rotation(_numbers(angles) * radians, order.lower())
    offset = float(keys["length"][0]) * _numbers(keys["direction"])
    return Bone(parent, offset, axes, tuple(word.lower() for word in keys.get("dof", [])))


def _numbers(words: list[str]) -> Array:
    if len(words) != 3:
        raise ValueError(f"3 numbers expected, got {' '.join(words)!r}")
    return np.array([float(word) for word in words])


def _frames(lines: list[str], skeleton: Skeleton) -> tuple[dict[str, Array], float]:
    """Values (T, channels) of each bone in the file, and radians per unit of its angles."""
    radians, frames = skeleton.radians_per_unit, 0
    columns: dict[str, list[list[float]]] = {}
    for line in lines:
        if line[0] == ":":
            keyword = line[1:].strip().lower()
            radians = {"degrees": np.pi / 180, "radians": 1.0}.get(keyword, radians)
        elif line.isdigit():
            frames += 1
        else:
            name, *words = line.split()
            columns.setdefault(name, []).append([float(word) for word in words])
    if not frames or ROOT not in columns:
        raise DiffhpeError("it contains no frames of a motion")
    for name, rows in columns.items():
        if name not in skeleton.bones:
            raise DiffhpeError(f"bone {name!r} is not in the skeleton")
        expected = len(skeleton.bones[name].channels)
        if len(rows) != frames or any(len(row) != expected for row in rows):
            raise DiffhpeError(f"{name}: {expected} values in each of {frames} frames expected")
    values = {name: np.array(rows) for name, rows in columns.items()}
    if not all(np.isfinite(each).all() for each in values.values()):
        raise DiffhpeError("a value is not finite")
    return values, radians

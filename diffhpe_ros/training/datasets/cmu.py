"""`diffhpe data`: joints of the CMU motion capture database, from its .asf and .amc files.

Joints are Human3.6M's 17 at bone ends of CMU's skeletons. CMU's root lies 10 cm above the hips, so
that Hip is the midpoint of the hip joints; Thorax is at the height of the shoulders; NeckNose lies
5 cm in front of the end of the neck.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import replacing
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.training.datasets.asf_amc import BoneMotion, Skeleton, read_motion, read_skeleton

RATE_HZ = 50.0
CAPTURED_HZ = 120.0
NOSE_M = 0.05
LONGEST_STEP_M = 0.3
"""Longest movement of the hip between frames, 54 km/h: a take that exceeds it is damaged."""
JOINT_BONES: tuple[tuple[str, ...], ...] = (
    ("lhipjoint", "rhipjoint"),
    ("rhipjoint",), ("rfemur",), ("rtibia",),
    ("lhipjoint",), ("lfemur",), ("ltibia",),
    ("lowerback",),
    ("thorax", "lowerneck"),
    ("upperneck",),
    ("head",),
    ("lclavicle",), ("lhumerus",), ("lwrist",),
    ("rclavicle",), ("rhumerus",), ("rwrist",),
)  # fmt: skip
"""Bones at whose ends the joints are; for two bones, the joint is at the midpoint."""
TOE_BONES = ("ltoes", "rtoes")
NECK_NOSE = JOINTS.index("Neck/Nose")
Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""CMU's frame has y up: (x, y, z) → (x, -z, y)."""
_TAKE = re.compile(r"(\d+)_(\d+)")


@dataclass(frozen=True, eq=False)
class Take:
    """T frames of one take at 50 Hz; metres, z up."""

    subject: int
    trial: int
    source: str
    """Path below the database's folder."""
    positions: NDArray[np.float32]
    """(T, 17, 3)"""
    head_forward: NDArray[np.float16]
    """(T, 3), unit vector, facing direction of the head."""
    toes: NDArray[np.float16]
    """(T, 2, 3), toe tips, left and right."""


def read_takes(
    folder: Path, subjects: Collection[int] = (), captured_hz: float = CAPTURED_HZ
) -> tuple[list[Take], list[str]]:
    """Read all takes in a folder and the folders below it, with progress.

    Args:
        folder: contains SS_TT.amc files, with SS.asf in the same folder as its motions.
        subjects: numbers of the subjects to read; all if empty.
        captured_hz: frame rate of the files.

    Returns:
        The takes sorted by subject and trial, and a line on each unusable file.

    Raises:
        DiffhpeError: there is no such folder, or no usable take in it.
    """
    files = _motion_files(folder, subjects)
    missing = sorted(set(subjects) - {subject for subject, *_ in files})
    takes, problems = [], []
    if missing:
        problems.append(f"{folder}: no motions of subject {', '.join(map(str, missing))}")
    skeletons: dict[Path, Skeleton] = {}
    for subject, trial, file in tqdm(files, desc="reading", unit="take"):
        try:
            skeleton_file = _skeleton_file(file)
            if skeleton_file not in skeletons:
                skeletons[skeleton_file] = read_skeleton(skeleton_file)
            motion = read_motion(file, skeletons[skeleton_file])
            source = str(file.relative_to(folder))
            takes.append(to_take(motion, subject, trial, source, captured_hz))
        except DiffhpeError as error:
            message = str(error)
            problems.append(message if str(file) in message else f"{file}: {message}")
    if not takes:
        raise DiffhpeError(f"{folder}: no usable take; the first problem: {problems[0]}")
    return takes, problems


def to_take(
    motion: BoneMotion, subject: int, trial: int, source: str, captured_hz: float = CAPTURED_HZ
) -> Take:
    """The 17 joints of a motion, at 50 Hz by linear interpolation.

    Raises:
        DiffhpeError: a bone is missing, or the take is damaged or shorter than two frames.
    """
    needed = {bone for bones in JOINT_BONES for bone in bones} | set(TOE_BONES)
    missing = sorted(needed - set(motion.ends))
    if missing:
        raise DiffhpeError(f"the skeleton lacks {', '.join(missing)}; CMU's bones are expected")
    ends = motion.ends
    # At rest CMU's skeletons face along z.
    forward = motion.rotations["head"][:, :, 2]
    joints = np.stack([np.mean([ends[bone] for bone in bones], 0) for bones in JOINT_BONES], 1)
    joints[:, NECK_NOSE] += NOSE_M * forward
    toes = np.stack([ends[bone] for bone in TOE_BONES], 1)
    joints, forward, toes = (
        resampled(values @ Z_UP.T, captured_hz) for values in (joints, forward, toes)
    )
    if len(joints) < 2:
        raise DiffhpeError("shorter than two frames at 50 Hz")
    step = np.linalg.norm(np.diff(joints[:, 0], axis=0), axis=-1)
    if step.max() > LONGEST_STEP_M:
        raise DiffhpeError(
            f"the hip jumps by {step.max():.1f} m at {step.argmax() / RATE_HZ:.2f} s; skipped"
        )
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    return Take(
        subject=subject,
        trial=trial,
        source=source,
        positions=joints.astype(np.float32),
        head_forward=forward.astype(np.float16),
        toes=toes.astype(np.float16),
    )


def resampled(values: NDArray[np.float64], captured_hz: float) -> NDArray[np.float64]:
    """Values (T, ...) at `captured_hz` → 50 Hz, by linear interpolation between frames."""
    last = len(values) - 1
    at = np.arange(int(last / captured_hz * RATE_HZ + 1e-9) + 1) * captured_hz / RATE_HZ
    before = np.minimum(at.astype(np.int64), max(last - 1, 0))
    share = (at - before).reshape(-1, *[1] * (values.ndim - 1))
    after = np.minimum(before + 1, last)
    return np.asarray(values[before] * (1 - share) + values[after] * share)


def write_takes(path: Path, takes: Sequence[Take]) -> None:
    """Write the file that trainings read; docs/training.md describes its arrays.

    Raises:
        DiffhpeError: it cannot be written.
    """
    lengths = [len(take.positions) for take in takes]
    with replacing(path) as file:
        np.savez_compressed(
            file,
            positions=np.concatenate([take.positions for take in takes]),
            head_forward=np.concatenate([take.head_forward for take in takes]),
            toes=np.concatenate([take.toes for take in takes]),
            offsets=np.cumsum([0, *lengths]),
            name=np.array([f"cmu_{take.subject:03d}_{take.trial:02d}" for take in takes]),
            subject=np.array([take.subject for take in takes]),
            trial=np.array([take.trial for take in takes]),
            label=np.full(len(takes), "", "<U1"),
            source=np.array([take.source for take in takes]),
            joint_names=np.array([name.replace("/", "") for name in JOINTS]),
            fps=np.float32(RATE_HZ),
            note=np.array("CMU Graphics Lab Motion Capture Database, 17 joints, metres, z up"),
        )


def _motion_files(folder: Path, subjects: Collection[int]) -> list[tuple[int, int, Path]]:
    """Subject, trial and path of each .amc file."""
    if not folder.is_dir():
        raise DiffhpeError(f"{folder}: no such folder; the CMU database is expected there")
    found = [
        (int(match[1]), int(match[2]), file)
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() == ".amc" and (match := _TAKE.match(file.name))
    ]
    if not found:
        raise DiffhpeError(f"{folder}: no SS_TT.amc files in it, such as 07/07_01.amc")
    chosen = sorted(each for each in found if not subjects or each[0] in subjects)
    if not chosen:
        raise DiffhpeError(f"{folder}: no motions of these subjects")
    return chosen


def _skeleton_file(motion: Path) -> Path:
    """The .asf of a motion: SS.asf for SS_TT.amc, or the only one in its folder.

    Raises:
        DiffhpeError: no such file exists.
    """
    skeletons = sorted(file for file in motion.parent.iterdir() if file.suffix.lower() == ".asf")
    subject = motion.name.partition("_")[0]
    own = [file for file in skeletons if file.stem == subject]
    if len(own or skeletons) != 1:
        raise DiffhpeError(f"no skeleton {subject}.asf next to it")
    return (own or skeletons)[0]

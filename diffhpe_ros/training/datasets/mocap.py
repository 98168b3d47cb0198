"""Motion capture files: one table of frames, and the windows in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz

TEST_SUBJECTS = frozenset({2, 7, 12})
VALIDATION_SUBJECTS = frozenset({16, 39})
SEEN_BODY_SUBJECTS = frozenset({903, 905})
HELD_OUT_SUBJECTS = TEST_SUBJECTS | VALIDATION_SUBJECTS | SEEN_BODY_SUBJECTS
"""Subjects of the frozen evaluation files: never trained on."""
VALIDATION_PEOPLE = frozenset({55, 127, 131, 135, 3006, 3009})
"""Subjects of the second validation, of two laboratories: never trained on.

Their motions: animals, a dance, range of motion, runs, styled walks, karate, rehabilitation."""

SAME_PERSON: Mapping[int, int] = {13: 903, 902: 903, 10: 905, 906: 14, 901: 29}
"""Subjects who are the same person as another subject."""

TELEPORTS = frozenset(
    {"cmu_train_walking_49", "cmu_train_walking_50", "cmu_train_directing_traffic_1", "cmu_005_17"}
)
"""Takes with discontinuities, excluded from training."""
SUBJECT_WEIGHTS: Mapping[int, float] = {118: 1 / 3}
"""Weights of subjects with many similar takes: 118 has 30 takes of the same jump."""


@dataclass(frozen=True)
class MotionCapture:
    """The frames of all sequences, concatenated, and the windows in them."""

    positions: Tensor
    """(N, 17, 3) metres, z up."""
    head_forward: Tensor
    """(N, 3), unit vector, facing direction of the head."""
    starts: Tensor
    """(W,), first frame of each window; windows lie within one sequence."""
    bounds: Tensor
    """(W, 2), first and last frame of each window's sequence."""
    weights: Tensor
    """(W,), relative frequency at which a window is drawn."""
    subjects: Tensor
    """(W,), number of the subject."""
    frames: int
    """Window length."""

    def windows(self, chosen: Tensor, speed: Tensor) -> tuple[Tensor, Tensor]:
        """Windows at other speeds or backwards, with the same middle frame.

        Args:
            chosen: (B,), numbers of windows.
            speed: (B,), 1 as captured, negative backwards; reduced where the sequence is too short.

        Returns:
            Positions (B, L, 17, 3) and facing directions (B, L, 3).
        """
        half = self.frames // 2
        middle, bounds = self.starts[chosen] + half, self.bounds[chosen]
        room = torch.minimum(middle - bounds[:, 0], bounds[:, 1] - middle) / half
        speed = torch.maximum(torch.minimum(speed, room), -room)
        offset = torch.arange(-half, half + 1, device=speed.device)
        # Frames are counted from the middle: single precision is too coarse for large numbers.
        step = speed[:, None] * offset
        whole = step.floor()
        at = middle[:, None] + whole.long()
        # The last frame of a sequence has no next frame, and needs none.
        before = at.clamp(max=len(self.positions) - 2)
        share = (step - whole + (at - before))[..., None]
        facing = torch.lerp(self.head_forward[before], self.head_forward[before + 1], share)
        share = share[..., None]
        return torch.lerp(self.positions[before], self.positions[before + 1], share), facing

    def draw(self, count: int, generator: Generator) -> Tensor:
        """Indices (count,) of random windows, drawn by their weights."""
        total = self.weights.cumsum(0, dtype=torch.float64)
        where = torch.rand(count, generator=generator, device=generator.device, dtype=total.dtype)
        return torch.searchsorted(total, where * total[-1]).clamp(max=len(total) - 1)

    def joined(self, other: "MotionCapture") -> "MotionCapture":
        """The frames and windows of both files."""
        shift = len(self.positions)
        return MotionCapture(
            torch.cat([self.positions, other.positions]),
            torch.cat([self.head_forward, other.head_forward]),
            torch.cat([self.starts, other.starts + shift]),
            torch.cat([self.bounds, other.bounds + shift]),
            torch.cat([self.weights, other.weights]),
            torch.cat([self.subjects, other.subjects]),
            self.frames,
        )

    def to(self, device: torch.device | str) -> "MotionCapture":
        """A copy on another device."""
        return MotionCapture(
            self.positions.to(device),
            self.head_forward.to(device),
            self.starts.to(device),
            self.bounds.to(device),
            self.weights.to(device),
            self.subjects.to(device),
            self.frames,
        )


def read_motion_capture_files(
    files: Mapping[Path, float], keep: Callable[[int], bool]
) -> MotionCapture | None:
    """Read several files as one.

    Args:
        files: path → relative frequency of the windows; see `read_motion_capture`.
        keep: whether to read a subject.

    Returns:
        The joined files; None if no file has such a subject.

    Raises:
        DiffhpeError: as `read_motion_capture`, or a weight is not positive.
    """
    parts = []
    for path, weight in files.items():
        if not weight > 0:
            raise DiffhpeError(f"data.mocap: the weight of {path} is {weight}; expected above 0")
        part = read_motion_capture(path, keep)
        if len(part.starts):
            parts.append(replace(part, weights=part.weights * weight))
    return reduce(MotionCapture.joined, parts) if parts else None


def read_motion_capture(path: Path, keep: Callable[[int], bool], frames: int = 27) -> MotionCapture:
    """Read a file that `diffhpe data` wrote, without `TELEPORTS`.

    Args:
        path: the file.
        keep: whether to read a subject.
        frames: of a window.

    Raises:
        DiffhpeError: the file is missing or invalid, or a sequence has gaps.
    """
    arrays = read_npz(path, ("positions", "head_forward", "offsets", "subject", "name"))
    bounds = zip(arrays["offsets"], arrays["offsets"][1:], strict=False)
    sequences = [
        (int(first), int(last), int(subject))
        for (first, last), subject, name in zip(
            bounds, arrays["subject"], arrays["name"], strict=False
        )
        if keep(int(subject)) and name not in TELEPORTS and last - first >= frames
    ]
    for first, last, subject in sequences:
        if gaps := np.flatnonzero(
            ~np.isfinite(arrays["positions"][first:last]).all((1, 2))
        ).tolist():
            raise DiffhpeError(
                f"{path}: {len(gaps)} frames of subject {subject} have unknown positions, the first"
                f" is {gaps[0]} of the sequence at {first}; fill the gaps or leave them out"
            )
    counts = torch.tensor(
        [last - first - frames + 1 for first, last, _ in sequences], dtype=torch.int64
    )
    starts = [torch.arange(first, last - frames + 1) for first, last, _ in sequences]
    ends = torch.tensor([(first, last - 1) for first, last, _ in sequences], dtype=torch.int64)
    weights = torch.tensor([SUBJECT_WEIGHTS.get(subject, 1.0) for *_, subject in sequences])
    subjects = torch.tensor([subject for *_, subject in sequences], dtype=torch.int64)
    return MotionCapture(
        positions=torch.from_numpy(arrays["positions"].astype(np.float32)),
        head_forward=torch.from_numpy(arrays["head_forward"].astype(np.float32)),
        starts=torch.cat([torch.empty(0, dtype=torch.int64), *starts]),
        bounds=ends.view(-1, 2).repeat_interleave(counts, 0),
        weights=weights.repeat_interleave(counts, 0),
        subjects=subjects.repeat_interleave(counts, 0),
        frames=frames,
    )

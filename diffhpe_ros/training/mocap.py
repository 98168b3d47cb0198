"""Motion capture as one table of frames, and the windows that can be cut from it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from diffhpe_ros.arrays import read_npz
from diffhpe_ros.skeleton import MIRRORED, NUM_JOINTS

TEST_SUBJECTS = frozenset({2, 7, 12})
VALIDATION_SUBJECTS = frozenset({16, 39})
SEEN_BODY_SUBJECTS = frozenset({903, 905})
HELD_OUT_SUBJECTS = TEST_SUBJECTS | VALIDATION_SUBJECTS | SEEN_BODY_SUBJECTS
"""Subjects of the frozen evaluation files: never trained on."""


@dataclass(frozen=True)
class MotionCapture:
    """Frames of many sequences, one after the other, and where windows may start."""

    positions: Tensor
    """(N, 17, 3) metres, z up."""
    head_forward: Tensor
    """(N, 3), unit vector in which the head faces."""
    starts: Tensor
    """(W,), first frames of all windows that lie within a sequence."""
    bounds: Tensor
    """(W, 2), first and last frame of each window's sequence."""
    frames: int
    """Window length."""

    def windows(self, chosen: Tensor, speed: Tensor) -> tuple[Tensor, Tensor]:
        """Windows of which the motion is faster or slower, or backwards, about the same middle.

        Args:
            chosen: (B,), numbers of windows.
            speed: (B,), 1 as captured, negative backwards; less where the sequence is too short.

        Returns:
            Positions (B, L, 17, 3) and facing directions (B, L, 3).
        """
        half = self.frames // 2
        middle, bounds = self.starts[chosen] + half, self.bounds[chosen]
        room = torch.minimum(middle - bounds[:, 0], bounds[:, 1] - middle) / half
        speed = torch.maximum(torch.minimum(speed, room), -room)
        offset = torch.arange(-half, half + 1, device=speed.device)
        at = middle[:, None] + speed[:, None] * offset
        # A frame at the very end of a sequence has no next one, and needs none.
        before = at.floor().long().clamp(max=len(self.positions) - 2)
        share = (at - before)[..., None]
        facing = torch.lerp(self.head_forward[before], self.head_forward[before + 1], share)
        share = share[..., None]
        return torch.lerp(self.positions[before], self.positions[before + 1], share), facing

    def to(self, device: torch.device | str) -> "MotionCapture":
        """The same on a device."""
        return MotionCapture(
            self.positions.to(device),
            self.head_forward.to(device),
            self.starts.to(device),
            self.bounds.to(device),
            self.frames,
        )


def load_cmu(path: Path, without: Collection[int], frames: int = 27) -> MotionCapture:
    """Read cmu_h36m17_50hz.npz, leaving out some subjects.

    Raises:
        DiffhpeError: the file is missing or is not what it should be.
    """
    arrays = read_npz(path, ("positions", "head_forward", "offsets", "subject"))
    sequences = [
        (int(first), int(last))
        for first, last, subject in zip(
            arrays["offsets"], arrays["offsets"][1:], arrays["subject"], strict=False
        )
        if int(subject) not in without and last - first >= frames
    ]
    starts = [torch.arange(first, last - frames + 1) for first, last in sequences]
    bounds = [
        torch.tensor([first, last - 1]).expand(last - first - frames + 1, 2)
        for first, last in sequences
    ]
    return MotionCapture(
        positions=torch.from_numpy(arrays["positions"].astype(np.float32)),
        head_forward=torch.from_numpy(arrays["head_forward"].astype(np.float32)),
        starts=torch.cat(starts),
        bounds=torch.cat(bounds),
        frames=frames,
    )


def mirror(positions: Tensor, head_forward: Tensor) -> tuple[Tensor, Tensor]:
    """Windows (B, L, 17, 3) of the mirrored body: x changes sign, left and right change places."""
    flip = positions.new_tensor([-1.0, 1.0, 1.0])
    assert positions.shape[-2] == NUM_JOINTS
    return positions[..., list(MIRRORED), :] * flip, head_forward * flip

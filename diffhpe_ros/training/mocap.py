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
    frames: int
    """Window length."""

    def windows(self, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Starts (B,) → positions (B, L, 17, 3) and facing directions (B, L, 3)."""
        index = starts[:, None] + torch.arange(self.frames)
        return self.positions[index], self.head_forward[index]


def load_cmu(path: Path, without: Collection[int], frames: int = 27) -> MotionCapture:
    """Read cmu_h36m17_50hz.npz, leaving out some subjects.

    Raises:
        DiffhpeError: the file is missing or is not what it should be.
    """
    arrays = read_npz(path, ("positions", "head_forward", "offsets", "subject"))
    starts = [
        torch.arange(first, last - frames + 1)
        for first, last, subject in zip(
            arrays["offsets"], arrays["offsets"][1:], arrays["subject"], strict=False
        )
        if int(subject) not in without and last - first >= frames
    ]
    return MotionCapture(
        positions=torch.from_numpy(arrays["positions"].astype(np.float32)),
        head_forward=torch.from_numpy(arrays["head_forward"].astype(np.float32)),
        starts=torch.cat(starts),
        frames=frames,
    )


def mirror(positions: Tensor, head_forward: Tensor) -> tuple[Tensor, Tensor]:
    """Windows (B, L, 17, 3) of the mirrored body: x changes sign, left and right change places."""
    flip = positions.new_tensor([-1.0, 1.0, 1.0])
    assert positions.shape[-2] == NUM_JOINTS
    return positions[..., list(MIRRORED), :] * flip, head_forward * flip

"""The figures of a model on a file of windows with truth, such as the frozen evaluation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.arrays import read_npz
from diffhpe_ros.coherence import segment_std, symmetry_gap
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, lift_all
from diffhpe_ros.metrics import mpjpe, p_mpjpe


@dataclass(frozen=True)
class Windows:
    """Windows with truth."""

    x_2d: NDArray[np.float32]
    """(N, 27, 17, 2), canonical view, 0 where unseen."""
    poses: NDArray[np.float32]
    """(N, 27, 17, 3), root-relative metres in the camera frame."""


@dataclass(frozen=True)
class Figures:
    """What `diffhpe evaluate` prints, in mm."""

    mpjpe_mm: float
    p_mpjpe_mm: float
    symmetry_gap_mm: float
    segment_std_mm: float
    mpjpe_last_frame_mm: float
    windows: int


def read_windows(path: Path) -> Windows:
    """Read a file of arrays x (N,27,17,2) and y (N,27,17,3).

    Raises:
        DiffhpeError: it is missing, damaged, or its arrays do not fit.
    """
    arrays = read_npz(path, ("x", "y"))
    x, y = arrays["x"].astype(np.float32), arrays["y"].astype(np.float32)
    if x.shape[:-1] != y.shape[:-1] or x.shape[-1:] != (2,) or y.shape[-1:] != (3,):
        raise DiffhpeError(
            f"{path}: x must be (N, 27, 17, 2) and y (N, 27, 17, 3), got {x.shape} and {y.shape}"
        )
    return Windows(x, y)


def evaluate(lifter: Lifter, windows: Windows, progress: bool = True) -> Figures:
    """MPJPE, P-MPJPE, symmetry gap (eq. 13) and segment deviation (eq. 14) of a lifter."""
    poses = lift_all(lifter, windows.x_2d, progress)
    return Figures(
        mpjpe_mm=1000 * mpjpe(poses, windows.poses),
        p_mpjpe_mm=1000 * p_mpjpe(poses, windows.poses),
        symmetry_gap_mm=1000 * float(symmetry_gap(poses).mean()),
        segment_std_mm=1000 * float(segment_std(poses).mean()),
        mpjpe_last_frame_mm=1000 * mpjpe(poses[:, -1], windows.poses[:, -1]),
        windows=len(poses),
    )

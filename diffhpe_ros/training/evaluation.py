"""The figures of a model on a file of windows with truth, such as the frozen evaluation."""

from dataclasses import dataclass

from diffhpe_ros.coherence import segment_std, symmetry_gap
from diffhpe_ros.lifting import Lifter, lift_all
from diffhpe_ros.metrics import mpjpe, p_mpjpe
from diffhpe_ros.training.truth import Windows


@dataclass(frozen=True)
class Figures:
    """What `diffhpe evaluate` prints, in mm."""

    mpjpe_mm: float
    p_mpjpe_mm: float
    symmetry_gap_mm: float
    segment_std_mm: float
    mpjpe_last_frame_mm: float
    windows: int


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

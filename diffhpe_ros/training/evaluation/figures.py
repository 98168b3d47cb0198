"""Metrics of a model on labelled windows."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.coherence import RELEASED_PARENTS, bone_lengths, segment_std, symmetry_gap
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, lift_in_batches
from diffhpe_ros.metrics import (
    acceleration_errors,
    best_scale,
    best_similarity,
    joint_errors,
    velocity_errors,
)
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.evaluation import breakdown
from diffhpe_ros.training.evaluation.bootstrap import Interval, intervals_over_sequences
from diffhpe_ros.training.evaluation.breakdown import Breakdown, WindowErrors

PerWindow = dict[str, NDArray[np.float64]]
"""Name of a metric → its value (N,) for each window."""


@dataclass(frozen=True)
class Figures:
    """Metrics of `diffhpe evaluate`: means over windows, mm."""

    mpjpe_mm: float
    p_mpjpe_mm: float
    n_mpjpe_mm: float
    mpjpe_last_frame_mm: float
    velocity_mm_per_frame: float
    acceleration_mm_per_frame2: float
    symmetry_gap_mm: float
    segment_std_mm: float
    bone_bias_mm: float
    further: dict[str, float]
    """Additional metrics, such as `released_coherence`."""
    intervals: dict[str, Interval]
    """95 % bootstrap intervals of the metrics; empty with fewer than two sequences."""
    windows: int
    sequences: int
    """0 if sequences have no names."""
    by_joint: Breakdown
    by_action: Breakdown
    by_angle: Breakdown
    by_distance: Breakdown
    by_frame: Breakdown

    def means(self) -> dict[str, float]:
        """All metrics by name, additional ones last."""
        return {
            name: value for name, value in vars(self).items() if isinstance(value, float)
        } | self.further

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the fields, with the additional metrics among the others."""
        values = asdict(self)
        return values | values.pop("further")


def evaluate(lifter: Lifter, windows: LabelledWindows, progress: bool = True) -> Figures:
    """Lift the windows and measure the poses.

    Raises:
        DiffhpeError: the windows do not fit the model, or one has no visible joint.
    """
    return figures_of(lift_in_batches(lifter, windows.x_2d, progress), windows)


def figures_of(
    poses: NDArray[Any], windows: LabelledWindows, further: Mapping[str, NDArray[Any]] | None = None
) -> Figures:
    """Measure poses.

    Args:
        poses: (N, L, 17, 3), root-relative metres in the camera frame.
        windows: with the true poses.
        further: name → (N,), additional metrics.

    Raises:
        DiffhpeError: poses and truth differ in shape, or a pose is not finite.
    """
    errors = errors_of(poses, windows.poses)
    main = _per_window(poses, windows.poses, errors)
    further = dict(further or {})
    sequences = breakdown.sequences_of(windows)
    return Figures(
        **{name: float(value.mean()) for name, value in main.items()},
        further={name: float(value.mean()) for name, value in further.items()},
        intervals=intervals_over_sequences({**main, **further}, sequences),
        windows=len(windows),
        sequences=len(set(sequences) - {""}),
        by_joint=breakdown.by_joint(errors),
        by_action=breakdown.by_action(errors, windows),
        by_angle=breakdown.by_angle(errors, windows),
        by_distance=breakdown.by_distance(errors, windows),
        by_frame=breakdown.by_frame(errors),
    )


def errors_of(poses: NDArray[Any], truth: NDArray[Any]) -> WindowErrors:
    """The error of each joint (N, L, 17), without and with alignment.

    Raises:
        DiffhpeError: the shapes differ, or a pose is not finite.
    """
    joints = joint_errors(poses, truth)
    unknown = int((~np.isfinite(joints)).reshape(len(joints), -1).any(1).sum())
    if unknown:
        raise DiffhpeError(
            f"the poses of {unknown} of {len(joints)} windows are not finite:"
            " a window without any seen joint cannot be lifted"
        )
    return WindowErrors(joints, joint_errors(best_similarity(poses, truth), truth))


def released_coherence(poses: NDArray[Any]) -> PerWindow:
    """Equations 13 and 14 as in the released code, for comparison with the paper's tables.

    There the parent of both shoulders is Spine, not Thorax, and the deviation divides by L-1.

    Args:
        poses: (N, L, 17, 3) metres.

    Returns:
        name → (N,), mm.
    """
    return {
        "symmetry_gap_released_mm": 1000 * symmetry_gap(poses, RELEASED_PARENTS),
        "segment_std_released_mm": 1000 * segment_std(poses, 1, RELEASED_PARENTS),
    }


def _per_window(poses: NDArray[Any], truth: NDArray[Any], errors: WindowErrors) -> PerWindow:
    """The main figures of each window, mm."""
    metres = {
        "mpjpe_mm": errors.joints.mean((1, 2)),
        "p_mpjpe_mm": errors.aligned.mean((1, 2)),
        "n_mpjpe_mm": joint_errors(best_scale(poses, truth), truth).mean((1, 2)),
        "mpjpe_last_frame_mm": errors.joints[:, -1].mean(1),
        "velocity_mm_per_frame": velocity_errors(poses, truth).mean((1, 2)),
        "acceleration_mm_per_frame2": acceleration_errors(poses, truth).mean((1, 2)),
        "symmetry_gap_mm": symmetry_gap(poses),
        "segment_std_mm": segment_std(poses),
        "bone_bias_mm": (bone_lengths(poses) - bone_lengths(truth)).mean((1, 2)),
    }
    return {name: 1000 * value for name, value in metres.items()}

"""Errors by joint, by action, by position relative to the camera, and by frame of the window."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows

ANGLE_EDGES = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 60, 90)
"""Degrees between the optical axis and the hip."""
DISTANCE_EDGES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20)
"""Metres from the camera to the hip."""


@dataclass(frozen=True)
class WindowErrors:
    """Distance of each joint from its truth, metres."""

    joints: NDArray[np.float64]
    """(N, L, 17)"""
    aligned: NDArray[np.float64]
    """(N, L, 17), after the best similarity transform of each pose."""


@dataclass(frozen=True)
class BreakdownRow:
    """Mean errors of a subset of the poses."""

    mpjpe_mm: float
    p_mpjpe_mm: float
    poses: int
    """Number of poses."""


Breakdown = dict[str, BreakdownRow]
"""Name of a subset → its errors, in the order of printing."""


def by_joint(errors: WindowErrors) -> Breakdown:
    """Each of the 17 joints."""
    poses = errors.joints[..., 0].size
    return {name: _row(errors, np.s_[..., joint], poses) for joint, name in enumerate(JOINTS)}


def by_frame(errors: WindowErrors) -> Breakdown:
    """Each frame of the window, "1" is the oldest; live use shows the last one."""
    windows, frames, _ = errors.joints.shape
    return {str(frame + 1): _row(errors, np.s_[:, frame], windows) for frame in range(frames)}


def by_action(errors: WindowErrors, windows: LabelledWindows) -> Breakdown:
    """Each action, or each sequence if actions are unknown; empty if both are unknown."""
    named = windows.action if (windows.action != "").any() else sequences_of(windows)
    if not (named != "").any():
        return {}
    frames = errors.joints.shape[1]
    return {
        str(name) or "unknown": _row(errors, named == name, frames * int((named == name).sum()))
        for name in dict.fromkeys(named)
    }


def by_angle(errors: WindowErrors, windows: LabelledWindows) -> Breakdown:
    """Bins of the hip's angle from the optical axis; empty where the root is unknown."""

    def degrees(root: NDArray[Any]) -> NDArray[Any]:
        return np.degrees(np.arctan2(np.hypot(root[..., 0], root[..., 1]), root[..., 2]))

    return _binned(errors, windows, degrees, ANGLE_EDGES)


def by_distance(errors: WindowErrors, windows: LabelledWindows) -> Breakdown:
    """Bins of the hip's distance from the camera; empty where the root is unknown."""
    return _binned(errors, windows, lambda root: np.linalg.norm(root, axis=-1), DISTANCE_EDGES)


def sequences_of(windows: LabelledWindows) -> NDArray[np.str_]:
    """(N,) names of sequences, equal in all cameras; "" where unknown."""
    parts = zip(windows.subject, windows.action, windows.sequence, strict=True)
    return np.array(["/".join(filter(None, known)) for known in parts])


def _binned(
    errors: WindowErrors,
    windows: LabelledWindows,
    value: Callable[[NDArray[Any]], NDArray[Any]],
    edges: Sequence[float],
) -> Breakdown:
    """Errors by a value of the root (N, L); empty bins are left out."""
    if windows.root is None:
        return {}
    bins = np.digitize(value(windows.root), edges)
    names = [f"{low}-{high}" for low, high in pairwise(edges)]
    names.append(f"{edges[-1]} and more")
    return {names[k - 1]: _row(errors, bins == k, int((bins == k).sum())) for k in np.unique(bins)}


def _row(errors: WindowErrors, part: Any, poses: int) -> BreakdownRow:
    return BreakdownRow(
        mpjpe_mm=1000 * float(errors.joints[part].mean()),
        p_mpjpe_mm=1000 * float(errors.aligned[part].mean()),
        poses=poses,
    )

"""Fit of a detector's joint convention to detected and true joints."""

import torch
from torch import Tensor

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.training.detector_errors.joints import (
    DETECTED_JOINTS,
    PARTS,
    image_height,
    part_axes,
)
from diffhpe_ros.training.detector_errors.measure import DetectorMeasurements
from diffhpe_ros.training.projection import project

FREE_AXES = {
    "nose": (0, 2),
    "eyes": (0, 2),
    "shoulder": (0, 1, 2),
    "elbow": (0, 2),
    "wrist": (2,),
    "hip": (0, 1, 2),
    "knee": (0, 2),
    "ankle": (2,),
}
"""Free axes (forward, outward, up) of each part: a nose has no sideways offset, and the rotation
of elbows, wrists, knees and ankles about their bones is unknown."""
WEIGHT_FLOOR, ITERATIONS = 0.01, 15


def fit_offsets(measured: DetectorMeasurements) -> Tensor:
    """Offsets (14, 3) of the detected joints, as in `to_detector_joints`."""
    joints, detected, size = tensors_of(measured)
    axes = part_axes(joints, torch.from_numpy(measured.head_forward).double())
    offsets = torch.zeros(len(DETECTED_JOINTS), 3, dtype=torch.float64)
    for part, sides in PARTS.items():
        rows, free = [DETECTED_JOINTS.index(joint) for joint in sides], list(FREE_AXES[part])
        directions = axes[:, :, rows][..., free, :]
        move = _fit_move(joints[:, :, list(sides)], directions, detected[:, :, list(sides)], size)
        for row in rows:
            offsets[row, free] = move
    return offsets.float()


def _fit_move(start: Tensor, directions: Tensor, target: Tensor, size: Tensor) -> Tensor:
    """Offsets (n,) along directions (C, L, j, n, 3) that project to targets (C, L, j, 2).

    Minimises absolute errors relative to the size (C,), by Gauss-Newton with weights 1 / error.
    """
    move = torch.zeros(directions.shape[-2], dtype=torch.float64)
    size = size[:, None, None, None]
    for _ in range(ITERATIONS):
        point = start + (move[:, None] * directions).sum(-2)
        error = (target - project(point)) / size
        slope = _slope(point, directions) / size[..., None]
        known = error.isfinite().all(-1)
        error, slope = error[known], slope[known]
        weight = 1 / (error.norm(dim=-1) + WEIGHT_FLOOR)
        normal = torch.einsum("nif,nig,n->fg", slope, slope, weight)
        move += torch.linalg.solve(normal, torch.einsum("nif,ni,n->f", slope, error, weight))
    return move


def _slope(point: Tensor, directions: Tensor) -> Tensor:
    """Derivative (..., 2, n) of projected points (..., 3) along directions (..., n, 3)."""
    across = (
        CANONICAL_FOCAL * directions[..., :2] - project(point)[..., None, :] * directions[..., 2:]
    )
    return (across / point[..., None, 2:]).transpose(-1, -2)


def tensors_of(measured: DetectorMeasurements) -> tuple[Tensor, Tensor, Tensor]:
    """Joints (C, L, 17, 3), detected joints (C, L, 17, 2) and the people's sizes (C,)."""
    joints = torch.from_numpy(measured.joints).double()
    return joints, torch.from_numpy(measured.detected).double(), image_height(project(joints))

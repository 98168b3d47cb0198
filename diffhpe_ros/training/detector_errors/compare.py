"""Errors of detected joints relative to true joints in the detector's convention."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.skeleton import MIRRORED
from diffhpe_ros.training.detector_errors.joints import DETECTED_JOINTS, LIMBS, to_detector_joints
from diffhpe_ros.training.detector_errors.measure import DetectorMeasurements
from diffhpe_ros.training.detector_errors.offsets import tensors_of
from diffhpe_ros.training.projection import project

Array = NDArray[np.float64]

THRESHOLD = 0.5  # of the detector's confidence
APART, SWAPPED = 0.1, 0.5  # relative to the size; ratio of the errors with and without a swap


@dataclass(frozen=True)
class DetectorErrors:
    """Errors of C clips of L frames at `DETECTED_JOINTS`, as shares of the person's size."""

    offset: Array
    """(C, L, 14, 2) detected - true, with swapped sides corrected; NaN where unknown."""
    unseen: NDArray[np.bool_]
    """(C, L, 14) detected with a confidence under the threshold."""
    swapped: NDArray[np.bool_]
    """(C, L, 2) whether left and right are swapped, for each of `LIMBS`."""
    apart: NDArray[np.bool_]
    """(C, L, 2) whether left and right are far enough apart to detect a swap."""


def relative_errors(measured: DetectorMeasurements, offsets: Tensor) -> DetectorErrors:
    """The errors of detected joints, given the offsets (14, 3) of `fit_offsets`."""
    joints, found_joints, size = tensors_of(measured)
    facing = torch.from_numpy(measured.head_forward).double()
    true_joints = project(to_detector_joints(joints, facing, offsets.double()))
    unit = size[:, None, None, None]
    true, detected = (true_joints / unit).numpy(), (found_joints / unit).numpy()
    swapped, apart = _swaps(true, detected)
    straight = detected.copy()
    for limb, sides in enumerate(LIMBS.values()):
        for joint in sides:
            exchanged = swapped[..., limb]
            straight[exchanged, joint] = detected[exchanged, MIRRORED[joint]]
    unseen = (measured.confidence < THRESHOLD) & np.isfinite(detected).all(-1)
    found = list(DETECTED_JOINTS)
    return DetectorErrors((straight - true)[:, :, found], unseen[:, :, found], swapped, apart)


def _swaps(true: Array, detected: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether `LIMBS` are swapped, and whether a swap could be detected, (C, L, 2)."""
    swapped, apart = [], []
    for sides in LIMBS.values():
        joints, others = list(sides), [MIRRORED[joint] for joint in sides]
        own, other = (
            np.linalg.norm(detected[:, :, each] - true[:, :, joints], axis=-1).mean(-1)
            for each in (joints, others)
        )
        gap = np.linalg.norm(true[:, :, joints] - true[:, :, others], axis=-1).mean(-1)
        apart.append((gap > APART) & np.isfinite(own))
        swapped.append(apart[-1] & (other < SWAPPED * own))
    return np.stack(swapped, -1), np.stack(apart, -1)

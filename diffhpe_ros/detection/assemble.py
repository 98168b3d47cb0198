"""From a detector's own joints to the 17 joints: the last step of every backend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People
from diffhpe_ros.skeleton import LAYOUTS, to_h36m17


@dataclass(frozen=True, eq=False)
class Joints:
    """One person's joints in the detector's own skeleton of K joints."""

    keypoints: NDArray[Any]
    """(K, 2) pixels of the image; may lie outside it."""
    confidence: NDArray[Any]
    """(K,) in 0..1."""
    covariance: NDArray[Any]
    """(K, 2, 2) pixels squared, NaN where unknown."""
    world_landmarks: NDArray[Any] | None = None
    """(K, 3), see `People.world_landmarks`; None where the detector gives none."""


def to_people(
    persons: Sequence[Joints], layout: str, width: int, height: int, min_confidence: float
) -> People:
    """Map the joints of each person to the 17 joints.

    A joint outside the image is only a guess of the network, so it counts as unseen whatever its
    confidence. A person with no joint seen is left out.

    Args:
        persons: joints in `layout`.
        layout: a key of `skeleton.LAYOUTS`.
        width: pixels of the image.
        height: pixels of the image.
        min_confidence: joints below it count as unseen.
    """
    if not persons:
        return People.empty()
    keypoints = np.stack([person.keypoints for person in persons])
    confidence = np.stack([person.confidence for person in persons]).clip(0, 1)
    inside = ((keypoints >= 0) & (keypoints < (width, height))).all(-1)
    confidence = np.where(inside & (confidence >= min_confidence), confidence, 0.0)
    mapped, confidence_17 = to_h36m17(keypoints, confidence, layout)
    covariance = _map_covariance(np.stack([person.covariance for person in persons]), layout)
    covariance[confidence_17 == 0] = np.nan
    has_joints = np.asarray((confidence_17 > 0).any(-1))
    return People(
        mapped[has_joints],
        confidence_17[has_joints],
        covariance[has_joints],
        _map_world_landmarks(persons, layout, has_joints),
    )


def _map_world_landmarks(
    persons: Sequence[Joints], layout: str, chosen: NDArray[np.bool_]
) -> NDArray[np.float32] | None:
    """World landmarks (P, 17, 3) of the chosen persons; None if the detector gives none."""
    each = [person.world_landmarks for person in persons]
    given = [points for points in each if points is not None]
    if len(given) < len(each):
        return None
    return (LAYOUTS[layout] @ np.stack(given)).astype(np.float32)[chosen]


def _map_covariance(covariance: NDArray[Any], layout: str) -> NDArray[np.float32]:
    """Covariance (P, 17, 2, 2), the errors of the source joints taken as independent."""
    weights = LAYOUTS[layout] ** 2
    known = np.isfinite(covariance).all((-1, -2))
    mapped = np.einsum("jk,pkab->pjab", weights, np.where(known[..., None, None], covariance, 0.0))
    lacking = (~known[:, None, :] & (weights > 0)).any(-1)
    return np.where(lacking[..., None, None], np.nan, mapped).astype(np.float32)

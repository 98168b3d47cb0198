"""The colours of people's clothes in an image."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.pose_distance import pose_distances, pose_sizes
from diffhpe_ros.skeleton import PARENTS

_RIGHT_LEG, _LEFT_LEG = (1, 2, 3), (4, 5, 6)
_SHOULDERS, _HIPS = (11, 14), (4, 1)
_ACROSS, _DOWN = np.linspace(0.2, 0.8, 4), np.linspace(0.15, 0.85, 6)
_THIGH, _SHANK = np.linspace(0.3, 0.9, 5), np.linspace(0.1, 0.6, 4)
"""Positions of the sampled pixels, as shares of the distance between joints."""
_LEAST_CONFIDENCE = 0.5
_LEAST_PIXELS = 8
_LIMB = 0.07
"""In sizes of the person: pixels nearer than this to their bones show them."""
_BESIDE = 0.6
"""In sizes of the person: people farther away than this hide nothing."""


def clothes_colours(
    keypoints: NDArray[Any],
    confidence: NDArray[Any],
    image_bgr: NDArray[np.uint8],
    first: int | None = None,
) -> NDArray[np.float64]:
    """The colours of people's clothes in an image, CIE Lab of torso and legs.

    Pixels on another person's limbs are not used: one person may hide the other.

    Args:
        keypoints: (P, 17, 2) pixels, NaN where unseen.
        confidence: (P, 17) in 0..1.
        image_bgr: (H, W, 3).
        first: only for the first people, this many; None: for all.

    Returns:
        (first, 2, 3), NaN where too little of the clothes is visible.
    """
    sure = confidence[:first] >= _LEAST_CONFIDENCE
    joints = np.where(sure[..., None], keypoints[:first], np.nan)
    apart = pose_distances(keypoints[:first], keypoints)
    np.fill_diagonal(apart, np.inf)
    crowded = bool((apart < _BESIDE).any())
    colours = []
    for points in (_torso(joints), _legs(joints)):
        seen = ~_covered(points, keypoints)[..., None] if crowded else True
        colours.append(_median_colours(image_bgr, np.where(seen, points, np.nan)))
    return np.stack(colours, 1)


def _covered(points: NDArray[Any], keypoints: NDArray[Any]) -> NDArray[np.bool_]:
    """(F, n) whether points (F, n, 2) of the first people lie on the limbs of others.

    Args:
        points: points on their clothes.
        keypoints: (P, 17, 2) keypoints of all people.
    """
    starts = keypoints[:, PARENTS[1:]]
    bones = keypoints[:, 1:] - starts
    from_start = points[:, :, None, None] - starts  # (F, n, P, 16, 2)
    squared = np.maximum((bones**2).sum(-1), 1e-9)
    along = ((from_start * bones).sum(-1) / squared).clip(0, 1)
    away = np.linalg.norm(from_start - along[..., None] * bones, axis=-1)
    near = (away < _LIMB * pose_sizes(keypoints)[:, None]).any(-1)  # false where NaN
    people = np.arange(len(points))
    near[people, :, people] = False
    return np.asarray(near.any(-1))


def _torso(keypoints: NDArray[Any]) -> NDArray[Any]:
    """Points (P, n, 2) between shoulders and hips."""
    shoulders, hips = keypoints[:, _SHOULDERS], keypoints[:, _HIPS]
    sides = shoulders[:, None] + _DOWN[:, None, None] * (hips - shoulders)[:, None]
    left, right = sides[:, :, None, 0], sides[:, :, None, 1]
    return np.asarray(left + _ACROSS[:, None] * (right - left)).reshape(len(keypoints), -1, 2)


def _legs(keypoints: NDArray[Any]) -> NDArray[Any]:
    """Points (P, n, 2) on thighs and shanks."""
    points = []
    for hip, knee, ankle in (_RIGHT_LEG, _LEFT_LEG):
        for start, end, shares in ((hip, knee, _THIGH), (knee, ankle, _SHANK)):
            along = (keypoints[:, end] - keypoints[:, start])[:, None]
            points.append(keypoints[:, start, None] + shares[:, None] * along)
    return np.concatenate(points, 1)


def _median_colours(image_bgr: NDArray[np.uint8], points: NDArray[Any]) -> NDArray[np.float64]:
    """CIE Lab (P, 3) of points (P, n, 2), NaN where too few of them are known and in the image."""
    height, width = image_bgr.shape[:2]
    with np.errstate(invalid="ignore"):
        inside = np.asarray(((points >= 0) & (points < (width, height))).all(-1))
    x, y = np.where(inside[..., None], points, 0).astype(np.intp).transpose(2, 0, 1)
    colours = cv2.cvtColor(image_bgr[y, x].astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    enough = inside.sum(1) >= _LEAST_PIXELS
    medians = np.full((len(points), 3), np.nan)
    for row in np.flatnonzero(enough):
        medians[row] = np.median(colours[row, inside[row]], axis=0)
    return medians

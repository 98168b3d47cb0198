"""The looks of people found by BlazePose, which keep people side by side apart."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.blazepose.landmarks import NUM_BODY, Landmarks
from diffhpe_ros.reidentification import clothes_colours
from diffhpe_ros.skeleton import LAYOUTS, PARENTS

_GREY = (128, 128, 128)
_TRUNK, _LIMB = 0.09, 0.05
"""Thickness of the trunk, and of arms, legs and head, as a fraction of the region's size."""
_TRUNK_JOINTS = (1, 4, 7, 8, 11, 14)
_HEAD = 10
_FARTHEST = 30000
"""Largest coordinate in pixels that OpenCV can draw."""


def colours_of(
    person: Landmarks, others: Sequence[Landmarks], image_bgr: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Colours (2, 3) of a person's clothes where others do not hide them: `clothes_colours`."""
    people = [person, *others]
    confidence = np.stack([(each.visibility * each.presence)[:NUM_BODY] for each in people])
    # A mapped joint is only as sure as the least sure joint that it is made of.
    weights = LAYOUTS["blazepose33"] > 0
    least = np.where(weights, confidence[:, None], 1.0).min(-1)
    joints = np.stack([_joints(each) for each in people])
    return clothes_colours(joints, least, image_bgr, first=1)[0]


def paint_over(image_bgr: NDArray[np.uint8], people: Sequence[Landmarks]) -> NDArray[np.uint8]:
    """A copy of an image (H, W, 3) with some people painted over, so a network sees the others."""
    image = image_bgr.copy()
    for person in people:
        region, points = person.next_region(), _joints(person)
        if region is None or not np.isfinite(points).all():
            continue
        joints = points.clip(-_FARTHEST, _FARTHEST).round().astype(int).tolist()
        for joint, parent in enumerate(PARENTS[1:], 1):
            part = _TRUNK if joint in _TRUNK_JOINTS else _LIMB
            thickness = max(1, round(part * region.size))
            cv2.line(image, joints[joint], joints[parent], _GREY, thickness)
        cv2.circle(image, joints[_HEAD], round(_LIMB * region.size), _GREY, cv2.FILLED)
    return image


def _joints(person: Landmarks) -> NDArray[Any]:
    """The 17 joints, (17, 2) pixels."""
    return np.asarray(LAYOUTS["blazepose33"] @ person.points[:NUM_BODY])

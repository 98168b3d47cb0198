"""What colours people wear: by them those are known again who were out of view."""

from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People
from diffhpe_ros.pose_distance import pose_distances

PARTS = 2
"""Torso and legs."""
_RIGHT_LEG, _LEFT_LEG = (1, 2, 3), (4, 5, 6)
_SHOULDERS, _HIPS = (11, 14), (4, 1)
_ACROSS, _DOWN = np.linspace(0.2, 0.8, 4), np.linspace(0.15, 0.85, 6)
_THIGH, _SHANK = np.linspace(0.3, 0.9, 5), np.linspace(0.1, 0.6, 4)
"""Shares of the way between joints at which pixels are looked at."""
_LEAST_CONFIDENCE = 0.5
_LEAST_PIXELS = 8
_CROWDED = 0.35
"""In sizes of the person."""


def see_clothes(people: People, image_bgr: NDArray[np.uint8]) -> People:
    """The people with the colours of their clothes in an image (H, W, 3).

    Those of people so near each other that one may hide the other are unseen.
    """
    if not len(people):
        return people
    apart = pose_distances(people.keypoints, people.keypoints)
    np.fill_diagonal(apart, np.inf)
    crowded = (apart < _CROWDED).any(1)
    sure = people.confidence >= _LEAST_CONFIDENCE
    keypoints = np.where(sure[..., None], people.keypoints, np.nan)
    parts = [_torso(keypoints), _legs(keypoints)]
    colours = np.stack([_median_colours(image_bgr, points) for points in parts], 1)
    colours[crowded] = np.nan
    return replace(people, clothes=colours.astype(np.float32))


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


@dataclass
class Clothes:
    """Colours that somebody was seen with, averaged."""

    most_images: int = 100
    """A mean counts as one of no more: light and clothes change."""

    mean: NDArray[np.float64] = field(default_factory=lambda: np.full((PARTS, 3), np.nan))
    """(2, 3) CIE Lab of torso and legs, NaN where not seen yet."""
    images: NDArray[np.int64] = field(default_factory=lambda: np.zeros(PARTS, np.int64))
    """(2,) that have shown them."""

    def see(self, colours: NDArray[Any]) -> None:
        """Take note of `People.clothes` (2, 3) in one more image."""
        seen = np.isfinite(colours).all(-1)
        self.images = np.minimum(self.images + seen, self.most_images)
        new = (colours - np.nan_to_num(self.mean)) / np.maximum(self.images, 1)[:, None]
        self.mean = np.where(seen[:, None], np.nan_to_num(self.mean) + new, self.mean)

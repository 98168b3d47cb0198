"""BlazePose's first network: finds where in an image people are, and how they are rotated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.blazepose.letterbox import Letterbox
from diffhpe_ros.detection.blazepose.network import Network, sigmoid
from diffhpe_ros.detection.boxes import overlaps

VIEW_SIZE = 224
"""Pixels along a side of the network's input."""
_LAYERS = ((8, 2), (16, 2), (32, 6))
"""(stride in pixels, anchors per cell) of the network's output."""
_CANDIDATES = sum((VIEW_SIZE // stride) ** 2 * per_cell for stride, per_cell in _LAYERS)
_OFFSETS, _LOGITS = (1, _CANDIDATES, 12), (1, _CANDIDATES, 1)
REGION_OUTPUTS = (_OFFSETS, _LOGITS)
"""Shapes of the outputs that are read."""
_HIPS, _ENVELOPE = 0, 1
"""Keypoints of a candidate: the middle of the hips, and a point on the circle around the body."""
_OVERLAP = 0.3
_MARGIN = 1.25
ENVELOPE_PER_SIZE = 1 / (2 * _MARGIN)
"""Distance from the hips to the circle around the body, in sizes of the region."""
_SAME_PLACE, _SAME_SIZE = 0.1, 1.5
"""Regions of one person are nearer than this share of their size (25 cm for people side by side),
and their sizes differ by less than this factor."""


@dataclass(frozen=True, eq=False)
class Region:
    """A rotated square of the image, in which a person stands upright."""

    centre: NDArray[np.float64]
    """(2,) pixels."""
    size: float
    """Pixels along a side."""
    rotation: float
    """Radians, from x towards y; 0 for a person upright in the image."""

    @classmethod
    def around(cls, hips: NDArray[Any], envelope: NDArray[Any]) -> "Region | None":
        """A person's region from two points (2,); None where they do not give one.

        Args:
            hips: the middle of the hips, pixels.
            envelope: the point above the head, on the circle around the hips that the body fits
                into.
        """
        x, y = np.asarray(envelope, np.float64) - hips
        size = 2 * _MARGIN * math.hypot(x, y)
        if not (math.isfinite(size) and size >= 1):
            return None
        return cls(np.asarray(hips, np.float64), size, math.pi / 2 - math.atan2(-y, x))

    @classmethod
    def from_numbers(cls, numbers: Sequence[float]) -> "Region":
        """Rebuild a region from its four `numbers`."""
        x, y, size, rotation = numbers
        return cls(np.array([x, y]), size, rotation)

    @property
    def numbers(self) -> list[float]:
        """x, y, size and rotation."""
        return [*map(float, self.centre), float(self.size), float(self.rotation)]

    def to_image(self, crop: int) -> NDArray[np.float64]:
        """The affine map (2, 3) from a crop of this region, `crop` pixels wide, to the image.

        Pixel centres are at whole numbers and no half pixel is added, as in mediapipe: the
        networks were trained with crops made this way.
        """
        cosine, sine = math.cos(self.rotation), math.sin(self.rotation)
        turn = np.array([[cosine, -sine], [sine, cosine]]) * self.size / crop
        return np.column_stack([turn, self.centre - turn @ (crop / 2, crop / 2)])

    def same_as(self, other: "Region") -> bool:
        """Whether both are regions of one person."""
        apart = math.dist(self.centre, other.centre)
        ratio = max(self.size, other.size) / min(self.size, other.size)
        return apart < _SAME_PLACE * max(self.size, other.size) and ratio < _SAME_SIZE


@cache
def anchors() -> NDArray[np.float32]:
    """Centres (2254, 2) in 0..1 of the cells that the network's offsets refer to."""
    layers = []
    for stride, per_cell in _LAYERS:
        cells = (np.arange(VIEW_SIZE // stride) + 0.5) / (VIEW_SIZE // stride)
        x, y = np.meshgrid(cells, cells)
        layers.append(np.repeat(np.stack([x, y], -1).reshape(-1, 2), per_cell, axis=0))
    return np.concatenate(layers).astype(np.float32)


def merge_candidates(
    boxes: NDArray[Any], keypoints: NDArray[Any], scores: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weighted non-maximum suppression: overlapping candidates are averaged by their scores.

    Args:
        boxes: (N, 4) centre x, centre y, width, height.
        keypoints: (N, K, 2).
        scores: (N,).

    Returns:
        Keypoints (M, K, 2) and scores (M,) of M people, the surest first.
    """
    middles, sides = boxes[:, :2], boxes[:, 2:]
    corners = np.concatenate([middles - sides / 2, middles + sides / 2], -1)
    left = np.argsort(-scores, kind="stable")
    merged = []
    while left.size:
        best = left[0]
        same = overlaps(corners[best], corners[left]) > _OVERLAP
        same[0] = True  # even a box with zero area
        group, left = left[same], left[~same]
        merged.append((np.average(keypoints[group], axis=0, weights=scores[group]), scores[best]))
    if not merged:
        return keypoints[:0], scores[:0]
    people, best_scores = zip(*merged, strict=True)
    return np.stack(people), np.stack(best_scores)


class RegionFinder:
    """Runs the person detection network and reads its `REGION_OUTPUTS`."""

    def __init__(self, network: Network, threshold: float) -> None:
        self._network = network
        self._threshold = threshold

    def find(self, view: Letterbox) -> list[Region]:
        """Regions of the people in a part of an image, the largest and surest first.

        Args:
            view: the part, `VIEW_SIZE` pixels wide. The regions are in pixels of the image.
        """
        rgb = cv2.cvtColor(view.image, cv2.COLOR_BGR2RGB)
        outputs = self._network(np.divide(rgb, 127.5, dtype=np.float32) - 1)
        keypoints, scores = self._decode(outputs[_OFFSETS][0], outputs[_LOGITS][0, :, 0])
        pixels = view.to_image(keypoints * VIEW_SIZE)
        weighed = [
            (region.size * score, region)
            for person, score in zip(pixels, scores, strict=True)
            if (region := Region.around(person[_HIPS], person[_ENVELOPE])) is not None
        ]
        return [region for _, region in sorted(weighed, key=lambda each: -each[0])]

    def _decode(
        self, values: NDArray[np.float32], logits: NDArray[np.float32]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """People's keypoints (M, 4, 2) in 0..1 of the letterbox, and their scores (M,)."""
        scores = sigmoid(logits)
        sure = scores >= self._threshold
        origin, offsets = anchors()[sure], values[sure] / VIEW_SIZE
        boxes = np.concatenate([offsets[:, :2] + origin, offsets[:, 2:4]], axis=-1)
        keypoints = offsets[:, 4:].reshape(-1, 4, 2) + origin[:, None]
        return merge_candidates(boxes, keypoints, scores[sure])

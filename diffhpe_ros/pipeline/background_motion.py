"""Detects from the background of its images whether a camera moves; it does not estimate how.

Corners outside the people are followed from image to image, about ten times a second, in a small
copy of the image. Most of them move only if the camera moves.
"""

from collections import deque
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera

MOVING_DEG_S = 8.0
"""Faster background motion counts: at 15 degrees a second poses are 3 mm worse."""

_WIDTH = 160
_EVERY_NS, _GAP_NS = 90_000_000, 500_000_000
"""Least time between two comparisons; after a longer gap images are not compared."""
_CORNERS, _FEWEST, _APART = 60, 12, 6
_QUALITY = 0.02
_AROUND_PEOPLE = 0.25
"""Share of its size by which a box around the joints is enlarged, for clothes, hair and shadows."""
_MOST = 0.6
"""Share of the corners that must move."""
_LOOKS, _MOVED = 8, 5
"""Number of last comparisons, and how many of them must show motion. A bump against the camera is
shorter than half a second."""
_WINDOW, _LEVELS = (11, 11), 3
"""Window and pyramid levels of the Lucas-Kanade optical flow."""


class BackgroundMotion:
    """Watches the background of one camera's images."""

    def __init__(self) -> None:
        """Start without images."""
        self._stamp_ns: int | None = None
        self._small: NDArray[np.uint8] | None = None
        self._corners: NDArray[np.float32] | None = None
        self._speeds: deque[float] = deque(maxlen=_LOOKS)

    @property
    def deg_s(self) -> float | None:
        """Median speed of the last comparisons, degrees a second; None while it is unknown."""
        known = [speed for speed in self._speeds if np.isfinite(speed)]
        return float(np.median(known)) if len(known) >= _MOVED else None

    @property
    def is_moving(self) -> bool:
        """Whether the camera has moved for half a second."""
        return sum(speed > MOVING_DEG_S for speed in self._speeds) >= _MOVED

    def update(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        keypoints: NDArray[Any],
        stamp_ns: int,
    ) -> None:
        """Compare the next image with the last one, if it is due.

        Args:
            image: (H, W, 3) BGR.
            camera: the camera that took it.
            keypoints: (P, 17, 2) pixels of the people in it, NaN where unseen.
            stamp_ns: its time.
        """
        passed = None if self._stamp_ns is None else stamp_ns - self._stamp_ns
        if passed is not None and 0 <= passed < _EVERY_NS:
            return
        step = max(1, round(image.shape[1] / _WIDTH))
        small = np.ascontiguousarray(image[step // 2 :: step, step // 2 :: step, 1])
        boxes = _boxes(keypoints) / step
        if passed is None or not 0 < passed <= _GAP_NS:
            self._speeds.clear()
        elif self._small is not None and self._small.shape == small.shape:
            pixels = self._moved(small, boxes)
            focal = float(camera.matrix[0, 0]) / step
            self._speeds.append(float(np.degrees(pixels / focal)) / (passed / 1e9))
        self._stamp_ns, self._small = stamp_ns, small
        self._corners = _corners(small, boxes)

    def _moved(self, small: NDArray[np.uint8], boxes: NDArray[np.float64]) -> float:
        """Pixels that most corners have moved at least; NaN if too few are seen."""
        assert self._small is not None
        if self._corners is None:
            return np.nan
        before = self._corners[:, None]
        found, status, _ = cv2.calcOpticalFlowPyrLK(
            self._small, small, before, before.copy(), winSize=_WINDOW, maxLevel=_LEVELS
        )
        there = np.asarray(found[:, 0], np.float32)
        seen = (status[:, 0] == 1) & ~_inside(there, boxes)
        if seen.sum() < _FEWEST:
            return np.nan
        ways = np.linalg.norm(there[seen] - self._corners[seen], axis=-1)
        return float(np.percentile(ways, 100 * (1 - _MOST)))


def _corners(small: NDArray[np.uint8], boxes: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """(N, 2) corners outside the boxes; None if there are too few."""
    mask = np.full(small.shape, 255, np.uint8)
    for left, top, right, bottom in np.rint(boxes).astype(int).clip(0):
        mask[top : bottom + 1, left : right + 1] = 0
    found = cv2.goodFeaturesToTrack(small, _CORNERS, _QUALITY, _APART, mask=mask)
    if found is None or len(found) < _FEWEST:
        return None
    return np.asarray(found[:, 0], np.float32)


def _boxes(keypoints: NDArray[Any]) -> NDArray[np.float64]:
    """(P, 4) left, top, right, bottom of enlarged boxes around the seen joints."""
    seen = keypoints[np.isfinite(keypoints).all(-1).any(-1)].astype(np.float64)
    if not len(seen):
        return np.zeros((0, 4))
    low, high = np.nanmin(seen, 1), np.nanmax(seen, 1)
    more = _AROUND_PEOPLE * (high - low).max(-1, keepdims=True)
    return np.concatenate([low - more, high + more], -1)


def _inside(points: NDArray[np.float32], boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) whether each point (N, 2) is in one of the boxes (P, 4)."""
    x, y = points[:, None].transpose(2, 0, 1)
    left, top, right, bottom = boxes.T
    return np.asarray(((x > left) & (x < right) & (y > top) & (y < bottom)).any(-1))

"""2D joints over an image."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.drawing.style import COLOURS, WHITE, Image, disc, line
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import BONES, NUM_JOINTS


def draw_keypoints(
    image: Image, keypoints: NDArray[Any], confidence: NDArray[Any] | None = None
) -> Image:
    """Draw one person's bones and joints: left blue, right orange, fainter if less certain.

    Args:
        image: (H, W, 3) BGR, not changed.
        keypoints: (17, 2) pixels, NaN where unseen.
        confidence: (17,) in 0..1; without it, all joints are drawn as certain.

    Returns:
        A new image.

    Raises:
        DiffhpeError: the arrays have other shapes.
    """
    if confidence is None:
        confidence = np.ones(NUM_JOINTS)
    if keypoints.shape != (NUM_JOINTS, 2) or confidence.shape != (NUM_JOINTS,):
        raise DiffhpeError(
            "drawing expects keypoints (17, 2) and confidence (17,),"
            f" got {keypoints.shape} and {confidence.shape}"
        )
    result = image.copy()
    seen = np.isfinite(keypoints).all(1)
    width = max(2, round(image.shape[0] / 170))
    window = _window(keypoints[seen], image, margin=4 * width)
    if window is None:
        return result
    patch = result[window]
    points = keypoints - [window[1].start, window[0].start]
    drawn, weight = patch.copy(), np.zeros(patch.shape[:2], np.uint8)
    strength = 60 + 195 * np.clip(np.nan_to_num(confidence), 0, 1)
    for parent, child in BONES:
        if seen[parent] and seen[child]:
            value = int(min(strength[parent], strength[child]))
            line(drawn, points[parent], points[child], COLOURS[child], width)
            line(weight, points[parent], points[child], value, width)
    for joint in np.flatnonzero(seen):
        disc(drawn, points[joint], 1.3 * width, WHITE)
        disc(drawn, points[joint], 0.9 * width, COLOURS[joint])
        disc(weight, points[joint], 1.3 * width, int(strength[joint]))
    share = weight[..., None].astype(np.float32) / 255
    patch[:] = patch + share * (drawn.astype(np.float32) - patch) + 0.5
    return result


def _window(points: NDArray[Any], image: Image, margin: int) -> tuple[slice, slice] | None:
    """Rows and columns of the image around some points (N, 2); None if there are none."""
    if not len(points):
        return None
    size = np.array(image.shape[1::-1])
    low = np.clip(points.min(0) - margin, 0, size).astype(int)
    high = np.clip(points.max(0) + margin + 1, 0, size).astype(int)
    if (low >= high).any():
        return None
    return slice(low[1], high[1]), slice(low[0], high[0])

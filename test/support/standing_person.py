"""A person with known joints, and a camera's view of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL

# 1.7 m tall, upright, arms a little away, facing the camera (y points down).
STANDING = np.array(
    [
        [0, 0, 0], [-0.13, 0, 0], [-0.14, 0.45, 0.03], [-0.15, 0.88, 0.1],
        [0.13, 0, 0], [0.14, 0.45, 0.03], [0.15, 0.88, 0.1],
        [0, -0.25, 0], [0, -0.5, 0.02], [0, -0.6, -0.06], [0, -0.7, 0],
        [0.18, -0.48, 0], [0.35, -0.3, 0.02], [0.4, -0.08, -0.05],
        [-0.18, -0.48, 0], [-0.35, -0.3, 0.02], [-0.4, -0.08, -0.05],
    ]
)  # fmt: skip
WINDOW = np.tile(STANDING, (27, 1, 1))
SURE = np.ones((27, 17))
TIMES_S = np.arange(27) / 50


def look(pose: NDArray[Any], root: Any) -> NDArray[np.float64]:
    """The pose (..., 17, 3) at the root (..., 3) in the canonical view."""
    points = pose + np.asarray(root)[..., None, :]
    return np.asarray(CANONICAL_FOCAL * points[..., :2] / points[..., 2:])

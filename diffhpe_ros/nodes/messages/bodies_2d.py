"""Messages of a body in the image: its region and its 2D skeleton, as ROS4HRI defines them."""

from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.nodes.messages.header import make_header

SKELETON_2D = MappingProxyType(
    {
        "NOSE": 9, "NECK": 8,
        "RIGHT_SHOULDER": 14, "RIGHT_ELBOW": 15, "RIGHT_WRIST": 16,
        "LEFT_SHOULDER": 11, "LEFT_ELBOW": 12, "LEFT_WRIST": 13,
        "RIGHT_HIP": 1, "RIGHT_KNEE": 2, "RIGHT_ANKLE": 3,
        "LEFT_HIP": 4, "LEFT_KNEE": 5, "LEFT_ANKLE": 6,
    }
)  # fmt: skip
"""Point of hri_msgs/Skeleton2D → joint. Eyes and ears have no joint: their confidence is 0."""
_POINTS = 18
_MARGIN = 0.1


def region(keypoints: NDArray[Any], width: int, height: int) -> tuple[int, int, int, int] | None:
    """A body's box in the image: x from, y from, x to and y to in pixels.

    Args:
        keypoints: (17, 2) pixels, NaN where unseen.
        width: width of the image.
        height: height of the image.

    Returns:
        The box of the seen joints with a margin of a tenth of its size, cut to the image; None if
        it is outside the image.
    """
    seen = keypoints[np.isfinite(keypoints).all(-1)].astype(np.float64)
    if not len(seen):
        return None
    low, high = seen.min(0), seen.max(0)
    margin = _MARGIN * (high - low).max()
    x0, y0 = np.floor(np.maximum(low - margin, 0)).astype(int).tolist()
    x1, y1 = np.ceil(np.minimum(high + margin, [width, height])).astype(int).tolist()
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def pack_region(
    messages: Any, frame_id: str, stamp_ns: int, box: tuple[int, int, int, int],
    size: tuple[int, int], confidence: float,
) -> Any:  # fmt: skip
    """A NormalizedRegionOfInterest2D.

    Args:
        messages: the module `hri_msgs.msg`.
        frame_id: frame_id of the camera.
        stamp_ns: stamp of the image.
        box: x from, y from, x to, y to in pixels.
        size: width and height of the image.
        confidence: in 0..1.
    """
    (x0, y0, x1, y1), (width, height) = box, size
    return messages.NormalizedRegionOfInterest2D(
        header=make_header(frame_id, stamp_ns), xmin=x0 / width, ymin=y0 / height,
        xmax=x1 / width, ymax=y1 / height, c=confidence,
    )  # fmt: skip


def pack_skeleton_2d(
    messages: Any, frame_id: str, stamp_ns: int, keypoints: NDArray[Any],
    confidence: NDArray[Any], size: tuple[int, int],
) -> Any:  # fmt: skip
    """A Skeleton2D of keypoints (17, 2) in pixels and confidence (17,); others as above.

    Points that were not seen, or lie outside the image, have the confidence 0.
    """
    points = [messages.NormalizedPointOfInterest2D() for _ in range(_POINTS)]
    places = keypoints.astype(np.float64) / size
    for name, joint in SKELETON_2D.items():
        x, y = places[joint].tolist()
        if 0 <= x <= 1 and 0 <= y <= 1:  # false for NaN
            point = points[getattr(messages.Skeleton2D, name)]
            point.x, point.y, point.c = x, y, float(confidence[joint])
    return messages.Skeleton2D(header=make_header(frame_id, stamp_ns), skeleton=points)

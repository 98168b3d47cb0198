"""The Human3.6M skeleton of 17 joints, and the maps to it from the detectors' skeletons."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

JOINTS = (
    "Hip", "RHip", "RKnee", "RFoot", "LHip", "LKnee", "LFoot", "Spine", "Thorax",
    "Neck/Nose", "Head", "LShoulder", "LElbow", "LWrist", "RShoulder", "RElbow", "RWrist",
)  # fmt: skip
PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
NUM_JOINTS = len(JOINTS)
HIP, SPINE, THORAX = 0, 7, 8

BONES = tuple((parent, child) for child, parent in enumerate(PARENTS) if parent >= 0)
"""(parent, child) of the 16 bones; a bone is named by its child joint."""

RIGHT_JOINTS = (1, 2, 3, 14, 15, 16)
LEFT_JOINTS = (4, 5, 6, 11, 12, 13)
MIRRORED = (0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13)
"""Joint order with left and right exchanged."""

SYMMETRIC_BONES = tuple(zip(LEFT_JOINTS, RIGHT_JOINTS, strict=True))
"""(left, right) bones that should be equally long, six pairs."""

# The joints of a detector's skeleton that are averaged to each H36M joint. If the skeleton has no
# Spine, it is missing here and computed as the middle of Hip and Thorax.
_Sources = Mapping[int, tuple[int, ...]]
_COCO17: _Sources = {
    0: (11, 12), 1: (12,), 2: (14,), 3: (16,), 4: (11,), 5: (13,), 6: (15,),
    8: (5, 6), 9: (0,), 10: (1, 2),
    11: (5,), 12: (7,), 13: (9,), 14: (6,), 15: (8,), 16: (10,),
}  # fmt: skip
_HALPE26: _Sources = {**_COCO17, 0: (19,), 7: (18, 19), 8: (18,), 10: (17,)}
_BLAZEPOSE33: _Sources = {
    0: (23, 24), 1: (24,), 2: (26,), 3: (28,), 4: (23,), 5: (25,), 6: (27,),
    8: (11, 12), 9: (0,), 10: (2, 5),
    11: (11,), 12: (13,), 13: (15,), 14: (12,), 15: (14,), 16: (16,),
}  # fmt: skip
_BODY25: _Sources = {
    0: (8,), 1: (9,), 2: (10,), 3: (11,), 4: (12,), 5: (13,), 6: (14,),
    8: (1,), 9: (0,), 10: (15, 16),
    11: (5,), 12: (6,), 13: (7,), 14: (2,), 15: (3,), 16: (4,),
}  # fmt: skip
_BODY25B: _Sources = {**_COCO17, 10: (18,)}
_OPENPOSE18: _Sources = {
    0: (8, 11), 1: (8,), 2: (9,), 3: (10,), 4: (11,), 5: (12,), 6: (13,),
    8: (1,), 9: (0,), 10: (14, 15),
    11: (5,), 12: (6,), 13: (7,), 14: (2,), 15: (3,), 16: (4,),
}  # fmt: skip
_H36M17: _Sources = {joint: (joint,) for joint in range(NUM_JOINTS)}


def _weights(sources: _Sources, size: int) -> NDArray[np.float64]:
    """Rows of the linear map from a skeleton of `size` joints to the 17 joints."""
    matrix = np.zeros((NUM_JOINTS, size))
    for joint, parts in sources.items():
        matrix[joint, list(parts)] = 1.0 / len(parts)
    if SPINE not in sources:
        matrix[SPINE] = (matrix[HIP] + matrix[THORAX]) / 2
    return matrix


LAYOUTS: Mapping[str, NDArray[np.float64]] = MappingProxyType(
    {
        "h36m17": _weights(_H36M17, 17),
        "coco17": _weights(_COCO17, 17),
        "halpe26": _weights(_HALPE26, 26),
        "blazepose33": _weights(_BLAZEPOSE33, 33),
        # OpenPose's bodies.
        "body25": _weights(_BODY25, 25),
        "body25b": _weights(_BODY25B, 25),
        "openpose18": _weights(_OPENPOSE18, 18),
        # Whole bodies: the first joints are those of COCO and Halpe, hands and face follow.
        "coco133": _weights(_COCO17, 133),
        "halpe136": _weights(_HALPE26, 136),
    }
)
"""Layout name → (17, K) matrix whose rows say how each joint is averaged from the K joints."""


_AT_ONCE = 4096  # frames per batch; bounds the memory


def to_h36m17(
    keypoints: NDArray[Any], confidence: NDArray[Any], layout: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Map a detector's joints to the 17 joints.

    Args:
        keypoints: (..., K, 2), any unit.
        confidence: (..., K); a joint at 0 or below, or not finite, counts as unseen.
        layout: a key of `LAYOUTS`.

    Returns:
        Keypoints (..., 17, 2), NaN where a source joint is unseen, and confidence (..., 17),
        the least of the source joints' confidences, 0 where unseen.

    Raises:
        DiffhpeError: the layout is unknown or the arrays do not fit it.
    """
    if layout not in LAYOUTS:
        raise DiffhpeError(f"unknown keypoint layout {layout!r}; known: {', '.join(LAYOUTS)}")
    matrix = LAYOUTS[layout]
    size = matrix.shape[1]
    if keypoints.shape[-2:] != (size, 2) or confidence.shape != keypoints.shape[:-1]:
        raise DiffhpeError(
            f"layout {layout} expects keypoints (..., {size}, 2) and confidence (..., {size}),"
            f" got {keypoints.shape} and {confidence.shape}"
        )
    if keypoints.ndim > 2 and len(keypoints) > _AT_ONCE:
        parts = [
            to_h36m17(keypoints[k : k + _AT_ONCE], confidence[k : k + _AT_ONCE], layout)
            for k in range(0, len(keypoints), _AT_ONCE)
        ]
        return np.concatenate([x for x, _ in parts]), np.concatenate([c for _, c in parts])
    seen = np.isfinite(keypoints).all(-1) & np.isfinite(confidence) & (confidence > 0)
    needs = matrix > 0
    all_seen = ~(~seen[..., None, :] & needs).any(-1)
    mapped = matrix @ np.where(seen[..., None], keypoints, 0.0)
    least = np.where(needs, np.where(seen, confidence, 0.0)[..., None, :], np.inf).min(-1)
    return (
        np.where(all_seen[..., None], mapped, np.nan).astype(np.float32),
        np.where(all_seen, least, 0.0).astype(np.float32),
    )

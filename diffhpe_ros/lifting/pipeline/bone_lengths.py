"""Bone lengths of the poses that a lifter returns: free, or fixed over a window or a track.

A person's bones have constant lengths. In lifted poses they vary by a few millimetres from frame to
frame, since a lifter estimates each joint separately. With fixed lengths every bone keeps its
estimated direction and gets its mean length; joints move by less than their error.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.coherence import bone_lengths, bones
from diffhpe_ros.errors import unknown
from diffhpe_ros.skeleton import BONES, NUM_JOINTS

Poses = NDArray[Any]
"""(B, L, 17, 3) root-relative metres."""
BoneLengthRule = Callable[[Poses], Poses]
"""Poses → the same poses with the bone lengths that the rule gives them."""


def _bones_to_the_root() -> NDArray[np.float32]:
    """(17, 16), 1 where a bone is between a joint and the root, else 0."""
    between = np.zeros((NUM_JOINTS, NUM_JOINTS), np.float32)
    for parent, child in BONES:
        between[child] = between[parent]
        between[child, child] = 1
    return between[:, 1:]


_BONES_TO_THE_ROOT = _bones_to_the_root()


def free_lengths(poses: Poses) -> Poses:
    """Return the poses unchanged."""
    return poses


def fixed_lengths(poses: Poses) -> Poses:
    """Give each window its own mean bone lengths."""
    return with_lengths(poses, mean_lengths(poses))


BONE_LENGTH_RULES: Mapping[str, BoneLengthRule] = {"free": free_lengths, "rigid": fixed_lengths}
"""Rules by the value of the setting `decode`."""


def create_bone_length_rule(name: str) -> BoneLengthRule:
    """The rule for a value of the setting `decode`.

    Raises:
        DiffhpeError: there is no rule for this value.
    """
    if name not in BONE_LENGTH_RULES:
        raise unknown("decode", name, BONE_LENGTH_RULES)
    return BONE_LENGTH_RULES[name]


def mean_lengths(poses: Poses) -> NDArray[Any]:
    """(..., L, 17, 3) → (..., 16) metres: means over the frames; joint j's bone is at j - 1."""
    return bone_lengths(poses).mean(-2)


def with_lengths(poses: Poses, lengths: NDArray[Any]) -> Poses:
    """The poses with these bone lengths and unchanged bone directions.

    Args:
        poses: (..., L, 17, 3).
        lengths: (..., 16) metres.

    Returns:
        (..., L, 17, 3); the root stays. Frames that hold NaN are NaN.
    """
    found = bones(poses)
    length = np.linalg.norm(found, axis=-1)
    # A bone without length has no direction; it stays a point.
    scale = lengths[..., None, :] / np.where(length > 0, length, 1.0)
    fitted: Poses = poses[..., :1, :] + _BONES_TO_THE_ROOT @ (scale[..., None] * found)
    return fitted.astype(poses.dtype)

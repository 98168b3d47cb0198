"""From aggregated poses to those that are handed out: as they are, or with bones that keep length.

A person's bones do not grow. A lifter's do, by a few millimetres from frame to frame: it finds each
joint on its own. Turning bones of one length into the directions that were found makes the person
rigid, and moves the joints by less than they are off.
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


def _bones_up_to_the_root() -> NDArray[np.float32]:
    """(17, 16), 1 where a bone is between a joint and the root, else 0."""
    between = np.zeros((NUM_JOINTS, NUM_JOINTS), np.float32)
    for parent, child in BONES:
        between[child] = between[parent]
        between[child, child] = 1
    return between[:, 1:]


_UP_TO_THE_ROOT = _bones_up_to_the_root()


def free_lengths(poses: Poses) -> Poses:
    """The poses as they are."""
    return poses


def fixed_lengths(poses: Poses) -> Poses:
    """Each window with bones of its own mean lengths."""
    return with_lengths(poses, mean_lengths(poses))


DECODES: Mapping[str, BoneLengthRule] = {"free": free_lengths, "rigid": fixed_lengths}


def create_bone_length_rule(name: str) -> BoneLengthRule:
    """The decode of that name.

    Raises:
        DiffhpeError: there is none.
    """
    if name not in DECODES:
        raise unknown("decode", name, DECODES)
    return DECODES[name]


def mean_lengths(poses: Poses) -> NDArray[Any]:
    """(..., L, 17, 3) → (..., 16) metres: the mean over the frames, bone of joint j at j - 1."""
    return bone_lengths(poses).mean(-2)


def with_lengths(poses: Poses, lengths: NDArray[Any]) -> Poses:
    """The poses with bones of these lengths in the directions that they have, joint after joint.

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
    placed: Poses = poses[..., :1, :] + _UP_TO_THE_ROOT @ (scale[..., None] * found)
    return placed.astype(poses.dtype)

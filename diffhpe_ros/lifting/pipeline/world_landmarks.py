"""A detector's own 3D estimate, fused with the lifted poses.

BlazePose gives world landmarks: 3D joints of single images, learnt from many more people than
motion capture covers. Their errors differ from the lifter's, so a weighted mean of both is more
accurate for people unlike those in the lifter's training.
"""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.views import look_at_rotation, mean_ray, to_camera_frame
from diffhpe_ros.skeleton import HIP

WEIGHT = 0.2
"""Weight of the world landmarks. On rendered people, whose motions resemble the training's, 0.1 is
best; on the real views it is 0.4 (`bench/real_views.py --weights 0.1 0.2 0.4`)."""
AVERAGED_FRAMES = 17
"""World landmarks come from single images and jitter, so their offset from the poses is
averaged."""
FARTHEST_M = 0.3
"""Frames whose joints differ by more than this on average are left out, such as those with left and
right swapped in one of the two."""


def fuse(
    poses: NDArray[np.float32],
    world_landmarks: NDArray[np.float32],
    x_2d: NDArray[np.float32],
    weight: float = WEIGHT,
) -> NDArray[np.float32]:
    """The weighted mean of lifted poses and world landmarks.

    Args:
        poses: (B, L, 17, 3) root-relative metres, camera frame.
        world_landmarks: (B, L, 17, 3) metres, x and y along the image's, z along the ray to the
            person; NaN where unknown.
        x_2d: (B, L, 17, 2) canonical view, (0, 0) where unseen: where the person is.
        weight: the world landmarks' weight.

    Returns:
        (B, L, 17, 3); the poses themselves where no world landmarks are known.
    """
    difference = to_poses(world_landmarks, x_2d) - poses
    apart = np.linalg.norm(difference, axis=-1).mean(-1)  # (B, L), NaN where unknown
    used = apart < FARTHEST_M
    difference = np.where(used[..., None, None], difference, 0.0)
    sums, counts = _around(difference), _around(used[..., None, None].astype(np.float32))
    return (poses + weight * sums / np.maximum(counts, 1)).astype(np.float32)


def to_poses(
    world_landmarks: NDArray[np.float32], x_2d: NDArray[np.float32]
) -> NDArray[np.float32]:
    """World landmarks (B, L, 17, 3) along the rays of windows x_2d → poses in the camera frame."""
    rooted = world_landmarks - world_landmarks[:, :, HIP, None]
    poses: NDArray[np.float32] = to_camera_frame(rooted, look_at_rotation(mean_ray(x_2d)))
    return poses


def _around(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum over the frames around each frame of (B, L, ...)."""
    frames = np.arange(values.shape[1])
    near = np.abs(frames[:, None] - frames) <= AVERAGED_FRAMES // 2
    return np.einsum("kl,bl...->bk...", near.astype(np.float32), values)

"""Where the person stands: the root's position from the pose and its image.

The lifters give joints relative to the root. With known rays to the same joints, the root is the
shift that makes the pose project onto them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import DiffhpeError

MIN_JOINTS = 3

# Below this spread of the rays (in X/Z, so about 1 mrad) the distance cannot be told.
_MIN_SPREAD = 1e-3


def place_root(
    poses: NDArray[Any], canonical: NDArray[Any], confidence: NDArray[Any]
) -> NDArray[Any]:
    """Find the root for which the pose reprojects best onto the seen joints.

    With the pose P_j and the ray (a, b) = (u, v) / 2.29 of joint j, the root R obeys two linear
    equations per joint,

        a_j (P_z + R_z) = P_x + R_x        b_j (P_z + R_z) = P_y + R_y

    solved by least squares in closed form: with c = a P_z - P_x and d = b P_z - P_y they read
    c = R_x - R_z a and d = R_y - R_z b, two straight lines that share their slope -R_z. A
    residual is a length at the joint; the first pass weights joints by confidence, the second
    divides the residuals by the first pass's depths, which makes them reprojection errors.

    Args:
        poses: (..., 17, 3) root-relative metres, optical frame.
        canonical: (..., 17, 2) canonical view, NaN where unseen.
        confidence: (..., 17); a joint at 0 or below, or not finite, is unseen.

    Returns:
        Root (..., 3) in metres, optical frame, in the type of `poses`. NaN where fewer than
        `MIN_JOINTS` joints are seen, where they lie on one ray, or where the solution has the
        root or a seen joint behind the camera.

    Raises:
        DiffhpeError: the shapes do not belong together.
    """
    if (
        poses.shape[-1:] != (3,)
        or canonical.shape != (*poses.shape[:-1], 2)
        or confidence.shape != poses.shape[:-1]
    ):
        raise DiffhpeError(
            "poses (..., J, 3), canonical (..., J, 2) and confidence (..., J) are expected,"
            f" got {poses.shape}, {canonical.shape} and {confidence.shape}"
        )
    pose = poses.astype(np.float64)
    seen = np.isfinite(canonical).all(-1) & np.isfinite(pose).all(-1)
    seen &= np.isfinite(confidence) & (confidence > 0)
    rays = np.where(seen[..., None], canonical, 0.0) / CANONICAL_FOCAL
    pose = np.where(seen[..., None], pose, 0.0)
    weights = np.where(seen, confidence, 0.0).astype(np.float64)

    with np.errstate(divide="ignore", invalid="ignore"):
        root = _least_squares(pose, rays, weights)
        depth = pose[..., 2] + root[..., 2:]
        root = _least_squares(pose, rays, np.where(depth > 0, weights / depth**2, 0.0))
        depth = pose[..., 2] + root[..., 2:]
        in_front = (root[..., 2] > 0) & ((depth > 0) | ~seen).all(-1)
    placed = in_front & (seen.sum(-1) >= MIN_JOINTS)
    return np.where(placed[..., None], root, np.nan).astype(np.result_type(poses, np.float32))


def _least_squares(
    pose: NDArray[np.float64], rays: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Root (..., 3) for poses (..., J, 3), rays (..., J, 2) and weights (..., J)."""
    share = (weights / weights.sum(-1, keepdims=True))[..., None]
    lines = rays * pose[..., 2:] - pose[..., :2]
    mean_rays = (share * rays).sum(-2, keepdims=True)
    mean_lines = (share * lines).sum(-2, keepdims=True)
    spread = (share * (rays - mean_rays) ** 2).sum((-2, -1))
    together = (share * (rays - mean_rays) * (lines - mean_lines)).sum((-2, -1))
    depth = np.where(spread > _MIN_SPREAD**2, -together / spread, np.nan)[..., None]
    across = (mean_lines + depth[..., None] * mean_rays)[..., 0, :]
    return np.concatenate([across, depth], axis=-1)

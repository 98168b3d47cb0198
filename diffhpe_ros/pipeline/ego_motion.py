"""Windows of a moving camera: their rays rotated to the newest camera orientation.

A pan moves all people in the image, and a lifter mistakes that for the people's own motion. But a
pan only rotates rays, so it can be undone if the rotation is known. The camera's translation
remains; it changes windows little, since they are root-relative.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.pipeline.people import PeopleWindows

_WIDEST = 6.0
"""Rays more than 80 degrees (X/Z) from the newest optical axis count as unseen."""


def rotated_to_newest(windows: PeopleWindows) -> PeopleWindows:
    """The windows as seen by a camera that always had the newest orientation.

    Args:
        windows: windows with `motion`; without it they stay as they are.
    """
    if windows.motion is None:
        return windows
    turns = turns_to_newest(windows.motion)
    keypoints, covariance = turn_rays(windows.keypoints, windows.covariance, turns)
    return replace(
        windows,
        keypoints=keypoints,
        covariance=covariance,
        confidence=np.where(np.isfinite(keypoints[..., 0]), windows.confidence, np.float32(0)),
    )


def turns_to_newest(motion: RigidTransform) -> NDArray[np.float64]:
    """Rotations (P, F, 3, 3) from the camera at each frame to the newest camera."""
    newest = np.swapaxes(motion.rotation[:, -1:], -1, -2)
    return np.asarray(newest @ motion.rotation)


def turn_rays(
    keypoints: NDArray[Any], covariance: NDArray[Any], turns: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The homography of a camera's rotation, and its derivative for the covariances.

    Args:
        keypoints: (P, F, J, 2) canonical view, NaN where unseen.
        covariance: (P, F, J, 2, 2) covariance of the keypoints.
        turns: (P, F, 3, 3) rotations from the camera that saw them to another one.

    Returns:
        Keypoints and covariances as that camera would see them; NaN where it would not.
    """
    rays = np.concatenate(
        [keypoints.astype(np.float64) / CANONICAL_FOCAL, np.ones((*keypoints.shape[:-1], 1))], -1
    )
    turned = np.einsum("pfab,pfjb->pfja", turns, rays)
    with np.errstate(all="ignore"):
        view = turned[..., :2] / turned[..., 2:]
        seen = (turned[..., 2] > 0) & (np.abs(view) < _WIDEST).all(-1)
        across = turns[:, :, None, :2, :2] - view[..., None] * turns[:, :, None, None, 2, :2]
        jacobian = across / turned[..., 2:, None]
    moved = jacobian @ covariance @ np.swapaxes(jacobian, -1, -2)
    view = np.where(seen[..., None], CANONICAL_FOCAL * view, np.nan)
    return view.astype(np.float32), moved.astype(np.float32)

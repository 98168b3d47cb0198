"""People's distances and sizes from an aligned depth image.

A colour image alone cannot tell a large person from a near one: scaling pose and distance by one
factor about the camera does not change the image. The depth of a few joints fixes that factor.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FLESH_M = np.array(
    [0.13, 0.10, 0.065, 0.05, 0.10, 0.065, 0.05, 0.13, 0.08, 0.07, 0.08,
     0.06, 0.045, 0.03, 0.06, 0.045, 0.03]
)  # fmt: skip
"""How much nearer the visible surface is than the joint: medians over the rendered walk, seen from
all sides."""

DEPTH_SD_M = 0.05
"""Standard deviation of a root's distance from depth: joints lie deeper in some people, and from
some sides."""

FARTHEST_M = 1000.0
"""Larger values do not count as depth."""
MIN_JOINTS = 3
_PATCH = 2  # pixels on each side
_FEWEST = 5  # known pixels that a patch needs
_OFF_M = 0.5  # farther than this from most joints is another person, or the wall behind


def sample_depth(image: NDArray[Any], keypoints: NDArray[Any]) -> NDArray[np.float32]:
    """Depth of the surface at each joint.

    Args:
        image: (H, W) metres along the optical axis, in the pixels of the colour image; 0, NaN or
            `FARTHEST_M` and more where unknown.
        keypoints: (..., 2) pixels, NaN where unseen.

    Returns:
        (...) the median of 5x5 pixels; NaN where unseen, outside, or with too few known pixels.
    """
    height, width = image.shape
    points = np.asarray(keypoints, np.float64)
    inside = np.asarray(np.isfinite(points).all(-1))
    column, row = np.moveaxis(np.rint(np.where(inside[..., None], points, 0)).astype(int), -1, 0)
    inside &= (column >= 0) & (column < width) & (row >= 0) & (row < height)
    side = np.arange(-_PATCH, _PATCH + 1)
    rows = (row[..., None] + side).clip(0, height - 1)[..., :, None]
    columns = (column[..., None] + side).clip(0, width - 1)[..., None, :]
    patches = image[rows, columns].reshape(*column.shape, len(side) ** 2).astype(np.float32)
    patches[~((patches > 0) & (patches < FARTHEST_M))] = np.nan
    known = inside & (np.isfinite(patches).sum(-1) >= _FEWEST)
    patches[~known] = 0.0
    return np.where(known, np.nanmedian(patches, -1), np.nan).astype(np.float32)


def measure(
    pose: NDArray[Any], distance: float, depth: NDArray[Any], size: float = 1.0
) -> tuple[float, float]:
    """A person's size and distance from depth.

    Args:
        pose: (17, 3) root-relative metres, of a person of the usual size.
        distance: distance (z) at which the root of a person of the usual size would be.
        depth: (17,) of the surface at each joint, metres, NaN where unknown.
        size: the person's size so far, as a share of the usual one.

    Returns:
        The size as a share of the usual one, and the distance of the root; NaN if fewer than
        `MIN_JOINTS` joints have known depths that agree.
    """
    joints = depth.astype(np.float64) + FLESH_M
    roots = joints - size * pose[:, 2].astype(np.float64)
    near = np.isfinite(roots)
    if near.sum() >= MIN_JOINTS:
        near &= np.abs(roots - np.median(roots[near])) < _OFF_M
    if near.sum() < MIN_JOINTS:
        return np.nan, np.nan
    found = joints[near] / np.maximum(pose[near, 2] + distance, 0.1)
    return float(np.median(found)), float(np.median(roots[near]))

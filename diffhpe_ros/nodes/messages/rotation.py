"""Conversion of rotations to quaternions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def quaternions(axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit quaternions (N, 4), x y z w, of right- or left-handed orthogonal axes (N, 3, 3).

    The last axis of a left-handed set is reversed, which does not change an ellipsoid.
    """
    turned = axes.copy()
    turned[..., 2] *= np.sign(np.linalg.det(axes))[:, None]
    # The quaternion is the eigenvector of the largest eigenvalue of this symmetric matrix (Bar-
    # Itzhack 2000), which has no special cases.
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = turned.transpose(1, 2, 0)
    matrix: NDArray[Any] = np.array(
        [
            [xx - yy - zz, yx + xy, zx + xz, zy - yz],
            [yx + xy, yy - xx - zz, zy + yz, xz - zx],
            [zx + xz, zy + yz, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    return np.linalg.eigh(matrix.transpose(2, 0, 1))[1][..., -1]

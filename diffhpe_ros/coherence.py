"""Whether a pose sequence could be one body: the coherence metrics of the DiffHPE paper.

Neither needs ground truth, so both are also diagnostics of a live system.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import NUM_JOINTS, PARENTS, SYMMETRIC_BONES

RELEASED_PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 7, 11, 12, 7, 14, 15)
"""The bones of the released metric code, which connects both shoulders to Spine, not Thorax.

Only for comparison with the paper's figures.
"""


def bone_lengths(poses: NDArray[Any], parents: Sequence[int] = PARENTS) -> NDArray[Any]:
    """Lengths of the 16 bones.

    Args:
        poses: (..., 17, 3) metres.
        parents: the parent of each joint, -1 for the root.

    Returns:
        (..., 16) metres; the bone that ends at joint j is at index j - 1.

    Raises:
        DiffhpeError: the shape does not fit.
    """
    if poses.shape[-2:] != (NUM_JOINTS, 3):
        raise DiffhpeError(f"poses of shape (..., {NUM_JOINTS}, 3) are expected, got {poses.shape}")
    lengths: NDArray[Any] = np.linalg.norm(bones(poses, parents), axis=-1)
    return lengths


def bones(poses: NDArray[Any], parents: Sequence[int] = PARENTS) -> NDArray[Any]:
    """The 16 bones (..., 16, 3) of poses (..., 17, 3), from the parent to the joint."""
    return np.asarray(poses[..., 1:, :] - poses.take(parents[1:], -2))


def symmetry_gap(poses: NDArray[Any], parents: Sequence[int] = PARENTS) -> NDArray[Any]:
    """How much the bone lengths of the left and the right half differ (equation 13).

        1/(L·6) Σ_l Σ_j | ‖left bone j in frame l‖ - ‖right bone j in frame l‖ |

    The paper's figure is the mean of this over the windows of a data set.

    Args:
        poses: (..., L, 17, 3) metres.
        parents: the parent of each joint, -1 for the root.

    Returns:
        (...) metres; NaN where a joint of the six pairs is NaN.

    Raises:
        DiffhpeError: the shape does not fit.
    """
    lengths = _window_bones(poses, parents)
    left, right = (np.array(SYMMETRIC_BONES).T - 1).tolist()
    gap: NDArray[Any] = np.abs(lengths[..., left] - lengths[..., right]).mean((-2, -1))
    return gap


def segment_std(
    poses: NDArray[Any], ddof: int = 0, parents: Sequence[int] = PARENTS
) -> NDArray[Any]:
    """How much the bones change their length over time (equation 14).

        1/16 Σ_j √( 1/(L - ddof) Σ_l (d_jl - d̄_j)² ),   d_jl the length of bone j in frame l

    The paper's figure is the mean of this over the windows of a data set.

    Args:
        poses: (..., L, 17, 3) metres.
        ddof: 0 as in the equation; 1 as in the released code.
        parents: the parent of each joint, -1 for the root.

    Returns:
        (...) metres; NaN where a joint is NaN.

    Raises:
        DiffhpeError: the shape does not fit, or L is not more than ddof.
    """
    lengths = _window_bones(poses, parents)
    if lengths.shape[-2] <= ddof:
        raise DiffhpeError(f"more than {ddof} frames are expected, got {lengths.shape[-2]}")
    deviation: NDArray[Any] = lengths.std(-2, ddof=ddof).mean(-1)
    return deviation


def _window_bones(poses: NDArray[Any], parents: Sequence[int]) -> NDArray[Any]:
    if poses.ndim < 3 or poses.shape[-3] == 0:
        raise DiffhpeError(f"poses of shape (..., L, 17, 3) are expected, got {poses.shape}")
    return bone_lengths(poses, parents)

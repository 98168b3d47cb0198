"""The covariance of the joints of a lifted window."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.coherence_limits import VarianceFeature
from diffhpe_ros.lifting.pipeline.variance_features import LiftedBatch, variance_features

Array = NDArray[np.float64]

MOST_GROWTH = np.log(5.0)
"""Log of the largest factor by which the features together raise or lower a standard deviation:
the slopes hold in the range that they were fitted to, not beyond."""


def covariance(
    hypotheses: NDArray[np.float32],
    lifted: LiftedBatch,
    rotation: NDArray[np.float32],
    std_mm: Array,
    slopes: Mapping[str, VarianceFeature],
) -> NDArray[np.float32]:
    """The covariance of each joint relative to the root.

    It is the hypotheses' spread plus the model's own error, which the spread does not show. That
    error is measured against the truth for each joint and axis of the person view (see
    `training.calibration.calibrate`). It grows with the variance features.

    Args:
        hypotheses: (B, H, L, 17, 3) metres, camera frame.
        lifted: the windows and the hypotheses' mean.
        rotation: (B, 3, 3) into the person view, whose z is the line of sight.
        std_mm: (17, 3), standard deviation of the model's error with the features at their means.
        slopes: by the feature's name.

    Returns:
        (B, L, 17, 3, 3) m², camera frame; NaN for windows without a seen joint.
    """
    std = std_mm / 1000 * np.exp(growth(variance_features(lifted), slopes, lifted.x_2d.shape[:3]))
    # One matrix for each of the model's axes: `own` is their sum, weighted by the variances.
    turn = rotation.astype(np.float64)
    axes = (turn[..., :, None] * turn[..., None, :]).reshape(-1, 1, 3, 9)
    own = (std**2 @ axes).reshape(*std.shape, 3)
    apart = hypotheses - lifted.poses[:, None]
    spread = np.einsum("bhlni,bhlnj->blnij", apart, apart) / max(1, hypotheses.shape[1] - 1)
    return np.asarray(own + spread, np.float32)


def growth(
    found: Mapping[str, Array], slopes: Mapping[str, VarianceFeature], shape: tuple[int, ...]
) -> Array:
    """(B, L, 17, 3): log of how much larger the error is than at the features' means.

    Args:
        found: name of a feature → (B, L, 17); NaN counts as the feature's mean.
        slopes: those of the features to use.
        shape: (B, L, 17).
    """
    above = np.empty((len(slopes), *shape))
    for row, (name, feature) in zip(above, slopes.items(), strict=True):
        row[:] = found[name] - feature.mean
    joints = shape[-1]
    by_joint = [
        np.broadcast_to(slope, joints)
        for feature in slopes.values()
        for slope in (feature.x, feature.y, feature.z)
    ]
    each = np.reshape(by_joint, (-1, 3, joints))
    grown = np.einsum("kblj,kaj->ablj", np.nan_to_num(above), each)
    return np.stack([*grown], -1).clip(-MOST_GROWTH, MOST_GROWTH)

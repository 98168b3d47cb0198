"""The covariance of the joints of a lifted window."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.coherence_limits import VarianceFeature
from diffhpe_ros.lifting.pipeline.variance_features import (
    MOST_GROWTH,
    LiftedBatch,
    variance_features,
)
from diffhpe_ros.lifting.pipeline.variance_network import VarianceNetwork, body_inputs
from diffhpe_ros.skeleton import HIP, NUM_JOINTS

Array = NDArray[np.float64]

ASSUMED_STD_MM = 100.0
"""Standard deviation along each axis of a model whose error was never measured: a guess, on the
large side, since planners keep their distance by it."""


def covariance(
    hypotheses: NDArray[np.float32],
    lifted: LiftedBatch,
    rotation: NDArray[np.float32],
    std_mm: Array,
    slopes: Mapping[str, VarianceFeature],
    network: VarianceNetwork | None = None,
) -> NDArray[np.float32]:
    """The covariance of each joint relative to the root.

    It is the hypotheses' spread plus the model's own error, which the spread does not show. That
    error is measured against the truth for each joint and axis of the model's view (see
    `training.calibration.calibrate`). The variance features and the network say where it is larger.

    Args:
        hypotheses: (B, H, L, 17, 3) metres, camera frame.
        lifted: the windows and the hypotheses' mean.
        rotation: (B, 3, 3) into the model's view, whose z is the line of sight.
        std_mm: (17, 3), standard deviation of the model's error with the features at their means.
        slopes: by the feature's name.
        network: the model's variance network; None without one.

    Returns:
        (B, L, 17, 3, 3) m², camera frame; NaN for windows without a seen joint.
    """
    found = variance_features(lifted)
    above = above_means(found, slopes, lifted.x_2d.shape[:3])
    log_growth = growth(above, slopes)
    if network is not None:
        body = body_inputs(lifted, rotation, found)
        log_growth[:, :, 1:] += network(body, np.moveaxis(above, 0, -1)[:, :, 1:])
    std = std_mm / 1000 * np.exp(log_growth)
    # One matrix for each of the model's axes: `own` is their sum, weighted by the variances.
    turn = rotation.astype(np.float64)
    axes = (turn[..., :, None] * turn[..., None, :]).reshape(-1, 1, 3, 9)
    own = (std**2 @ axes).reshape(*std.shape, 3)
    apart = hypotheses - lifted.poses[:, None]
    spread = np.einsum("bhlni,bhlnj->blnij", apart, apart) / max(1, hypotheses.shape[1] - 1)
    return np.asarray(own + spread, np.float32)


def assumed_std_mm() -> Array:
    """(17, 3), for a model whose error was never measured; the root is the origin."""
    std = np.full((NUM_JOINTS, 3), ASSUMED_STD_MM)
    std[HIP] = 0.0
    return std


def above_means(
    found: Mapping[str, Array], slopes: Mapping[str, VarianceFeature], shape: tuple[int, ...]
) -> Array:
    """(K, B, L, 17): the features less their means; 0 where one is NaN.

    Args:
        found: name of a feature → (B, L, 17).
        slopes: those of the K features to use.
        shape: (B, L, 17).
    """
    above = np.empty((len(slopes), *shape))
    for row, (name, feature) in zip(above, slopes.items(), strict=True):
        row[:] = found[name] - feature.mean
    return np.nan_to_num(above)


def growth(above: Array, slopes: Mapping[str, VarianceFeature]) -> Array:
    """(B, L, 17, 3): log of how much larger the error is than at the features' means.

    Args:
        above: (K, B, L, 17), see `above_means`.
        slopes: of the K features.
    """
    joints = above.shape[-1]
    by_joint = [
        np.broadcast_to(slope, joints)
        for feature in slopes.values()
        for slope in (feature.x, feature.y, feature.z)
    ]
    grown = np.einsum("kblj,kaj->ablj", above, np.reshape(by_joint, (-1, 3, joints)))
    return np.stack([*grown], -1).clip(-MOST_GROWTH, MOST_GROWTH)

"""Standard deviations of a model's errors and their growth, by maximum likelihood."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.pipeline.variance_features import MOST_GROWTH, VARIANCE_FEATURES
from diffhpe_ros.lifting.pipeline.variance_network import VarianceNetwork
from diffhpe_ros.skeleton import MIRRORED, NUM_JOINTS
from diffhpe_ros.training.calibration.coverage import person_weights
from diffhpe_ros.training.calibration.likelihood import JointErrors, most_likely
from diffhpe_ros.training.calibration.measured_errors import MeasuredErrors

Array = NDArray[np.float64]

RIDGE = 0.002
"""Ridge penalty on the slopes that all joints share."""
OWN_RIDGE = 0.02
"""Ridge penalty on the difference of a joint's own slopes from those."""
SCALED_WITH = ("window_edge", "unseen", "keypoint_noise", "window_noise")
"""Features with which the scale of a joint grows. None is ever negative, or unknown."""
SCALED_COLUMNS = [list(VARIANCE_FEATURES).index(name) for name in SCALED_WITH]
_LEAST_M = 1e-4
"""Errors are taken to be this much larger: the likelihood of joints without any has no maximum."""
_PAIR = np.unique(np.minimum(range(NUM_JOINTS), MIRRORED)[1:], return_inverse=True)[1]
"""(16,) number of each joint without the root; the same for left and right."""
_PAIRS = range(_PAIR.max() + 1)


@dataclass(frozen=True)
class Fit:
    """Standard deviations and their growth with the variance features, and by the network."""

    log_std: Array
    """(16, 3), metres, at the means of the features."""
    slopes: Array
    """(16, K, 3)."""
    means: Array
    """(K,), of the features."""
    network: VarianceNetwork | None = None

    def above(self, measured: MeasuredErrors) -> Array:
        """The features less their means, 0 where unknown: (N, F, 16, K)."""
        return np.nan_to_num(measured.features - self.means)

    def log_std_of(self, measured: MeasuredErrors) -> Array:
        """Logs of the standard deviations of all errors, (N, F, 16, 3)."""
        above = self.above(measured)
        growth = np.einsum("nfjk,jka->nfja", above, self.slopes, optimize=True)
        log_std = self.log_std + growth.clip(-MOST_GROWTH, MOST_GROWTH)
        if self.network is not None:
            log_std += self.network(measured.body, above)
        return np.asarray(log_std)

    def scaled(self, log_scales: Array) -> "Fit":
        """With what `HeldOut.log_scales` gives, (16, 1 + S)."""
        slopes, by_feature = self.slopes.copy(), log_scales[:, 1:]
        slopes[:, SCALED_COLUMNS] += by_feature[..., None]
        at_means = log_scales[:, 0] + by_feature @ self.means[SCALED_COLUMNS]
        return replace(self, log_std=self.log_std + at_means[:, None], slopes=slopes)


def fit(measured: MeasuredErrors) -> Fit:
    """Fit by maximum likelihood, without a network and with equal weight for each person.

    Slopes of all joints together come first. Those of each joint may then differ from them.
    """
    known = np.isfinite(measured.features)
    means = np.where(known, measured.features, 0).sum((0, 1, 2)) / known.sum((0, 1, 2)).clip(1)
    weights = person_weights(measured.person)
    errors = JointErrors(
        squared_errors(measured),
        measured.spread.diagonal(axis1=-2, axis2=-1).astype(np.float32),
        np.nan_to_num(measured.features - means).astype(np.float32),
        (weights / weights.sum()).astype(np.float32),
        _PAIR,
    )
    size = np.sqrt(errors.squared.mean((0, 1)))
    start = np.log([size[pair == _PAIR].mean(0) for pair in _PAIRS])
    nothing = np.zeros((len(means), 3))
    shared_std, shared = most_likely(errors, start.astype(np.float64), nothing, RIDGE)
    each = [
        most_likely(errors.of(np.equal(_PAIR, pair)), shared_std[[pair]], shared, OWN_RIDGE)
        for pair in _PAIRS
    ]
    log_std = np.concatenate([std for std, _ in each])[_PAIR]
    return Fit(log_std, np.stack([slopes for _, slopes in each])[_PAIR], means)


def squared_errors(measured: MeasuredErrors) -> NDArray[np.float32]:
    """(N, F, 16, 3) m², none of them 0."""
    return (np.square(measured.errors) + _LEAST_M**2).astype(np.float32)

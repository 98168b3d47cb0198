"""Fits the covariance of a model so that its ellipsoids contain the right share of true joints.

Standard deviations per joint and axis, and their growth with the variance features, are fitted by
maximum likelihood, with the same for left and right joints. The fit is overconfident for new
people. So it is repeated without some of the people in turn, until each was left out, and the
standard deviations of each joint are scaled until its ellipsoids of the left-out people are right.
The scale has slopes, too, so that they are right at the ends of the window, for joints that a
detector only guesses, and for those next to them. Here left and right differ: most people use the
right hand more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting import Lifter, ModelConfig
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.lifting.pipeline.coherence_limits import CoherenceLimits, VarianceFeature
from diffhpe_ros.lifting.pipeline.covariance import MOST_GROWTH
from diffhpe_ros.lifting.pipeline.variance_features import VARIANCE_FEATURES
from diffhpe_ros.skeleton import MIRRORED, NUM_JOINTS
from diffhpe_ros.training.calibration.calibration_data import Sample, sample
from diffhpe_ros.training.calibration.coverage import nominal, person_weights
from diffhpe_ros.training.calibration.likelihood import JointErrors, most_likely
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows

Array = NDArray[np.float64]

RIDGE = 0.002
"""Ridge penalty on the slopes that all joints share."""
OWN_RIDGE = 0.02
"""Ridge penalty on the difference of a joint's own slopes from those."""
MOST_FITS = 6
"""Into as many parts are the people divided, each left out once."""
CALIBRATED_SIGMAS = (1.0, 2.0)
"""Sigmas at which the shares are matched."""
SCALED_WITH = ("window_edge", "keypoint_noise", "window_noise")
"""Features with which the scale of a joint grows. None is ever negative, or unknown."""
LARGEST_SCALE = 10.0
USUAL_PERCENTILE = 99.0
_LEAST_M = 1e-4
"""Errors are taken to be this much larger: the likelihood of joints without any has no maximum."""
_HALVINGS = 14
_SWEEPS = 8
"""Over the numbers of a scale: the constant and the slopes depend on each other."""
_PAIR = np.unique(np.minimum(range(NUM_JOINTS), MIRRORED)[1:], return_inverse=True)[1]
"""(16,) number of each joint without the root; the same for left and right."""
_PAIRS = range(_PAIR.max() + 1)
_SCALED_WITH = [list(VARIANCE_FEATURES).index(name) for name in SCALED_WITH]


@dataclass(frozen=True)
class Fit:
    """Standard deviations and their growth with the variance features."""

    log_std: Array
    """(16, 3), metres, at the means of the features."""
    slopes: Array
    """(16, K, 3)."""
    means: Array
    """(K,), of the features."""

    def std(self, signs: Array) -> Array:
        """(N, F, 16, K) → (N, F, 16, 3) metres."""
        above = np.nan_to_num(signs - self.means)
        growth = np.einsum("nfjk,jka->nfja", above, self.slopes, optimize=True)
        growth = growth.clip(-MOST_GROWTH, MOST_GROWTH)
        return np.asarray(np.exp(self.log_std + growth))

    def scaled(self, log_scales: Array) -> "Fit":
        """With what `HeldOut.log_scales` gives, (16, 1 + S)."""
        slopes, by_feature = self.slopes.copy(), log_scales[:, 1:]
        slopes[:, _SCALED_WITH] += by_feature[..., None]
        at_means = log_scales[:, 0] + by_feature @ self.means[_SCALED_WITH]
        return Fit(self.log_std + at_means[:, None], slopes, self.means)


@dataclass(frozen=True)
class Calibration:
    """A calibrated configuration, and how right it is for people outside of the fit."""

    config: ModelConfig
    measured: Sample
    left_out: Array
    """(N, F, 16), squared Mahalanobis distances of the true joints; neither the fit nor the scales
    know the person."""


def calibrated(
    model: Model, config: ModelConfig, truths: Sequence[LabelledWindows], device: str = "cpu"
) -> ModelConfig:
    """The configuration with fitted covariance and coherence limits; see `calibrate`."""
    return calibrate(model, config, truths, device).config


def calibrate(
    model: Model, config: ModelConfig, truths: Sequence[LabelledWindows], device: str = "cpu"
) -> Calibration:
    """Fit the covariance and the coherence limits.

    Args:
        model: with its final weights.
        config: of the model; its default preset is calibrated.
        truths: windows that it was not trained on, of several people if possible.
        device: cpu, cuda or cuda:N.
    """
    return calibration_of(config, sample(Lifter(model, config, device), truths))


def calibration_of(config: ModelConfig, measured: Sample) -> Calibration:
    """Fit the covariance and the coherence limits to measured errors; see `calibrate`."""
    fitted = fit(measured)
    held_out = HeldOut.of(measured, fitted)
    fitted = fitted.scaled(held_out.log_scales())
    std_mm = 1000 * np.exp(fitted.log_std)
    rows = np.concatenate([np.zeros((1, 3)), std_mm]).round(1).tolist()
    slopes = np.concatenate([np.zeros((1, *fitted.slopes.shape[1:])), fitted.slopes]).round(3)
    features = {
        name: VarianceFeature(
            round(float(mean), 3), *(tuple(axis.tolist()) for axis in slopes[:, number].T)
        )
        for number, (name, mean) in enumerate(zip(VARIANCE_FEATURES, fitted.means, strict=True))
    }
    usual = np.nanpercentile(measured.coherence_mm, USUAL_PERCENTILE, axis=0)
    config = replace(
        config,
        residual_std_mm=tuple((x, y, z) for x, y, z in rows),
        variance_features=features,
        coherence_limits=CoherenceLimits(*(round(float(x), 1) for x in usual)),
    )
    return Calibration(config, measured, held_out.squared_of_strangers())


def fit(measured: Sample, rows: NDArray[np.bool_] | None = None) -> Fit:
    """Fit by maximum likelihood, with equal weight for each person.

    Slopes of all joints together come first. Those of each joint may then differ from them.

    Args:
        measured: errors and features.
        rows: (N,), windows to use; default all.
    """
    rows = np.ones(len(measured.person), bool) if rows is None else rows
    signs = measured.signs[rows]
    known = np.isfinite(signs)
    means = np.where(known, signs, 0).sum((0, 1, 2)) / known.sum((0, 1, 2)).clip(1)
    weights = person_weights(measured.person[rows])
    errors = JointErrors(
        (np.square(measured.errors[rows]) + _LEAST_M**2).astype(np.float32),
        measured.spread[rows].diagonal(axis1=-2, axis2=-1).astype(np.float32),
        np.nan_to_num(signs - means).astype(np.float32),
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


@dataclass(frozen=True)
class HeldOut:
    """Errors in units of standard deviations that were fitted without the person.

    In the axes of the hypotheses' spread, which is a share of each axis's own variance: so the
    distances for any scale are sums.
    """

    squared: Array
    """(N, F, 16, 3), or their sum (N, F, 16, 1) where nothing spreads."""
    spread: Array
    """The same shape."""
    features: Array
    """(N, F, 16, 1 + S): a constant, and those of `SCALED_WITH`."""
    part: NDArray[np.int64]
    """(N,), number of the people who were left out together; -1 if nobody was."""
    weights: Array
    """(N,)"""

    @classmethod
    def of(cls, measured: Sample, fitted: Fit) -> "HeldOut":
        """Repeat the fit without some of the people in turn.

        With a single or unknown person the errors are those of the fitted windows.
        """
        people, person = np.unique(measured.person, return_inverse=True)
        part = np.full(len(person), -1) if len(people) == 1 else person % MOST_FITS
        std = fitted.std(measured.signs)
        for number in set(part[part >= 0].tolist()):
            left_out = part == number
            std[left_out] = fit(measured, ~left_out).std(measured.signs[left_out])
        relative = measured.errors / std
        squared = np.square(relative).sum(-1, keepdims=True)
        spread = np.zeros_like(squared)
        if measured.spread.any():
            whitened = measured.spread / (std[..., None] * std[..., None, :])
            spread, axes = np.linalg.eigh(whitened)
            squared = np.einsum("nfji,nfjik->nfjk", relative, axes) ** 2
        features = measured.signs[..., _SCALED_WITH]
        features = np.concatenate([np.ones_like(features[..., :1]), features], -1)
        weights = person_weights(measured.person)
        return cls(squared, spread.clip(0), features, part, weights)

    def log_scales(self, rows: NDArray[np.bool_] | None = None) -> Array:
        """Logs of the factors on the standard deviations that are right for some windows (N,).

        Returns:
            (16, 1 + S), of each joint where the features are 0, and their slopes.
        """
        rows = np.ones(len(self.part), bool) if rows is None else rows
        return np.array([self._log_scale(rows, joint) for joint in range(len(_PAIR))])

    def squared_of_strangers(self) -> Array:
        """(N, F, 16), squared Mahalanobis distances with scales that do not know the person."""
        squared = np.empty(self.squared.shape[:-1])
        for number in set(self.part.tolist()):
            rows = self.part == number
            log_scales = self.log_scales(~rows if number >= 0 else rows)
            log_scale = (self.features[rows] * log_scales).sum(-1, keepdims=True)
            squared[rows] = _distances(self.squared[rows], self.spread[rows], log_scale)
        return squared

    def _log_scale(self, rows: NDArray[np.bool_], joint: int) -> Array:
        """The scale at which a joint's shares are as far above nominal at 1 sigma as below at 2.

        No scale is right at both where errors have heavier tails than a Gaussian; this is the one
        with the smallest difference. It is so for all joints, and for those weighted by each
        feature. The shares grow with each of the numbers, so they are found by bisection in turn.
        """
        squared, spread, features = (
            each[rows, :, joint] for each in (self.squared, self.spread, self.features)
        )
        found = np.zeros(features.shape[-1])
        for _ in range(_SWEEPS):
            for number, feature in enumerate(np.moveaxis(features, -1, 0)):
                weights = self.weights[rows, None] * feature
                if weights.any():
                    rest = features @ np.where(np.arange(len(found)) == number, 0, found)
                    found[number] = _right(squared, spread, weights, rest, feature)
        return found


def _right(squared: Array, spread: Array, weights: Array, rest: Array, feature: Array) -> float:
    """The slope of the scale with a feature (N, F) at which the weighted shares are right.

    Args:
        squared: as in `HeldOut`, of one joint.
        spread: the same.
        weights: (N, F), of the joints.
        rest: (N, F), log of the scale without the feature.
        feature: (N, F).
    """
    aim = sum(map(nominal, CALIBRATED_SIGMAS)) * weights.sum()
    low, high = -np.log(LARGEST_SCALE), np.log(LARGEST_SCALE)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        distances = _distances(squared, spread, (rest + middle * feature)[..., None])
        found = sum((weights * (distances <= sigma**2)).sum() for sigma in CALIBRATED_SIGMAS)
        low, high = (middle, high) if found < aim else (low, middle)
    return float((low + high) / 2)


def _distances(squared: Array, spread: Array, log_scale: Array) -> Array:
    """Squared Mahalanobis distances (...) with standard deviations times a factor (..., 1)."""
    return np.asarray((squared / (np.exp(2 * log_scale) + spread)).sum(-1))

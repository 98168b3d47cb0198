"""How right a fit is for people who were left out of it, and the scale that makes it right."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.training.calibration.coverage import nominal, person_weights
from diffhpe_ros.training.calibration.fit import SCALED_COLUMNS, Fit
from diffhpe_ros.training.calibration.likelihood import negative_log_likelihood
from diffhpe_ros.training.calibration.measured_errors import MeasuredErrors

Array = NDArray[np.float64]

MOST_PARTS = 6
"""Into as many parts are the people divided, each left out once."""
EVERYBODY = -1
"""Number of the part of a single or unknown person, who cannot be left out."""
CALIBRATED_SIGMAS = (1.0, 2.0)
"""Sigmas at which the shares are matched."""
LARGEST_SCALE = 10.0
_HALVINGS = 14
_SWEEPS = 8
"""Over the numbers of a scale: the constant and the slopes depend on each other."""


def parts_of(person: NDArray[np.str_]) -> NDArray[np.int64]:
    """(N,), number of the part to which the person of each window belongs."""
    people, number = np.unique(person, return_inverse=True)
    return np.full(len(person), EVERYBODY) if len(people) == 1 else number % MOST_PARTS


def others(measured: MeasuredErrors, part: int) -> MeasuredErrors:
    """All people but those of a part; of `EVERYBODY`, all."""
    return measured if part == EVERYBODY else measured.of(parts_of(measured.person) != part)


@dataclass(frozen=True)
class LeftOut:
    """How a covariance that does not know the person fits their joints."""

    squared: Array
    """(N, F, 16), squared Mahalanobis distances of the true joints."""
    stated: Array
    """(N, F, 16) metres, the error that the covariance states (root mean square)."""


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
    log_volume: Array
    """(N, F, 16), sum of the logs of the three standard deviations."""
    variance: Array
    """(N, F, 16) m², sum of the three variances."""
    part: NDArray[np.int64]
    """(N,), see `parts_of`."""
    weights: Array
    """(N,)"""

    @classmethod
    def of(cls, measured: MeasuredErrors, fits: Mapping[int, Fit]) -> "HeldOut":
        """Errors by the fits that do not know the person.

        Args:
            measured: of all people.
            fits: number of a part (`parts_of`) → the fit to all others; of `EVERYBODY`, to all.
        """
        part = parts_of(measured.person)
        std = np.empty_like(measured.errors)
        for number in set(part.tolist()):
            rows = part == number
            std[rows] = np.exp(fits[number].log_std_of(measured.of(rows)))
        relative = measured.errors / std
        squared = np.square(relative).sum(-1, keepdims=True)
        spread = np.zeros_like(squared)
        if measured.spread.any():
            whitened = measured.spread / (std[..., None] * std[..., None, :])
            spread, axes = np.linalg.eigh(whitened)
            squared = np.einsum("nfji,nfjik->nfjk", relative, axes) ** 2
        features = measured.features[..., SCALED_COLUMNS]
        features = np.concatenate([np.ones_like(features[..., :1]), features], -1)
        weights = person_weights(measured.person)
        volume, variance = np.log(std).sum(-1), np.square(std).sum(-1)
        return cls(squared, spread.clip(0), features, volume, variance, part, weights)

    @property
    def loss(self) -> float:
        """Mean negative log-likelihood of Student's t, without a constant."""
        distance = _distances(self.squared, self.spread, np.zeros((*self.log_volume.shape, 1)))
        log_volume = self.log_volume + 0.5 * np.log1p(self.spread).sum(-1)
        each = negative_log_likelihood(log_volume, distance)
        return float(self.weights @ each.mean((1, 2)) / self.weights.sum())

    def log_scales(self, rows: NDArray[np.bool_] | None = None) -> Array:
        """Logs of the factors on the standard deviations that are right for some windows (N,).

        Returns:
            (16, 1 + S), of each joint where the features are 0, and their slopes.
        """
        rows = np.ones(len(self.part), bool) if rows is None else rows
        return np.array([self._log_scale(rows, joint) for joint in range(self.squared.shape[2])])

    def left_out(self) -> "LeftOut":
        """With scales that do not know the person."""
        log_scale = np.empty(self.variance.shape)
        for number in set(self.part.tolist()):
            rows = self.part == number
            log_scales = self.log_scales(rows if number == EVERYBODY else ~rows)
            log_scale[rows] = (self.features[rows] * log_scales).sum(-1)
        squared = _distances(self.squared, self.spread, log_scale[..., None])
        return LeftOut(squared, np.sqrt(self.variance) * np.exp(log_scale))

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

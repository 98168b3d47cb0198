"""Fits the covariance of a model so that its ellipsoids contain the right share of true joints.

Standard deviations per joint and axis, and their growth with the variance features, are fitted by
maximum likelihood of Student's t, whose heavy tails limit the weight of the worst poses. Left and
right joints have the same. The fit is overconfident for new people. So it is repeated without each
person in turn, and the standard deviations of each joint are scaled until its ellipsoids of the
left-out people are right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.lifting import Lifter, ModelConfig
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.lifting.pipeline.coherence_limits import CoherenceLimits, VarianceFeature
from diffhpe_ros.lifting.pipeline.covariance import MOST_GROWTH
from diffhpe_ros.lifting.pipeline.variance_features import VARIANCE_FEATURES
from diffhpe_ros.skeleton import MIRRORED, NUM_JOINTS
from diffhpe_ros.training.calibration.calibration_data import Sample, sample
from diffhpe_ros.training.calibration.coverage import nominal, shares, squared_sigmas
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows

Array = NDArray[np.float64]

FREEDOM = 4.0
"""Degrees of freedom of Student's t."""
RIDGE = 0.002
"""Ridge penalty on the slopes."""
SCALES = np.exp(np.linspace(np.log(0.5), np.log(4.0), 100))
CALIBRATED_SIGMAS = (1.0, 2.0)
"""Sigmas at which the shares are matched."""
USUAL_PERCENTILE = 99.0
_LEAST_M = 1e-4
_PAIR = np.unique(np.minimum(range(NUM_JOINTS), MIRRORED)[1:], return_inverse=True)[1]
"""(16,) number of each joint without the root; the same for left and right."""


@dataclass(frozen=True)
class Fit:
    """Standard deviations and their growth with the variance features."""

    log_std: Array
    """(16, 3), metres, at the means of the features."""
    slopes: Array
    """(K, 2), across and along the line of sight."""
    means: Array
    """(K,), of the features."""

    def std(self, signs: Array) -> Array:
        """(N, F, 16, K) → (N, F, 16, 3) metres."""
        growth = np.nan_to_num(signs - self.means) @ self.slopes
        growth = growth.clip(-MOST_GROWTH, MOST_GROWTH)
        return np.asarray(np.exp(self.log_std + growth[..., [0, 0, 1]]))


def calibrated(
    model: Model, config: ModelConfig, truths: Sequence[LabelledWindows], device: str = "cpu"
) -> ModelConfig:
    """The configuration with fitted covariance and coherence limits.

    Args:
        model: with its final weights.
        config: of the model; its default preset is calibrated.
        truths: windows that it was not trained on, of several people if possible.
        device: cpu, cuda or cuda:N.
    """
    measured = sample(Lifter(model, config, device), truths)
    fitted = fit(measured)
    scales = held_out_scales(measured, fitted)
    std_mm = 1000 * scales[:, None] * np.exp(fitted.log_std)
    x, y, z = std_mm.round(1).T.tolist()
    rows = ((0.0, 0.0, 0.0), *zip(x, y, z, strict=True))
    signs = {
        name: VarianceFeature(*(round(float(x), 3) for x in (mean, *slopes)))
        for name, mean, slopes in zip(VARIANCE_FEATURES, fitted.means, fitted.slopes, strict=True)
    }
    usual = np.nanpercentile(measured.coherence_mm, USUAL_PERCENTILE, axis=0)
    return replace(
        config,
        residual_std_mm=rows,
        variance_features=signs,
        coherence_limits=CoherenceLimits(*(round(float(x), 1) for x in usual)),
    )


def fit(measured: Sample, rows: NDArray[np.bool_] | None = None) -> Fit:
    """Fit by maximum likelihood, with equal weight for each person.

    Args:
        measured: errors and features.
        rows: (N,), windows to use; default all.
    """
    rows = np.ones(len(measured.person), bool) if rows is None else rows
    signs = measured.signs[rows]
    known = np.isfinite(signs)
    means = np.where(known, signs, 0).sum((0, 1, 2)) / known.sum((0, 1, 2)).clip(1)
    above = torch.from_numpy(np.nan_to_num(signs - means))
    errors = torch.from_numpy(measured.errors[rows])
    spread = torch.from_numpy(measured.spread[rows]).diagonal(dim1=-2, dim2=-1)
    weights = torch.from_numpy(_weights(measured.person[rows]))

    first = [np.flatnonzero(pair == _PAIR)[0] for pair in range(_PAIR.max() + 1)]
    log_std = (errors.abs().mean((0, 1)) + _LEAST_M)[first].log().requires_grad_()
    slopes = torch.zeros(len(VARIANCE_FEATURES), 2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_std, slopes], max_iter=50, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        own = log_std[_PAIR] + (above @ slopes)[..., [0, 0, 1]]
        variance = (2 * own).exp() + spread
        squared = (errors**2 / variance).sum(-1)
        surprise = 0.5 * variance.log().sum(-1)
        surprise = surprise + 0.5 * (FREEDOM + 3) * torch.log1p(squared / FREEDOM)
        loss = (surprise.mean((1, 2)) * weights).sum() / weights.sum()
        loss = loss + RIDGE * (slopes**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    least = np.log(_LEAST_M)  # for joints without any error
    return Fit(log_std.detach().numpy()[_PAIR].clip(least), slopes.detach().numpy(), means)


def held_out_scales(measured: Sample, fitted: Fit) -> Array:
    """The factors (16,) on the standard deviations that are right for people outside of the fit.

    With a single or unknown person they are determined on the fitted windows.
    """
    people = np.unique(measured.person)
    std = fitted.std(measured.signs)
    if len(people) > 1:
        for person in people:
            left_out = measured.person == person
            std[left_out] = fit(measured, ~left_out).std(measured.signs[left_out])
    weights = _weights(measured.person)
    each = [
        _scale(measured, std, weights, np.equal(_PAIR, pair)) for pair in range(_PAIR.max() + 1)
    ]
    return np.array(each)[_PAIR]


def _scale(measured: Sample, std: Array, weights: Array, joints: NDArray[np.bool_]) -> float:
    """The factor on the standard deviations (N, F, 16, 3) that is right for some joints."""
    aims = np.array([nominal(sigma) for sigma in CALIBRATED_SIGMAS])
    errors, spread = measured.errors[:, :, joints], measured.spread[:, :, joints]

    def off(scale: float) -> float:
        covariance = spread + np.square(scale * std[:, :, joints])[..., None] * np.eye(3)
        found = shares(squared_sigmas(errors, covariance), CALIBRATED_SIGMAS, weights)
        return float(np.abs(found - aims).max())

    return float(min(SCALES, key=off))


def _weights(person: NDArray[np.str_]) -> Array:
    """Weights (N,), with equal sums for each person."""
    _, which, count = np.unique(person, return_inverse=True, return_counts=True)
    return np.asarray(1 / count[which])

"""Fits the statistics of a detector's errors to detected and true joints."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.training.detector_errors.compare import DetectorErrors, relative_errors
from diffhpe_ros.training.detector_errors.joints import DETECTED_JOINTS, LIMBS, PARTS, part_of
from diffhpe_ros.training.detector_errors.measure import DetectorMeasurements
from diffhpe_ros.training.detector_errors.offsets import fit_offsets
from diffhpe_ros.training.detector_errors.statistics import ErrorStatistics, PartErrors

Array = NDArray[np.float64]

OUTLIER = 3.4  # medians; one in 3000 Gaussian errors is larger
LAGS = 20
NEWTON_STEPS = 15


def fit(measured: DetectorMeasurements) -> ErrorStatistics:
    """Fit the whole model."""
    offsets = fit_offsets(measured)
    return fit_statistics(relative_errors(measured, offsets), offsets)


def fit_statistics(errors: DetectorErrors, offsets: Tensor) -> ErrorStatistics:
    """The statistics of errors relative to the offsets (14, 3)."""
    outlier, limits = find_outliers(errors)
    size = np.linalg.norm(errors.offset, axis=-1)
    steady = np.where(outlier[..., None], np.nan, errors.offset)
    lags = {part: autocovariance(steady[:, :, _rows(part)]) for part in PARTS}
    correlation = _smooth_correlation(list(lags.values()))
    logits, slope = fit_dropout(size, errors.unseen)
    parts = {}
    for part in PARTS:
        rows = _rows(part)
        far = outlier[:, :, rows]
        constant, smooth, white = _split(lags[part], correlation)[0]
        excess = size[:, :, rows][far] - limits[part]
        parts[part] = PartErrors(
            offset=tuple(offsets[rows[0]].tolist()),
            constant=constant,
            smooth=smooth,
            white=white,
            outlier_share=float(far.sum() / np.isfinite(size[:, :, rows]).sum()),
            outlier_from=limits[part],
            outlier_excess=float(excess.mean()) if far.any() else limits[part],
            miss_logit=logits[part],
        )
    chance = expit(logits_of(size, logits, slope))
    share = np.array([parts[part_of(row)].outlier_share for row in range(len(DETECTED_JOINTS))])
    swap_share = errors.swapped.sum((0, 1)) / np.maximum(errors.apart.sum((0, 1)), 1)
    return ErrorStatistics(
        parts=parts,
        smooth_correlation=correlation,
        head_correlation=_head_correlation(steady),
        outlier_change=_change(outlier, share, np.isfinite(size)),
        swap_share=dict(zip(LIMBS, swap_share.tolist(), strict=True)),
        swap_change=_change(errors.swapped, swap_share, errors.apart),
        miss_slope=slope,
        miss_change=_change(errors.unseen, chance, np.isfinite(size)),
    )


def _rows(part: str) -> list[int]:
    """Indices of a part's joints in `DETECTED_JOINTS`."""
    return [DETECTED_JOINTS.index(joint) for joint in PARTS[part]]


def find_outliers(errors: DetectorErrors) -> tuple[NDArray[np.bool_], dict[str, float]]:
    """Outliers (C, L, 14), and the limit of each part."""
    size = np.linalg.norm(errors.offset, axis=-1)
    limits = {part: OUTLIER * float(np.nanmedian(size[:, :, _rows(part)])) for part in PARTS}
    limit = np.array([limits[part_of(row)] for row in range(len(DETECTED_JOINTS))])
    return size > limit, limits


def autocovariance(errors: Array) -> Array:
    """Mean products (LAGS,) of errors (C, L, j, 2) some frames apart; unknown errors are left out.

    The mean is not subtracted: a constant offset over a window is an error, too.
    """
    frames = errors.shape[1]
    lags = range(min(LAGS, frames))
    return np.array([np.nanmean(errors[:, : frames - lag] * errors[:, lag:]) for lag in lags])


def _head_correlation(steady: Array) -> float:
    """The correlation of the errors (C, L, 14, 2) of nose and eyes."""
    nose, eyes = (steady[:, :, DETECTED_JOINTS.index(*PARTS[part])] for part in ("nose", "eyes"))
    spread = np.sqrt(np.nanmean(nose**2) * np.nanmean(eyes**2))
    return float(np.nanmean(nose * eyes) / max(spread, 1e-12))


def _smooth_correlation(lags: list[Array]) -> float:
    """The frame-to-frame correlation that fits all parts best."""
    grid = np.linspace(0.3, 0.97, 68)
    misfit = [sum(_split(part, each)[1] / part[0] ** 2 for part in lags) for each in grid]
    return float(grid[int(np.argmin(misfit))])


def _split(lags: Array, correlation: float) -> tuple[tuple[float, float, float], float]:
    """Standard deviations (constant, smooth, white) with these autocovariances, and the misfit.

    C(k) = constant² + smooth² correlation^k, plus white² at k = 0.
    """
    lag = np.arange(1, len(lags))
    both = np.stack([np.ones_like(lag, np.float64), correlation**lag], -1)
    best, misfit = np.zeros(2), float((lags[1:] ** 2).sum())
    for columns in ([0], [1], [0, 1]):  # least squares without negative variances
        variance = np.zeros(2)
        variance[columns] = np.linalg.lstsq(both[:, columns], lags[1:], rcond=None)[0]
        rest = float(((both @ variance - lags[1:]) ** 2).sum())
        if (variance >= 0).all() and rest < misfit:
            best, misfit = variance, rest
    constant, smooth, white = np.sqrt([*best, max(lags[0] - best.sum(), 0.0)])
    return (float(constant), float(smooth), float(white)), misfit


def _change(state: NDArray[np.bool_], chance: Any, known: NDArray[np.bool_]) -> float:
    """The `change` of `model.hold_draws` that reproduces the duration of a state (C, L, n).

    Let p and q be the chances of the state in two consecutive frames. Both have the state with
    probability min(p, q) if the draw is kept, and pq if it is drawn again.

    Args:
        state: the state.
        chance: of the state, (C, L, n) or broadcastable to it.
        known: frames that count.
    """
    pairs = known[:, :-1] & known[:, 1:]
    both = int((state[:, :-1] & state[:, 1:] & pairs).sum())
    chance = np.where(known, np.broadcast_to(chance, state.shape), 0.0)
    first, second = chance[:, :-1][pairs], chance[:, 1:][pairs]
    kept, anew = np.minimum(first, second).sum(), (first * second).sum()
    return float(np.clip((kept - both) / (kept - anew), 0.02, 1.0)) if kept > anew else 1.0


def fit_dropout(size: Array, unseen: NDArray[np.bool_]) -> tuple[dict[str, float], float]:
    """Logistic regression of being unseen (C, L, 14) on log(error in %): logits of parts, slope.

    It is solved by Newton's method. Half a seen case and half an unseen case are added for every
    part, so that a part that is always seen has a finite logit.
    """
    names = list(PARTS)
    part = np.array([names.index(part_of(row)) for row in range(len(DETECTED_JOINTS))])
    known = np.isfinite(size)
    which = np.broadcast_to(part, size.shape)[known]
    features = np.concatenate([np.eye(len(names))[which], _log_percent(size[known])[:, None]], 1)
    prior = np.concatenate([np.eye(len(names)), np.zeros((len(names), 1))], 1)
    x = np.concatenate([features, prior, prior])
    y = np.concatenate([unseen[known], np.ones(len(names)), np.zeros(len(names))])
    weight = np.concatenate([np.ones(len(features)), np.full(2 * len(names), 0.5)])
    theta = np.zeros(x.shape[1])
    for _ in range(NEWTON_STEPS):
        chance = expit(x @ theta)
        curvature = (x * (weight * chance * (1 - chance) + 1e-9)[:, None]).T @ x
        theta += np.linalg.solve(curvature, x.T @ (weight * (y - chance))).clip(-2, 2)
    return dict(zip(names, theta[:-1].tolist(), strict=True)), float(theta[-1])


def _log_percent(size: Array) -> Array:
    return np.log(100 * np.maximum(size, 1e-4))


def logits_of(size: Array, logits: dict[str, float], slope: float) -> Array:
    """Logits (C, L, 14) of being unseen."""
    offsets = np.array([logits[part_of(row)] for row in range(len(DETECTED_JOINTS))])
    return offsets + slope * _log_percent(size)


def expit(logit: Array) -> Array:
    """1 / (1 + e^-x)."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logit))

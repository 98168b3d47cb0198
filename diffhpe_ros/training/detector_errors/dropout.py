"""How likely a joint is unseen, given how large its error is."""

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.training.detector_errors.joints import FOUND, PARTS, part_of

Array = NDArray[np.float64]

ROUNDS = 15


def fit_misses(size: Array, unseen: NDArray[np.bool_]) -> tuple[dict[str, float], float]:
    """Logistic regression of being unseen (C, L, 14) on log(error in %): logits of parts, slope.

    By Newton's method; half a case seen and half a case unseen are added for every part, so that
    a part that is always seen has a finite logit.
    """
    names = list(PARTS)
    part = np.array([names.index(part_of(row)) for row in range(len(FOUND))])
    known = np.isfinite(size)
    which = np.broadcast_to(part, size.shape)[known]
    features = np.concatenate([np.eye(len(names))[which], _log_percent(size[known])[:, None]], 1)
    prior = np.concatenate([np.eye(len(names)), np.zeros((len(names), 1))], 1)
    x = np.concatenate([features, prior, prior])
    y = np.concatenate([unseen[known], np.ones(len(names)), np.zeros(len(names))])
    weight = np.concatenate([np.ones(len(features)), np.full(2 * len(names), 0.5)])
    theta = np.zeros(x.shape[1])
    for _ in range(ROUNDS):
        chance = expit(x @ theta)
        curvature = (x * (weight * chance * (1 - chance) + 1e-9)[:, None]).T @ x
        theta += np.linalg.solve(curvature, x.T @ (weight * (y - chance))).clip(-2, 2)
    return dict(zip(names, theta[:-1].tolist(), strict=True)), float(theta[-1])


def _log_percent(size: Array) -> Array:
    return np.log(100 * np.maximum(size, 1e-4))


def logits_of(size: Array, logits: dict[str, float], slope: float) -> Array:
    """Logits (C, L, 14) of being unseen."""
    return np.array([logits[part_of(row)] for row in range(len(FOUND))]) + slope * _log_percent(
        size
    )


def expit(logit: Array) -> Array:
    """1 / (1 + e^-x)."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logit))

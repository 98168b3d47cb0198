"""Share of true joints in covariance ellipsoids."""

from collections.abc import Sequence
from math import erf, exp, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGMAS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


def nominal(sigma: float) -> float:
    """Share of a three-dimensional Gaussian within some sigmas (chi-square, 3 degrees).

    19.9 % within one, 73.9 % within two, 97.1 % within three.
    """
    return erf(sigma / sqrt(2)) - sqrt(2 / pi) * sigma * exp(-(sigma**2) / 2)


def squared_sigmas(errors: NDArray[Any], covariance: NDArray[Any]) -> NDArray[np.float64]:
    """Squared Mahalanobis distance of the errors.

    Args:
        errors: (..., 3).
        covariance: (..., 3, 3), not singular.

    Returns:
        (...).
    """
    errors, covariance = errors.astype(np.float64), covariance.astype(np.float64)
    solved = np.linalg.solve(covariance, errors[..., None])[..., 0]
    return np.asarray((errors * solved).sum(-1))


def shares(squared: NDArray[Any], sigmas: Sequence[float]) -> list[float]:
    """Share of the joints within each number of sigmas.

    Args:
        squared: (N, ...), what `squared_sigmas` gives.
        sigmas: of the ellipsoids.
    """
    return [float((squared <= sigma**2).mean()) for sigma in sigmas]


def person_weights(person: NDArray[np.str_]) -> NDArray[np.float64]:
    """Weights (N,) of windows by who is seen, with equal sums for each person."""
    _, which, count = np.unique(person, return_inverse=True, return_counts=True)
    return np.asarray(1 / count[which])

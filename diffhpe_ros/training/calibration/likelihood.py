"""Standard deviations that grow with variance features, by maximum likelihood of Student's t."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.lifting.arrays import library_of

Array = NDArray[np.float64]

FREEDOM = 4.0
"""Degrees of freedom of Student's t: its heavy tails limit the weight of the worst poses."""
_ITERATIONS = 30


@dataclass(frozen=True)
class JointErrors:
    """Errors of J joints in N windows at F frames, with their K features."""

    squared: NDArray[np.float32]
    """(N, F, J, 3) m²."""
    spread: NDArray[np.float32]
    """(N, F, J, 3) m², variance of the hypotheses."""
    above: NDArray[np.float32]
    """(N, F, J, K), the features less their means."""
    weights: NDArray[np.float32]
    """(N,), of the windows; they add up to 1."""
    groups: NDArray[np.int64]
    """(J,), which joints have the same standard deviations: 0, 1, and so on."""

    def of(self, joints: NDArray[np.bool_]) -> "JointErrors":
        """Some of the joints (J,), as one group."""
        return JointErrors(
            self.squared[:, :, joints],
            self.spread[:, :, joints],
            self.above[:, :, joints],
            self.weights,
            np.zeros(joints.sum(), np.int64),
        )


def most_likely(
    errors: JointErrors, log_std: Array, slopes: Array, ridge: float
) -> tuple[Array, Array]:
    """Standard deviations and slopes of the largest likelihood.

    Args:
        errors: of the joints.
        log_std: (G, 3), log of metres, of each group, to begin with.
        slopes: (K, 3), of each axis, to begin with.
        ridge: penalty on the squared distance of the slopes from those.

    Returns:
        log_std and slopes.
    """
    found = [torch.from_numpy(each.copy()).requires_grad_() for each in (log_std, slopes)]
    optimizer = torch.optim.LBFGS(found, max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        own_std, own_slopes = (each.detach().numpy() for each in found)
        loss, by_std, by_slopes = _loss(errors, own_std, own_slopes)
        apart = own_slopes - slopes
        for parameter, gradient in zip(found, (by_std, by_slopes + 2 * ridge * apart), strict=True):
            parameter.grad = torch.from_numpy(gradient)
        return torch.tensor(loss + ridge * float(np.square(apart).sum()))

    optimizer.step(closure)
    std, slopes = (each.detach().numpy() for each in found)
    return std, slopes


def negative_log_likelihood(log_volume: Any, distance: Any) -> Any:
    """Of errors as Student's t, without a constant; of numpy's arrays or torch's tensors.

    Args:
        log_volume: (...), sum of the logs of the three standard deviations.
        distance: (...), squared Mahalanobis distance.
    """
    log1p = library_of(distance).log1p
    return log_volume + 0.5 * (FREEDOM + 3) * log1p(distance / FREEDOM)


def _loss(errors: JointErrors, log_std: Array, slopes: Array) -> tuple[float, Array, Array]:
    """Mean negative log-likelihood, and its gradients.

    By hand in single precision, which takes a tenth of the time of torch's own gradients.
    """
    _, frames, joints, features = errors.above.shape
    log_own = errors.above @ slopes.astype(np.float32)
    log_own += log_std[errors.groups].astype(np.float32)
    own = np.exp(2 * log_own)
    variance = own + errors.spread
    relative = errors.squared / variance
    distance = relative.sum(-1)
    each = negative_log_likelihood(0.5 * np.log(variance).sum(-1), distance)
    weights = errors.weights / (frames * joints)
    pull: NDArray[Any] = 1 - (FREEDOM + 3) / (FREEDOM + distance)[..., None] * relative
    pull *= own / variance * weights[:, None, None, None]
    by_std = np.zeros_like(log_std)
    np.add.at(by_std, errors.groups, pull.sum((0, 1)).astype(np.float64))
    by_slopes = errors.above.reshape(-1, features).T @ pull.reshape(-1, 3)
    return float(weights @ each.sum((1, 2))), by_std, by_slopes.astype(np.float64)

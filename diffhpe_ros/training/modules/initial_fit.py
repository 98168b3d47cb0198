"""Initial distributions of DiffPose, fitted offline to the errors of its encoder."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.lifting.models.diffpose.initial import (
    CLASSES,
    HIDDEN,
    SEEN,
    SIDES,
    side_of,
    visibility_of,
)
from diffhpe_ros.lifting.models.diffpose.model import DiffPose
from diffhpe_ros.skeleton import HIP, NUM_JOINTS
from diffhpe_ros.training.datasets.batches import WindowSource

FIRST_BATCH = 10_000_000
"""Number of the first batch for the fit, beyond the batches of any training."""
FRAME_STEP = 9
"""Every ninth frame is used: errors of neighbouring frames are correlated."""
FEWEST = 200
"""Fewest errors for a class; with fewer, a wider class is used."""
LEAST_STD = 0.01
"""Least standard deviation of a component, metres."""
JITTER = 1e-3
"""Added to the diagonal to keep the correlation of frames positive definite."""


class InitialFit(Protocol):
    """Fits the initial distribution of a model before its training."""

    def __call__(self, model: DiffPose, source: WindowSource) -> None:
        """Fill the model's buffers.

        Args:
            model: contains its trained encoder.
            source: gives training windows.
        """


class EncoderErrors(NamedTuple):
    """Errors of the encoder on training windows."""

    errors: NDArray[np.float64]
    """(N, L, 17, 3) metres, truth minus pose, in the model's view."""
    visibility: NDArray[np.int64]
    """(N, L, 17)."""
    side: NDArray[np.int64]
    """(N, L, 17)."""


@dataclass(frozen=True)
class MixtureFit:
    """A mixture by EM for each class: joint, visibility, side of the parent."""

    batches: int = 64
    """Batches for the fit."""
    seed: int = 0

    def __call__(self, model: DiffPose, source: WindowSource) -> None:
        """See `InitialFit`."""
        found = measure(model, source, self.batches)
        initial, components = model.initial, model.initial.weights.shape[-1]
        for joint in range(NUM_JOINTS):
            for visibility in range(SEEN, HIDDEN + 1):
                for side in range(SIDES):
                    errors = _of_class(found, joint, visibility, side)
                    weights, means, covariances = _mixture(errors, components, self.seed)
                    here = (joint, visibility, side)
                    initial.weights[here] = torch.from_numpy(weights)
                    initial.means[here] = torch.from_numpy(means)
                    initial.factors[here] = torch.from_numpy(np.linalg.cholesky(covariances))
        initial.time.copy_(correlated(found.errors))


@dataclass(frozen=True)
class GaussianFit:
    """One Gaussian around the encoder's pose for each joint, regardless of its visibility."""

    batches: int = 64
    """Batches for the fit."""

    def __call__(self, model: DiffPose, source: WindowSource) -> None:
        """See `InitialFit`."""
        found = measure(model, source, self.batches)
        of_joint = found.errors.reshape(-1, NUM_JOINTS, 3)
        covariance = np.einsum("njc,njd->jcd", of_joint, of_joint) / len(of_joint)
        covariance += LEAST_STD**2 * np.eye(3)
        factors = torch.from_numpy(np.linalg.cholesky(covariance)).float()
        model.initial.factors.copy_(factors[:, None, None, None].expand_as(model.initial.factors))
        model.initial.time.copy_(correlated(found.errors))


@dataclass(frozen=True)
class PureNoiseFit:
    """White noise around the root, independent of the window, as in DiffHPE."""

    std: float = 0.28
    """Standard deviation of pose coordinates, metres."""

    def __call__(self, model: DiffPose, source: WindowSource) -> None:
        """See `InitialFit`."""
        model.initial.factors.mul_(self.std)
        model.initial.centre.zero_()


def measure(model: DiffPose, source: WindowSource, batches: int) -> EncoderErrors:
    """The encoder's errors on a number of training batches."""
    parts = []
    for number in range(FIRST_BATCH, FIRST_BATCH + batches):
        # Batches may be made on a GPU, to which the model has not been moved yet.
        x_2d, poses = (each.to(model.initial.means.device) for each in source.batch(number))
        pose = model.encode(x_2d).pose
        parts.append([poses - pose, visibility_of(x_2d), side_of(pose)])
    errors, visibility, side = (torch.cat(each).cpu() for each in zip(*parts, strict=True))
    return EncoderErrors(errors.double().numpy(), visibility.numpy(), side.numpy())


def correlated(errors: NDArray[np.float64]) -> Tensor:
    """(L, L): lower triangular factor of the correlation of errors (N, L, 17, 3) between frames."""
    errors = np.delete(errors, HIP, 2)
    errors = errors / errors.std((0, 1), keepdims=True)
    together = np.einsum("nljc,nkjc->lk", errors, errors)
    together /= np.sqrt(np.outer(np.diag(together), np.diag(together)))
    together = (together + JITTER * np.eye(len(together))) / (1 + JITTER)
    return torch.from_numpy(np.linalg.cholesky(together)).float()


def _of_class(found: EncoderErrors, joint: int, visibility: int, side: int) -> NDArray[np.float64]:
    """(N, 3) errors of a class, or of the smallest wider class with `FEWEST` errors."""
    frames = slice(FRAME_STEP // 2, None, FRAME_STEP)
    errors = found.errors[:, frames, joint]
    seen, sides = found.visibility[:, frames, joint], found.side[:, frames, joint]
    is_seen = (seen > SEEN) == (visibility > SEEN)
    for chosen in ((seen == visibility) & (sides == side), seen == visibility, is_seen):
        if chosen.sum() >= FEWEST:
            return errors[chosen]
    return errors.reshape(-1, 3)


def _mixture(
    errors: NDArray[np.float64], components: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Weights (M,), means (M, 3) and covariances (M, 3, 3), sorted by the means' depth."""
    from sklearn.mixture import GaussianMixture  # imported here, since only a new mixture needs it

    if np.ptp(errors) == 0:  # the root, which has no error
        point = np.full(components, 1 / components), np.tile(errors[0], (components, 1))
        return *point, np.tile(LEAST_STD**2 * np.eye(3), (components, 1, 1))
    fitted = GaussianMixture(components, reg_covar=LEAST_STD**2, random_state=seed).fit(errors)
    order = np.argsort(fitted.means_[:, 2])
    return fitted.weights_[order], fitted.means_[order], fitted.covariances_[order]


assert CLASSES == (NUM_JOINTS, HIDDEN + 1, SIDES)

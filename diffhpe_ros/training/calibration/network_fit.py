"""The variance network, trained on what the variance features leave open."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from diffhpe_ros.lifting.pipeline.variance_features import MOST_GROWTH
from diffhpe_ros.lifting.pipeline.variance_network import LARGEST_INPUT, VarianceNetwork, mirrored
from diffhpe_ros.skeleton import MIRRORED, NUM_JOINTS
from diffhpe_ros.training.calibration.coverage import person_weights
from diffhpe_ros.training.calibration.fit import Fit, squared_errors
from diffhpe_ros.training.calibration.likelihood import negative_log_likelihood
from diffhpe_ros.training.calibration.measured_errors import MeasuredErrors

HIDDEN = 64
EPOCHS = 8
BATCH = 128
"""Windows."""
FEWEST_STEPS = 200
LEARNING_RATE = 4e-3
"""Largest of one cycle."""
WEIGHT_DECAY = 0.05
SEED = 0
_SIDES = [joint - 1 for joint in MIRRORED[1:]]
"""Number of the mirrored joint, without the root."""


def with_network(fitted: Fit, measured: MeasuredErrors) -> Fit:
    """The fit with a network for the factors by which its standard deviations are off.

    It is trained by the likelihood of `fit`, with equal weight for each person, and on the mirrored
    windows as much as on the windows themselves.
    """
    data = _Data.of(fitted, measured)
    with _one_thread():
        return replace(fitted, network=data.without_torch(_train(data)))


def _train(data: "_Data") -> "_Network":
    generator = torch.Generator().manual_seed(SEED)
    network = _Network(data.body.shape[-1], data.own.shape[-1], generator)
    steps = max(FEWEST_STEPS, EPOCHS * len(data) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(steps):
        rows = torch.randint(len(data), (min(BATCH, len(data)),), generator=generator)
        side = torch.randint(2, rows.shape, generator=generator)
        loss = data.loss(network, side, rows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network


@contextmanager
def _one_thread() -> Iterator[None]:
    """Products this small are not worth waiting for other threads, least of all on a busy CPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Network(nn.Module):
    """`VarianceNetwork` on standardized inputs; at first its factors are 1."""

    def __init__(self, body: int, features: int, generator: torch.Generator) -> None:
        super().__init__()

        def normal(*shape: int, std: float) -> nn.Parameter:
            return nn.Parameter(std * torch.randn(shape, generator=generator))

        joints = NUM_JOINTS - 1
        self.body_weight = normal(body, HIDDEN, std=body**-0.5)
        self.feature_weight = normal(features, HIDDEN, std=features**-0.5)
        self.hidden_bias = normal(joints, HIDDEN, std=0.3)
        self.output_weight = nn.Parameter(torch.zeros(joints, HIDDEN, 3))
        self.output_bias = nn.Parameter(torch.zeros(joints, 3))

    def forward(self, body: Tensor, own: Tensor) -> Tensor:
        """(B, F, 17 · JOINT_INPUTS) and (B, F, 16, K) → (B, F, 16, 3)."""
        hidden = (body @ self.body_weight)[:, :, None] + own @ self.feature_weight
        hidden = torch.relu(hidden + self.hidden_bias)
        return torch.einsum("bfjh,jha->bfja", hidden, self.output_weight) + self.output_bias


@dataclass(frozen=True)
class _Data:
    """Windows and their mirror images, each (2, N, ...)."""

    body: Tensor
    """(2, N, F, 17 · JOINT_INPUTS), standardized."""
    own: Tensor
    """(2, N, F, 16, K), standardized."""
    log_std: Tensor
    """(2, N, F, 16, 3), of the fit."""
    squared: Tensor
    """(2, N, F, 16, 3), m²."""
    spread: Tensor
    """(2, N, F, 16, 3), m², variance of the hypotheses."""
    weights: Tensor
    """(N,), 1 on average."""
    body_mean: NDArray[np.float32]
    body_std: NDArray[np.float32]
    feature_std: NDArray[np.float32]

    @classmethod
    def of(cls, fitted: Fit, measured: MeasuredErrors) -> "_Data":
        above = fitted.above(measured).astype(np.float32)
        body = np.stack([measured.body, mirrored(measured.body)])
        body = body.reshape(*body.shape[:-2], -1)
        mean, std = body.mean((0, 1, 2)), body.std((0, 1, 2))
        std = np.where(std > 0, std, 1).astype(np.float32)  # the root does not move
        feature_std = above.std((0, 1, 2))
        feature_std = np.where(feature_std > 0, feature_std, 1).astype(np.float32)
        weights = person_weights(measured.person)
        return cls(
            torch.from_numpy((body - mean) / std).clamp(-LARGEST_INPUT, LARGEST_INPUT),
            _both(above / feature_std).clamp(-LARGEST_INPUT, LARGEST_INPUT),
            _both(fitted.log_std_of(measured).astype(np.float32)),
            _both(squared_errors(measured)),
            _both(measured.spread.diagonal(axis1=-2, axis2=-1).astype(np.float32)),
            torch.from_numpy((weights / weights.mean()).astype(np.float32)),
            mean,
            std,
            feature_std,
        )

    def __len__(self) -> int:
        return len(self.weights)

    def loss(self, network: _Network, side: Tensor, rows: Tensor) -> Tensor:
        """Mean negative log-likelihood of some windows, or their mirror images."""
        at = side, rows
        factors = network(self.body[at], self.own[at]).clamp(-MOST_GROWTH, MOST_GROWTH)
        variance = torch.exp(2 * (self.log_std[at] + factors)) + self.spread[at]
        distance = (self.squared[at] / variance).sum(-1)
        each = negative_log_likelihood(0.5 * torch.log(variance).sum(-1), distance)
        return (each.mean((1, 2)) * self.weights[rows]).mean()

    def without_torch(self, network: _Network) -> VarianceNetwork:
        weights = {name: value.detach().numpy() for name, value in network.named_parameters()}
        return VarianceNetwork(self.body_mean, self.body_std, self.feature_std, **weights)


def _both(values: NDArray[np.float32]) -> Tensor:
    """Values of joints (N, F, 16, ...), and those of the mirrored joints."""
    return torch.from_numpy(np.stack([values, values[:, :, _SIDES]]))

"""DiffHPE: 2D windows and noisy poses → less noisy poses (Rommel et al., ICCVW 2023).

DiffHPE-2D sees the 2D keypoints themselves, DiffHPE-Wrapper the features of a frozen MixSTE.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.diffusion.parameterisation import (
    Parameterisation,
    Prediction,
    PredictNoise,
)
from diffhpe_ros.lifting.diffusion.schedule import CosineSchedule
from diffhpe_ros.lifting.models.base import DiffusionModel
from diffhpe_ros.lifting.models.denoiser import Denoiser
from diffhpe_ros.lifting.models.mixste import MixSTETrunk, PoseHead


class DiffHPE(DiffusionModel, nn.Module, ABC):
    """The base of both models: a condition, a denoiser, the schedule and the parameterisation."""

    def __init__(
        self,
        denoiser: Denoiser,
        parameterisation: Parameterisation | None = None,
        pose_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.schedule = CosineSchedule(len(denoiser.diffusion_embedding.table))
        self.parameterisation = parameterisation or PredictNoise()
        self.pose_scale = pose_scale

    @abstractmethod
    def condition(self, x_2d: Tensor) -> Tensor:
        """(B, 27, 17, 2) in the model's input view → (B, 27, 17, F), once per window."""

    @abstractmethod
    def denoiser_input(self, x_t: Tensor, condition: Tensor) -> Tensor:
        """Noisy poses (B, 27, 17, 3) and their condition → (B, 27, 17, inputs)."""

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """The denoiser's own output (B, 27, 17, 3) for x_t at zero-based steps t (B,)."""
        return self.denoiser(self.denoiser_input(x_t, condition), t)

    def predict(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Prediction:
        """Clean poses and noise of x_t (B, 27, 17, 3) at zero-based steps t (B,)."""
        return self.read(self(x_t, t, condition), x_t, t)

    def denoise_with(self, condition: Tensor) -> Callable[[Tensor, int | Tensor], Prediction]:
        """The function that samplers call, given the condition of each pose."""
        return self.denoise_by(lambda x_t, t: self(x_t, t.expand(len(x_t)), condition))

    def predict_noise(self, x_t: Tensor, t: Tensor, x_2d: Tensor) -> Tensor:
        """ε (B, 27, 17, 3) in x_t at zero-based steps t (B,), given x_2d (B, 27, 17, 2)."""
        return self.predict(x_t, t, self.condition(x_2d)).noise


class DiffHPE2D(DiffHPE):
    """Conditioned on the 2D keypoints."""

    def condition(self, x_2d: Tensor) -> Tensor:
        """The keypoints themselves."""
        return x_2d

    def denoiser_input(self, x_t: Tensor, condition: Tensor) -> Tensor:
        """(B, 27, 17, 5): the pose, then the keypoints."""
        return torch.cat([x_t, condition], -1)


class DiffHPEWrapper(DiffHPE):
    """Conditioned on the features of a frozen MixSTE.

    With a `backbone_share` s, its output is a weighted mean of two lifters that share a trunk, the
    denoiser and MixSTE's own head: (1 - s)·denoiser(x_t, t, features) + s·head(features). Their
    errors differ, so the mean is more accurate than either.

    Args:
        trunk: the trained MixSTE without its last linear layer.
        denoiser: has twice the trunk's channels as inputs.
        parameterisation: of the denoiser's output; the noise by default.
        pose_scale: metres per unit of the diffused poses.
        backbone_share: s, the weight of MixSTE's pose; None for none, as published. It requires
            that the denoiser predicts the pose.
    """

    def __init__(
        self,
        trunk: MixSTETrunk,
        denoiser: Denoiser,
        parameterisation: Parameterisation | None = None,
        pose_scale: float = 1.0,
        backbone_share: float | None = None,
    ) -> None:
        super().__init__(denoiser, parameterisation, pose_scale)
        self.trunk = trunk.requires_grad_(False)
        channels = trunk.head_norm.normalized_shape[0]
        self.pose_encoder = nn.Linear(3, channels)
        self.backbone_share = backbone_share
        if backbone_share is not None:
            self.head = PoseHead(channels).requires_grad_(False)

    def train(self, mode: bool = True) -> "DiffHPEWrapper":
        """Set the mode of all parts except the trunk, which stays in evaluation mode."""
        super().train(mode)
        self.trunk.eval()
        return self

    def condition(self, x_2d: Tensor) -> Tensor:
        """MixSTE's features."""
        with torch.no_grad():
            return self.trunk(x_2d)

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """See `DiffHPE.forward` and the class."""
        output = super().forward(x_t, t, condition)
        if self.backbone_share is None:
            return output
        poses = self.head(condition)
        poses = (poses - poses[:, :, :1]) / self.pose_scale
        return (1 - self.backbone_share) * output + self.backbone_share * poses

    def denoiser_input(self, x_t: Tensor, condition: Tensor) -> Tensor:
        """(B, 27, 17, 2 C): the encoded pose, then the features."""
        return torch.cat([self.pose_encoder(x_t), condition], -1)

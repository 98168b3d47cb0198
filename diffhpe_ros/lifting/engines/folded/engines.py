"""Engines on torch: trained networks, folded into fewer and larger operations."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.engines.folded.buffers import keep, linear
from diffhpe_ros.lifting.engines.folded.denoiser import FoldedDenoiser
from diffhpe_ros.lifting.engines.folded.trunk import FoldedTrunk
from diffhpe_ros.lifting.engines.folding.networks import (
    DiffHPEWeights,
    MixSTEWeights,
    WrapperEncoderWeights,
    fold_weights,
)
from diffhpe_ros.lifting.skeleton_graph import PART_ORDER
from diffhpe_ros.lifting.weights import Affine, Weights
from diffhpe_ros.skeleton import HIP


class FoldedMixSTE(nn.Module):
    """MixSTE: windows (B, L, J, 2) → poses (B, L, J, 3)."""

    def __init__(self, network: MixSTEWeights) -> None:
        super().__init__()
        self.trunk = FoldedTrunk(network.trunk)
        self.head = linear(network.head)

    def forward(self, x_2d: Tensor) -> Tensor:
        """See the class."""
        return self.head(self.trunk(x_2d.permute(2, 1, 0, 3))).permute(2, 1, 0, 3)


class FoldedDiffHPE(nn.Module, ABC):
    """A condition, encoded once per window, and a denoiser for many poses per window.

    Args:
        network: its folded weights.
    """

    order: Tensor
    back: Tensor
    from_pose: Tensor

    def __init__(self, network: DiffHPEWeights) -> None:
        super().__init__()
        order = torch.tensor(PART_ORDER)
        self.register_buffer("order", order)
        self.register_buffer("back", order.argsort())
        self.denoiser = FoldedDenoiser(network.denoiser)
        keep(self, from_pose=network.from_pose)

    @abstractmethod
    def condition(self, x_2d: Tensor) -> Tensor:
        """(B, L, J, 2) in the model's input view → the windows' part (J, L, B, C).

        A wrapper may add 3 channels: its backbone's poses, which are added to the output.
        """

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """The denoiser's output (N, L, J, 3), as `DiffHPE.forward`.

        Args:
            x_t: (N, L, J, 3), with the N / B hypotheses of a window next to each other.
            t: zero-based steps (N,), or (1,) for all.
            condition: (J, L, B, C), or C + 3 channels.
        """
        joints, frames, windows, _ = condition.shape
        channels = self.from_pose.shape[1]
        poses = self._joints_first(x_t)
        x = (poses @ self.from_pose).view(joints, frames, windows, -1, channels)
        x = x.add_(condition[:, :, :, None, :channels]).relu_().flatten(2, 3)
        output = self.denoiser(x, t)
        if condition.shape[-1] > channels:
            each = output.view(joints, frames, windows, -1, 3) + condition[:, :, :, None, channels:]
            output = each.flatten(2, 3)
        return output[self.back].permute(2, 1, 0, 3)

    def _joints_first(self, x: Tensor) -> Tensor:
        """(N, L, J, F) → (J, L, N, F), joints in part order."""
        return x[:, :, self.order].permute(2, 1, 0, 3).contiguous()


class FoldedDiffHPE2D(FoldedDiffHPE):
    """Conditioned on the 2D keypoints."""

    def __init__(self, network: DiffHPEWeights, encoder: Affine) -> None:
        super().__init__(network)
        self.from_keypoints = linear(encoder)

    def condition(self, x_2d: Tensor) -> Tensor:
        """See `FoldedDiffHPE.condition`."""
        return self.from_keypoints(self._joints_first(x_2d))


class FoldedDiffHPEWrapper(FoldedDiffHPE):
    """Conditioned on the features of a frozen MixSTE."""

    def __init__(self, network: DiffHPEWeights, encoder: WrapperEncoderWeights) -> None:
        super().__init__(network)
        self.trunk = FoldedTrunk(encoder.trunk)
        self.from_features = linear(encoder.from_features)
        self.backbone = None if encoder.backbone is None else linear(encoder.backbone)

    def condition(self, x_2d: Tensor) -> Tensor:
        """See `FoldedDiffHPE.condition`."""
        features = self.trunk(self._joints_first(x_2d))  # (J, L, B, C), joints in part order
        projected = self.from_features(features)
        if self.backbone is None:
            return projected
        poses = self.backbone(features)
        root = poses.narrow(0, PART_ORDER.index(HIP), 1)
        return torch.cat([projected, poses - root], -1)


def fold(
    config: ModelConfig, weights: Weights, device: torch.device | str = "cpu"
) -> FoldedMixSTE | FoldedDiffHPE:
    """Fold a trained model into its engine on a device.

    Raises:
        DiffhpeError: the model has no folded engine, or its weights do not fit.
    """
    network = fold_weights(config, weights)
    engine: FoldedMixSTE | FoldedDiffHPE
    if isinstance(network, MixSTEWeights):
        engine = FoldedMixSTE(network)
    elif isinstance(network.encoder, WrapperEncoderWeights):
        engine = FoldedDiffHPEWrapper(network, network.encoder)
    else:
        engine = FoldedDiffHPE2D(network, network.encoder)
    return engine.eval().requires_grad_(False).to(device)

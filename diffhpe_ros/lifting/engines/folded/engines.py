"""Engines on torch: the trained networks folded into fewer and larger operations."""

from abc import ABC, abstractmethod
from copy import deepcopy
from functools import singledispatch

import torch
from torch import Tensor, nn

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.engines.folded.denoiser import FoldedDenoiser
from diffhpe_ros.lifting.engines.folded.trunk import FoldedTrunk
from diffhpe_ros.lifting.models.diffhpe import DiffHPE, DiffHPE2D, DiffHPEWrapper
from diffhpe_ros.lifting.models.graph import PART_ORDER
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.skeleton import HIP


class FoldedMixSTE(nn.Module):
    """MixSTE: windows (B, L, J, 2) → poses (B, L, J, 3)."""

    def __init__(self, model: MixSTE) -> None:
        super().__init__()
        joints = torch.arange(model.trunk.spatial_position.shape[1])
        self.trunk = FoldedTrunk(model.trunk, joints)
        self.head = model.head

    def forward(self, x_2d: Tensor) -> Tensor:
        """See the class."""
        return self.head(self.trunk(x_2d.permute(2, 1, 0, 3))).permute(2, 1, 0, 3)


class FoldedDiffHPE(nn.Module, ABC):
    """A condition, encoded once for each window, and a denoiser of many poses for each.

    The input projection is split: its part of the condition belongs to the window, its part of
    the noisy pose alone changes from step to step.

    Args:
        model: trained.
        pose_map: (3, C), noisy poses → their part of the projected input.
    """

    order: Tensor
    back: Tensor
    from_pose: Tensor

    def __init__(self, model: DiffHPE, pose_map: Tensor) -> None:
        super().__init__()
        order = torch.tensor(PART_ORDER)
        self.register_buffer("order", order)
        self.register_buffer("back", order.argsort())
        self.denoiser = FoldedDenoiser(model.denoiser, order)
        self.register_buffer("from_pose", pose_map.detach().contiguous())

    @abstractmethod
    def condition(self, x_2d: Tensor) -> Tensor:
        """(B, L, J, 2) in the model's input view → the windows' part (J, L, B, C).

        A wrapper's poses of its backbone, which are added to the output, are 3 channels more.
        """

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """The denoiser's output (N, L, J, 3), as `DiffHPE.forward`.

        Args:
            x_t: (N, L, J, 3), the N / B hypotheses of a window next to each other.
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

    def __init__(self, model: DiffHPE2D) -> None:
        projection = model.denoiser.input_projection
        super().__init__(model, pose_map=projection.weight[:, :3].t())
        self.from_keypoints = nn.Linear(2, projection.out_features)
        self.from_keypoints.weight = nn.Parameter(projection.weight[:, 3:])
        self.from_keypoints.bias = projection.bias

    def condition(self, x_2d: Tensor) -> Tensor:
        """See `FoldedDiffHPE.condition`."""
        return self.from_keypoints(self._joints_first(x_2d))


class FoldedDiffHPEWrapper(FoldedDiffHPE):
    """Conditioned on the features of a frozen MixSTE."""

    def __init__(self, model: DiffHPEWrapper) -> None:
        projection, encoder = model.denoiser.input_projection, model.pose_encoder
        of_pose, of_features = projection.weight.chunk(2, 1)
        super().__init__(model, pose_map=(of_pose @ encoder.weight).t())
        self.trunk = FoldedTrunk(model.trunk, torch.tensor(PART_ORDER))
        self.from_features = nn.Linear(of_features.shape[1], len(of_features))
        self.from_features.weight = nn.Parameter(of_features)
        self.from_features.bias = nn.Parameter(projection.bias + of_pose @ encoder.bias)
        self.backbone = _backbone_head(model)
        if model.backbone_share is not None:
            for each in self.denoiser.output2.parameters():
                each.mul_(1 - model.backbone_share)

    def condition(self, x_2d: Tensor) -> Tensor:
        """See `FoldedDiffHPE.condition`."""
        return self.encode(self.trunk(self._joints_first(x_2d)), joints=0)

    def encode(self, features: Tensor, joints: int) -> Tensor:
        """Features (..., C) of joints in part order, on dimension `joints` → the condition."""
        projected = self.from_features(features)
        if self.backbone is None:
            return projected
        poses = self.backbone(features)
        root = poses.narrow(joints, int(self.back[HIP]), 1)
        return torch.cat([projected, poses - root], -1)


def _backbone_head(model: DiffHPEWrapper) -> nn.Linear | None:
    """Features → the poses of the backbone as they are added to the denoiser's output."""
    if model.backbone_share is None:
        return None
    for each in model.head.parameters():
        each.mul_(model.backbone_share / model.pose_scale)
    return model.head


@torch.no_grad()
def fold(model: nn.Module) -> FoldedMixSTE | FoldedDiffHPE:
    """The engine of a trained model, on its device.

    Folding goes on on the CPU, where float32 products are exact to the last bits.

    Raises:
        DiffhpeError: no such engine was written for the model.
    """
    device = next(model.parameters()).device
    return fold_on_cpu(deepcopy(model).cpu()).eval().requires_grad_(False).to(device)


@singledispatch
def fold_on_cpu(model: nn.Module) -> FoldedMixSTE | FoldedDiffHPE:
    """The engine of a trained model; each kind of model has its own."""
    raise DiffhpeError(f"there is no folded engine for a model {type(model).__name__}")


fold_on_cpu.register(MixSTE, FoldedMixSTE)
fold_on_cpu.register(DiffHPE2D, FoldedDiffHPE2D)
fold_on_cpu.register(DiffHPEWrapper, FoldedDiffHPEWrapper)

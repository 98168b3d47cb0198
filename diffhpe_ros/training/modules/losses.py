"""Training losses of lifters and denoisers."""

from typing import NamedTuple, Protocol

from torch import Tensor

from diffhpe_ros.lifting.diffusion.parameterisation import Prediction
from diffhpe_ros.skeleton import BONES

TINY = 1e-8


def mean_joint_distance(estimate: Tensor, poses: Tensor) -> Tensor:
    """Mean Euclidean distance of joints (..., 3), in their unit: the MPJPE."""
    return (estimate - poses).norm(dim=-1).mean()


class WeightedDistance:
    """MixSTE's loss where the last frame counts more; metres.

    Args:
        last: weight of the last frame's distance relative to that of the whole window. Live use
            shows that frame, which has no future context.
    """

    def __init__(self, last: float = 0.3) -> None:
        self.last = last

    def __call__(self, estimate: Tensor, poses: Tensor) -> Tensor:
        """The loss of estimated and true poses (B, L, J, 3)."""
        newest = mean_joint_distance(estimate[:, -1], poses[:, -1])
        return mean_joint_distance(estimate, poses) + self.last * newest


def mean_squared_error(estimate: Tensor, poses: Tensor) -> Tensor:
    """Mean squared difference of coordinates, as published for MixSTE's training in DiffHPE."""
    return (estimate - poses).square().mean()


class Denoised(NamedTuple):
    """Output of a denoiser at drawn diffusion steps, and its target."""

    output: Tensor
    """The network's output, (B, L, J, 3)."""
    target: Tensor
    """Target of the output."""
    prediction: Prediction
    """Pose and noise according to the output."""
    x_0: Tensor
    """The clean poses, in the diffused unit."""
    signal: Tensor
    """√ᾱ_t, (B, 1, 1, 1)."""
    spread: Tensor
    """√(1-ᾱ_t), (B, 1, 1, 1)."""


class DenoisingLoss(Protocol):
    """Loss of a denoiser at drawn steps."""

    def __call__(self, denoised: Denoised) -> Tensor:
        """The loss, a scalar."""


class SquaredErrorLoss:
    """Mean squared error of the denoiser's output, all steps with equal weight, as published."""

    def __call__(self, denoised: Denoised) -> Tensor:
        """See `DenoisingLoss`."""
        return (denoised.output - denoised.target).square().mean()


class DistanceLoss:
    """Mean joint distance of the clean pose, in the diffused unit, with equal weight for all steps.

    This is the MPJPE, and MixSTE's loss here. The squared error is minimised by the mean of the
    poses that fit a window, this loss by their median.

    Args:
        last: see `WeightedDistance`.
    """

    def __init__(self, last: float = 0.0) -> None:
        self.of_poses = WeightedDistance(last)

    def __call__(self, denoised: Denoised) -> Tensor:
        """See `DenoisingLoss`."""
        return self.of_poses(denoised.prediction.pose, denoised.x_0)


class MinSNRLoss:
    """Squared error of the clean pose, weighted by min(SNR, γ) (Hang et al., ICCV 2023).

    As a weight on the pose's error, it is the same for every parameterisation. SNR is ᾱ/(1-ᾱ). The
    weight is divided by γ, so that it is 1 at the less noisy steps.
    """

    def __init__(self, gamma: float = 5.0) -> None:
        self.gamma = gamma

    def __call__(self, denoised: Denoised) -> Tensor:
        """See `DenoisingLoss`."""
        snr = (denoised.signal / denoised.spread).square()
        weight = snr.clamp(max=self.gamma) / self.gamma
        return (weight * (denoised.prediction.pose - denoised.x_0).square()).mean()


class CoherentLoss:
    """Another loss plus coherence terms of the predicted poses.

    The terms penalise bones of wrong length, and bones whose length changes within the window. The
    symmetry gap (eq. 13) and the segment deviation (eq. 14) measure these. This loss is not in the
    paper.

    Args:
        of: the loss to add the terms to.
        lengths: weight of the bones' squared error of length.
        steadiness: weight of the lengths' standard deviation over the window. It is linear, since
            the gradient of its square would vanish while the bones still vary.
    """

    def __init__(self, of: DenoisingLoss, lengths: float = 1.0, steadiness: float = 0.3) -> None:
        self.of = of
        self.lengths = lengths
        self.steadiness = steadiness

    def __call__(self, denoised: Denoised) -> Tensor:
        """See `DenoisingLoss`."""
        return self.of(denoised) + coherence_penalty(
            denoised.prediction.pose, denoised.x_0, self.lengths, self.steadiness
        )


class CoherentDistance:
    """MixSTE's loss with the terms of `CoherentLoss`: joints' mean distance and coherence, metres.

    Args:
        lengths: see `CoherentLoss`; per metre.
        steadiness: see `CoherentLoss`.
    """

    def __init__(self, lengths: float = 21.0, steadiness: float = 2.0) -> None:
        self.lengths = lengths
        self.steadiness = steadiness

    def __call__(self, estimate: Tensor, poses: Tensor) -> Tensor:
        """The loss of estimated and true poses (B, L, 17, 3)."""
        return mean_joint_distance(estimate, poses) + coherence_penalty(
            estimate, poses, self.lengths, self.steadiness
        )


def coherence_penalty(estimate: Tensor, poses: Tensor, lengths: float, steadiness: float) -> Tensor:
    """Weighted error of bone lengths and their deviation over the window; see `CoherentLoss`."""
    bones, truth = bone_lengths(estimate), bone_lengths(poses)
    return lengths * (bones - truth).square().mean() + steadiness * deviation(bones)


def deviation(bones: Tensor) -> Tensor:
    """Mean standard deviation over the frames of (B, L, N), differentiable at 0."""
    return (bones.var(1, correction=0) + TINY).sqrt().mean()


def bone_lengths(poses: Tensor) -> Tensor:
    """(B, L, 17, 3) → (B, L, 16)."""
    parent, child = (list(side) for side in zip(*BONES, strict=True))
    return (poses[:, :, child] - poses[:, :, parent]).norm(dim=-1)

"""DiffPose's H_K: what is known about the joints before diffusion, a Gaussian mixture for each.

Each mixture belongs to a class of errors: the joint, how well it was seen, and on which side of its
parent the encoder places it. Mixtures are fitted offline (`training.modules.initial_fit`). Live,
each joint's mixture is selected, one of its components is drawn, shifted to the encoder's pose, and
widened by the detector's covariance.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.window_batch import WindowBatch
from diffhpe_ros.skeleton import NUM_JOINTS, PARENTS

COMPONENTS = 5
"""M."""
SEEN, HIDDEN_NOW, HIDDEN = 0, 1, 2
"""Visibility of a joint: seen in this frame, only in other frames of the window, or in none."""
SIDES = 3
"""Sides of the parent: nearer to the camera, level, farther. A foreshortened limb looks the same on
either side. So each side has its own error distribution, with a mode at the other side."""
LEVEL = 0.3
"""Share of a bone's length by which its ends may differ in depth and still count as level."""
CLASSES = (NUM_JOINTS, 3, SIDES)
USUAL_ERROR = 0.02
"""Metres: a detector's error at full confidence, which the mixtures already include. This is an
assumption: the noise of the training windows is 1.3 % of a person's height."""
LEAST_CONFIDENCE = 0.05


def in_full(values: Tensor) -> torch.autocast:
    """A context without mixed precision.

    CUDA has no Cholesky factors in bfloat16, which would round metres to millimetres, too.
    """
    return torch.autocast(values.device.type, enabled=False)


class Component(NamedTuple):
    """One Gaussian for each joint of each hypothesis; diffused states are poses whitened by it."""

    mean: Tensor
    """μ_G, (N, L, J, 3) metres, root-relative."""
    factor: Tensor
    """F with Σ_G = F Fᵀ, lower triangular, (N, L, J, 3, 3) metres."""

    def state(self, pose: Tensor) -> Tensor:
        """F⁻¹ (h - μ_G) of poses h (N, L, J, 3)."""
        with in_full(pose):
            apart = (pose - self.mean)[..., None]
            return torch.linalg.solve_triangular(self.factor, apart, upper=False)[..., 0]

    def pose(self, state: Tensor) -> Tensor:
        """μ_G + F s of states s (N, L, J, 3)."""
        with in_full(state):
            return self.mean + (self.factor @ state[..., None].float())[..., 0]


class InitialDistribution(nn.Module):
    """The mixtures of all classes, and how errors are correlated over time.

    For states whitened by a component, the paper's forward process h_k = μ_G + √ᾱ_k (h_0 - μ_G) +
    √(1-ᾱ_k) ε, ε ~ N(0, Σ_G), is the usual one with standard normal noise: s_k = √ᾱ_k s_0 +
    √(1-ᾱ_k) z. So every sampler can be used.

    Attributes:
        weights: (17, 3, 3, M) of the components, which are sorted by depth.
        means: (17, 3, 3, M, 3) metres, of the error.
        factors: (17, 3, 3, M, 3, 3) metres, lower triangular.
        time: (L, L), lower triangular factor of the errors' correlation between frames.
        centre: 1 where the errors are the encoder's, 0 where the mixtures describe poses themselves
            and do not depend on the window.

    Args:
        frames: window length L.
        components: M, the number per mixture.
    """

    weights: Tensor
    means: Tensor
    factors: Tensor
    time: Tensor
    centre: Tensor

    def __init__(self, frames: int, components: int = COMPONENTS) -> None:
        super().__init__()
        of_class = (*CLASSES, components)
        values = {
            "weights": torch.full(of_class, 1 / components),
            "means": torch.zeros(*of_class, 3),
            "factors": torch.eye(3).expand(*of_class, 3, 3).clone(),
            "time": torch.eye(frames),
            "centre": torch.ones(()),
        }
        for name, value in values.items():
            self.register_buffer(name, value)

    def draw(self, pose: Tensor, x_2d: Tensor, chance: Tensor) -> Component:
        """A component for each joint, the same in all frames as far as their classes allow.

        Args:
            pose: (N, L, J, 3) metres, the encoder's.
            x_2d: (N, L, J, 2), the encoder's input.
            chance: (N, J) in 0..1, uniform.
        """
        joint = torch.arange(NUM_JOINTS, device=pose.device)
        visibility, side = visibility_of(x_2d), side_of(pose)
        up_to = self.weights[joint, visibility, side].cumsum(-1)  # (N, L, J, M)
        drawn = (chance[:, None, :, None] > up_to[..., :-1]).sum(-1)
        mean = self.means[joint, visibility, side, drawn] + self.centre * pose
        return Component(mean, self.factors[joint, visibility, side, drawn])

    def along_time(self, noise: Tensor) -> Tensor:
        """White noise (N, L, J, 3) → noise that is correlated over time as the errors are."""
        with in_full(noise):
            return torch.einsum("lk,nkjc->nljc", self.time, noise)


def widened(component: Component, variance: Tensor) -> Component:
    """The component with more variance across the optical axis.

    Args:
        component: of N hypotheses.
        variance: (N, L, J, 2, 2) m², such as the detector's.
    """
    with in_full(variance):
        covariance = component.factor @ component.factor.mT
        covariance[..., :2, :2] += variance
        return component._replace(factor=torch.linalg.cholesky(covariance))


def detector_variance(pose: Tensor, windows: WindowBatch) -> Tensor:
    """(N, L, J, 2, 2) m²: the detector's error across the optical axis, beyond the mixtures'.

    This is the detector's covariance where it gives one. Elsewhere its error is assumed to grow as
    USUAL_ERROR / √confidence, and only the part above USUAL_ERROR counts. Unseen joints have their
    own class and get 0.

    Args:
        pose: (N, L, J, 3) metres, the encoder's.
        windows: the N windows, in the model's view. Their covariance in the camera's view is used
            unchanged: the two views differ by a rotation and hardly in scale.
    """
    scale = metres_per_unit(pose, windows.x_2d)[..., None]
    covariance = windows.covariance_2d
    given = torch.isfinite(covariance).all((-1, -2), keepdim=True)
    unsure = USUAL_ERROR**2 * (1 / windows.confidence.clamp(LEAST_CONFIDENCE, 1.0) - 1)
    assumed = unsure[..., None, None] * torch.eye(2, device=pose.device)
    variance = torch.where(given, covariance.nan_to_num() * scale.square(), assumed)
    return variance * (windows.x_2d != 0).any(-1)[..., None, None]


def metres_per_unit(pose: Tensor, x_2d: Tensor) -> Tensor:
    """(N, 1, 1, 1): metres at the person's distance per unit of the canonical view.

    It is the pose's extent across the axis divided by the keypoints'; 0 where no joint is seen.
    """
    seen = (x_2d != 0).any(-1, keepdim=True)
    extents = []
    for points in (pose[..., :2], x_2d):
        mean = (points * seen).sum(2, keepdim=True) / seen.sum(2, keepdim=True).clamp(min=1)
        extents.append(((points - mean).square() * seen).sum((1, 2, 3), keepdim=True))
    return (extents[0] / extents[1].clamp(min=1e-9)).sqrt() * (extents[1] > 0)


def visibility_of(x_2d: Tensor) -> Tensor:
    """(N, L, J, 2) → (N, L, J): SEEN, HIDDEN_NOW or HIDDEN."""
    seen = (x_2d != 0).any(-1)
    hidden = torch.where(seen.any(1, keepdim=True), HIDDEN_NOW, HIDDEN)
    return torch.where(seen, SEEN, hidden)


def side_of(pose: Tensor) -> Tensor:
    """(N, L, J, 3) → (N, L, J): 0 nearer than its parent, 1 level, 2 farther."""
    parents = [max(parent, 0) for parent in PARENTS]
    bone = pose - pose[:, :, parents]
    slope = bone[..., 2] / bone.norm(dim=-1).clamp(min=1e-6)
    return (slope > -LEVEL).long() + (slope > LEVEL).long()

"""DiffPose's H_K: what is known of the joints before diffusion, a Gaussian mixture for each.

A mixture belongs to a class of error: which joint it is, how well it was seen, and on which side
of its parent the encoder puts it. Mixtures are fitted offline (`training.modules.initial_fit`).
Live use selects each joint's mixture, draws a component, shifts it to the encoder's pose, and
widens it by the detector's covariance.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from diffhpe_ros.lifting.window_batch import WindowBatch
from diffhpe_ros.skeleton import NUM_JOINTS, PARENTS

COMPONENTS = 5
"""M."""
SEEN, HIDDEN_NOW, HIDDEN = 0, 1, 2
"""Visibility of a joint: seen in this frame, in others of the window, in none."""
SIDES = 3
"""Sides of the parent: nearer to the camera, level, farther. A foreshortened limb looks alike on
either side, so each side has an error of its own, with a mode where the other side is."""
LEVEL = 0.3
"""Share of a bone's length by which its ends may differ in depth and still count as level."""
CLASSES = (NUM_JOINTS, 3, SIDES)
USUAL_ERROR = 0.02
"""Metres: a detector's error at full confidence, which the mixtures hold already. Assumed: the
noise of the training windows is 1.3 % of a person's height."""
LEAST_CONFIDENCE = 0.05


class Component(NamedTuple):
    """One Gaussian for each joint of each hypothesis; diffused states are poses in its terms."""

    mean: Tensor
    """μ_G, (N, L, J, 3) metres, root-relative."""
    factor: Tensor
    """F with Σ_G = F Fᵀ, lower triangular, (N, L, J, 3, 3) metres."""

    def state(self, pose: Tensor) -> Tensor:
        """F⁻¹ (h - μ_G) of poses h (N, L, J, 3)."""
        apart = (pose - self.mean)[..., None]
        return torch.linalg.solve_triangular(self.factor, apart, upper=False)[..., 0]

    def pose(self, state: Tensor) -> Tensor:
        """μ_G + F s of states s (N, L, J, 3)."""
        return self.mean + (self.factor @ state[..., None])[..., 0]


class InitialDistribution(nn.Module):
    """The mixtures of all classes, and how errors go together along time.

    In the terms of a component, the paper's forward process
    h_k = μ_G + √ᾱ_k (h_0 - μ_G) + √(1-ᾱ_k) ε, ε ~ N(0, Σ_G), is the usual one with standard normal
    noise: s_k = √ᾱ_k s_0 + √(1-ᾱ_k) z. So every sampler serves.

    Attributes:
        weights: (17, 3, 3, M) of the components, which stand in the order of their depth.
        means: (17, 3, 3, M, 3) metres, of the error.
        factors: (17, 3, 3, M, 3, 3) metres, lower triangular.
        time: (L, L), lower triangular factor of the errors' correlation between frames.
        centre: 1 where the errors are the encoder's, 0 where the mixtures stand for poses
            themselves and know nothing of the window.

    Args:
        frames: window length L.
        components: M.
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
            x_2d: (N, L, J, 2), what it has seen.
            chance: (N, J) in 0..1, uniform.
        """
        joint = torch.arange(NUM_JOINTS, device=pose.device)
        visibility, side = visibility_of(x_2d), side_of(pose)
        up_to = self.weights[joint, visibility, side].cumsum(-1)  # (N, L, J, M)
        drawn = (chance[:, None, :, None] > up_to[..., :-1]).sum(-1)
        mean = self.means[joint, visibility, side, drawn] + self.centre * pose
        return Component(mean, self.factors[joint, visibility, side, drawn])

    def along_time(self, noise: Tensor) -> Tensor:
        """White noise (N, L, J, 3) → noise that goes together along time as the errors do."""
        return torch.einsum("lk,nkjc->nljc", self.time, noise)


def widened(component: Component, variance: Tensor) -> Component:
    """The component with more variance across the optical axis.

    Args:
        component: of N hypotheses.
        variance: (N, L, J, 2, 2) m², such as the detector's of what it has seen.
    """
    covariance = component.factor @ component.factor.mT
    covariance[..., :2, :2] += variance
    return component._replace(factor=torch.linalg.cholesky(covariance))


def detector_variance(pose: Tensor, windows: WindowBatch) -> Tensor:
    """(N, L, J, 2, 2) m²: the detector's error across the optical axis, beyond the mixtures'.

    The detector's covariance where it gives one. Elsewhere its error is taken to grow as
    USUAL_ERROR / √confidence, and counts for what is above USUAL_ERROR. Unseen joints have a class
    of their own and get nothing.

    Args:
        pose: (N, L, J, 3) metres, the encoder's.
        windows: the N windows, in the model's view. Their covariance is taken as it is in the
            camera's: the two views differ by a turn of the camera, hardly by size.
    """
    scale = metres_per_unit(pose, windows.x_2d)[..., None]
    covariance = windows.covariance_2d
    given = torch.isfinite(covariance).all((-1, -2), keepdim=True)
    unsure = USUAL_ERROR**2 * (1 / windows.confidence.clamp(LEAST_CONFIDENCE, 1.0) - 1)
    assumed = unsure[..., None, None] * torch.eye(2, device=pose.device)
    variance = torch.where(given, covariance.nan_to_num() * scale.square(), assumed)
    return variance * (windows.x_2d != 0).any(-1)[..., None, None]


def metres_per_unit(pose: Tensor, x_2d: Tensor) -> Tensor:
    """(N, 1, 1, 1): how many metres at the person a unit of the canonical view is.

    The ratio of the pose's extent across the axis to that of the keypoints; 0 where none is seen.
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

"""Input views of models: the camera's, or a virtual camera's turned towards the person.

A joint at exactly (0, 0) is unseen and stays at (0, 0).
"""

from typing import Protocol

import torch
from torch import Tensor

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import unknown
from diffhpe_ros.skeleton import HIP


class View(Protocol):
    """From the canonical view of the camera to the model's input, and the way back."""

    def to_model_view(self, x_2d: Tensor) -> tuple[Tensor, Tensor]:
        """(B, L, J, 2) canonical → the model's input and the rotations (B, 3, 3) into it."""


class ScreenView:
    """The camera's own view, which the papers' Human3.6M models are trained on.

    Their input is u/w·2-1, v/w·2-h/w of distorted pixels. The canonical view is the same for
    Human3.6M's cameras but for their distortion and the offset of their principal point.
    """

    def to_model_view(self, x_2d: Tensor) -> tuple[Tensor, Tensor]:
        """The input itself and identities."""
        identity = torch.eye(3, dtype=x_2d.dtype, device=x_2d.device)
        return x_2d, identity.expand(len(x_2d), 3, 3)


class PersonView:
    """The view of a virtual camera that is turned (pan, then tilt) towards the person.

    One turn for a window: towards its mean hip ray, or where the hip is never seen, the mean ray
    of all seen joints. Off-axis people then look as they do near the axis.
    """

    def to_model_view(self, x_2d: Tensor) -> tuple[Tensor, Tensor]:
        """The turned rays, and rotations R with p_person = R p_camera."""
        rotation = look_at_rotation(mean_ray(x_2d))
        return turn(x_2d, rotation), rotation


VIEWS: dict[str, type[View]] = {"screen": ScreenView, "person": PersonView}


def view(name: str) -> View:
    """The view of that name.

    Raises:
        DiffhpeError: there is none.
    """
    if name not in VIEWS:
        raise unknown("input view", name, VIEWS)
    return VIEWS[name]()


def mean_ray(x_2d: Tensor) -> Tensor:
    """(B, L, J, 2) → (B, 2), where the person is; the axis (0, 0) if nothing is seen."""
    seen = x_2d.any(-1)  # (B, L, J)
    of_hip, of_all = x_2d[..., HIP, :].sum(1), x_2d.sum((1, 2))
    hips, joints = seen[..., HIP].sum(1, keepdim=True), seen.sum((1, 2))[:, None]
    return torch.where(hips > 0, of_hip / hips.clamp(min=1), of_all / joints.clamp(min=1))


def look_at_rotation(ray: Tensor) -> Tensor:
    """Canonical rays (B, 2) → rotations (B, 3, 3) that bring them onto the optical axis.

    First a pan about y, then a tilt about x, so that a level camera stays level.
    """
    x, y = (ray / CANONICAL_FOCAL).unbind(-1)
    pan, tilt = torch.atan2(x, torch.ones_like(x)), torch.atan2(y, torch.sqrt(1 + x * x))
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    about_y = torch.stack(
        [pan.cos(), zero, -pan.sin(), zero, one, zero, pan.sin(), zero, pan.cos()], -1
    ).view(-1, 3, 3)
    about_x = torch.stack(
        [one, zero, zero, zero, tilt.cos(), -tilt.sin(), zero, tilt.sin(), tilt.cos()], -1
    ).view(-1, 3, 3)
    return about_x @ about_y


def turn(x_2d: Tensor, rotation: Tensor) -> Tensor:
    """Canonical rays (B, L, J, 2) in a camera turned by (B, 3, 3); unseen joints stay (0, 0).

    Rays that are not in front of the turned camera are unseen as well.
    """
    seen = x_2d.any(-1, keepdim=True)
    rays = torch.cat([x_2d / CANONICAL_FOCAL, torch.ones_like(x_2d[..., :1])], -1)
    rays = turn_points(rays, rotation)
    in_front = rays[..., 2:] > 1e-2
    turned = CANONICAL_FOCAL * rays[..., :2] / rays[..., 2:].clamp(min=1e-2)
    return torch.where(seen & in_front, turned, 0.0)


def turn_points(points: Tensor, rotation: Tensor) -> Tensor:
    """Points or poses (B, ..., 3) of the real camera's frame → the same in the turned one's."""
    return torch.einsum("bij,b...j->b...i", rotation, points)


def to_camera_frame(poses: Tensor, rotation: Tensor) -> Tensor:
    """Poses (B, ..., 3) of the turned camera → the same in the real camera's frame."""
    return torch.einsum("bij,b...i->b...j", rotation, poses)

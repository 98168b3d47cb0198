"""Input views of models: the camera's, or that of a virtual camera turned towards the person.

A joint at exactly (0, 0) is unseen and stays at (0, 0).
"""

from typing import Protocol

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import unknown
from diffhpe_ros.lifting.arrays import Array, library_of
from diffhpe_ros.skeleton import HIP


class View(Protocol):
    """Converts the camera's canonical view to the model's input, and back."""

    def to_model_view(self, x_2d: Array) -> tuple[Array, Array]:
        """(B, L, J, 2) canonical → the model's input and the rotations (B, 3, 3) into it."""


class ScreenView:
    """The camera's own view, which the papers' Human3.6M models are trained on.

    Their input is u/w·2-1, v/w·2-h/w of distorted pixels. For Human3.6M's cameras, the canonical
    view is the same except for their distortion and the offset of their principal point.
    """

    def to_model_view(self, x_2d: Array) -> tuple[Array, Array]:
        """The input itself and identities."""
        return x_2d, look_at_rotation(library_of(x_2d).zeros_like(x_2d[:, 0, 0]))


class PersonView:
    """The view of a virtual camera that is turned (pan, then tilt) towards the person.

    There is one turn per window: towards its mean hip ray, or, if the hip is never seen, towards
    the mean ray of all seen joints. People off the axis then look as they do near it.
    """

    def to_model_view(self, x_2d: Array) -> tuple[Array, Array]:
        """The turned rays, and rotations R with p_person = R p_camera."""
        rotation = look_at_rotation(mean_ray(x_2d))
        return turn(x_2d, rotation), rotation


VIEWS: dict[str, type[View]] = {"screen": ScreenView, "person": PersonView}


def view(name: str) -> View:
    """The view with this name.

    Raises:
        DiffhpeError: there is none with this name.
    """
    if name not in VIEWS:
        raise unknown("input view", name, VIEWS)
    return VIEWS[name]()


def mean_ray(x_2d: Array) -> Array:
    """(B, L, J, 2) → (B, 2), the person's direction; the axis (0, 0) if no joint is seen."""
    seen = x_2d.any(-1)  # (B, L, J)
    of_hip, of_all = x_2d[..., HIP, :].sum(1), x_2d.sum((1, 2))
    hips = seen[..., HIP].sum(1, dtype=x_2d.dtype)[:, None]
    joints = seen.sum((1, 2), dtype=x_2d.dtype)[:, None]
    where = library_of(x_2d).where
    return where(hips > 0, of_hip / hips.clip(min=1), of_all / joints.clip(min=1))


def look_at_rotation(ray: Array) -> Array:
    """Canonical rays (B, 2) → rotations (B, 3, 3) that turn them onto the optical axis.

    First a pan about y, then a tilt about x, so that a level camera stays level.
    """
    library = library_of(ray)
    x, y = ray[..., 0] / CANONICAL_FOCAL, ray[..., 1] / CANONICAL_FOCAL
    zero, one = library.zeros_like(x), library.ones_like(x)
    pan, tilt = library.arctan2(x, one), library.arctan2(y, library.sqrt(1 + x * x))
    cos, sin = library.cos(pan), library.sin(pan)
    about_y = library.stack([cos, zero, -sin, zero, one, zero, sin, zero, cos], -1)
    cos, sin = library.cos(tilt), library.sin(tilt)
    about_x = library.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], -1)
    return about_x.reshape(-1, 3, 3) @ about_y.reshape(-1, 3, 3)


def turn(x_2d: Array, rotation: Array) -> Array:
    """Canonical rays (B, L, J, 2) in a camera turned by (B, 3, 3); unseen joints stay (0, 0).

    Rays that are not in front of the turned camera are unseen as well.
    """
    library = library_of(x_2d)
    seen = x_2d.any(-1)[..., None]
    ahead = library.ones_like(x_2d[..., :1])
    rays = turn_points(library.concatenate([x_2d / CANONICAL_FOCAL, ahead], -1), rotation)
    in_front = rays[..., 2:] > 1e-2
    turned = CANONICAL_FOCAL * rays[..., :2] / rays[..., 2:].clip(min=1e-2)
    return library.where(seen & in_front, turned, 0.0)


def turn_points(points: Array, rotation: Array) -> Array:
    """Points or poses (B, ..., 3) in the real camera's frame → the same in the turned camera's."""
    return library_of(points).einsum("bij,b...j->b...i", rotation, points)


def to_camera_frame(poses: Array, rotation: Array) -> Array:
    """Poses (B, ..., 3) in the turned camera's frame → the same in the real camera's."""
    return library_of(poses).einsum("bij,b...i->b...j", rotation, poses)

"""People as cylinders, balls and ellipsoids: position, rotation and scale of each shape.

Unit shapes are a cylinder of radius 1 from z = -0.5 to 0.5, and a ball of radius 1.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.drawing.style import LEFT, RIGHT, Colour
from diffhpe_ros.skeleton import BONES, LEFT_JOINTS, NUM_JOINTS, RIGHT_JOINTS

_BONE_M, _JOINT_M, _HEAD_M = 0.026, 0.034, 0.105
_NOSE, _HEAD = 9, 10
_MIDDLE: Colour = (150, 150, 150)
_UNTRUSTED: Colour = (70, 70, 70)
_ELLIPSOID: Colour = (200, 60, 150)
SIGMAS = 2.0
"""Standard deviations that an ellipsoid shows."""
_GUESSED = 0.35
_LEAST_M = 0.002

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shapes:
    """N instances of one unit shape."""

    positions: Array
    """(N, 3) metres."""
    wxyzs: Array
    """(N, 4) unit quaternions."""
    scales: Array
    """(N, 3)."""
    colours: NDArray[np.uint8]
    """(N, 3) red, green, blue."""
    opacities: Array | None = None
    """(N,) in 0..1; None if all are the same."""


def _rgb(colour: Colour) -> Colour:
    return colour[2], colour[1], colour[0]


_COLOURS = np.array(
    [
        _rgb(LEFT if joint in LEFT_JOINTS else RIGHT if joint in RIGHT_JOINTS else _MIDDLE)
        for joint in range(NUM_JOINTS)
    ],
    np.uint8,
)


def bones(joints: Array, confidence: Array, trusted: NDArray[np.bool_]) -> Shapes:
    """The cylinders of P people: joints (P, 17, 3), confidence (P, 17), trusted (P,).

    Bones to unseen joints are transparent; people whose poses are not trusted are dark.
    """
    parents, children = np.array(BONES).T
    start, end = joints[:, parents].reshape(-1, 3), joints[:, children].reshape(-1, 3)
    lengths = np.linalg.norm(end - start, axis=1)
    scales = np.full((len(lengths), 3), _BONE_M)
    scales[:, 2] = lengths
    seen = (confidence[:, parents] > 0) & (confidence[:, children] > 0)
    return _shapes(
        (start + end) / 2, turned_to(end - start), scales,
        _coloured(children, trusted), np.where(seen, 1.0, _GUESSED).ravel(),
    )  # fmt: skip


def balls(joints: Array, confidence: Array, trusted: NDArray[np.bool_]) -> Shapes:
    """The balls of P people, one per joint and one for the head; arguments as for `bones`."""
    head = joints[:, [_NOSE, _HEAD]].mean(1, keepdims=True)
    places = np.concatenate([joints, head], 1).reshape(-1, 3)
    radii = np.full((len(joints), NUM_JOINTS + 1), _JOINT_M)
    radii[:, -1] = _HEAD_M
    seen = np.concatenate([confidence, confidence[:, [_HEAD]]], 1) > 0
    which = np.array([*range(NUM_JOINTS), _HEAD])
    return _shapes(
        places, _unturned(len(places)), np.repeat(radii.reshape(-1, 1), 3, 1),
        _coloured(which, trusted), np.where(seen, 1.0, _GUESSED).ravel(),
    )  # fmt: skip


def ellipsoids(joints: Array, covariance: NDArray[np.float32]) -> Shapes:
    """Ellipsoids of two standard deviations, from the covariance (P, 17, 3, 3) in m²."""
    variances, axes = np.linalg.eigh(np.nan_to_num(covariance.reshape(-1, 3, 3)))
    axes[..., 2] *= np.sign(np.linalg.det(axes))[:, None]  # right-handed; same ellipsoid
    colours = np.tile(np.array(_rgb(_ELLIPSOID), np.uint8), (len(axes), 1))
    return _shapes(
        joints.reshape(-1, 3), _wxyz(Rotation.from_matrix(axes)) if len(axes) else _unturned(0),
        SIGMAS * np.sqrt(np.maximum(variances, _LEAST_M**2)), colours,
    )  # fmt: skip


def turned_to(directions: NDArray[Any]) -> NDArray[np.float64]:
    """Quaternions (N, 4), w x y z, of the shortest rotations from the z axis to (N, 3)."""
    length = np.linalg.norm(directions, axis=1, keepdims=True)
    x, y, z = (directions / np.maximum(length, 1e-9)).T
    wxyz = np.stack([1 + z, -y, x, np.zeros_like(x)], 1)
    wxyz[z < -1 + 1e-9] = 0, 1, 0, 0
    return np.asarray(wxyz / np.linalg.norm(wxyz, axis=1, keepdims=True), np.float64)


def _unturned(count: int) -> NDArray[np.float64]:
    return np.tile([1.0, 0.0, 0.0, 0.0], (count, 1))


def _wxyz(rotation: Rotation) -> NDArray[np.float64]:
    return np.roll(rotation.as_quat(), 1, axis=-1)


def _coloured(joints: NDArray[np.int64], trusted: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(P times joints, 3) colours of people's joints; dark for people who are not trusted."""
    dark = np.array(_rgb(_UNTRUSTED), np.uint8)
    each = np.where(trusted[:, None, None], _COLOURS[joints], dark)
    return np.asarray(each.reshape(-1, 3), np.uint8)


def _shapes(
    positions: NDArray[Any],
    wxyzs: NDArray[np.float64],
    scales: NDArray[np.float64],
    colours: NDArray[np.uint8],
    opacities: NDArray[np.float64] | None = None,
) -> Shapes:
    return Shapes(
        positions.astype(np.float32), wxyzs.astype(np.float32), scales.astype(np.float32),
        colours, None if opacities is None else opacities.astype(np.float32),
    )  # fmt: skip

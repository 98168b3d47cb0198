"""The angles of the kinematic chain of a pose, in closed form."""

from math import asin, atan2, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry.kinematic_chain import Array, about
from diffhpe_ros.skeleton import HIP, PARENTS, SPINE, THORAX

_RIGHT_HIP, _LEFT_HIP, _LEFT_SHOULDER, _RIGHT_SHOULDER = 1, 4, 11, 14
_LEAST_M = 1e-6
_STRAIGHT = 0.005
"""Sine of a bend below which the hinge's direction is not taken from the limb, since it would
jitter. The limb's end is then off by 2 mm at most."""


def body_axes(joints: NDArray[Any]) -> Array | None:
    """The body's axes in the frame of the joints (17, 3), columns of (3, 3).

    x points forward, y to the person's left and z from the Hip to the Thorax.

    Returns:
        None for a body without extent.
    """
    pose = joints.astype(np.float64)
    up, left = pose[THORAX] - pose[HIP], pose[_LEFT_HIP] - pose[_RIGHT_HIP]
    forward = np.cross(left, up)
    lengths = np.linalg.norm(up), np.linalg.norm(forward)
    if min(lengths) < _LEAST_M:
        return None
    up, forward = up / lengths[0], forward / lengths[1]
    return np.stack([forward, np.cross(up, forward), up], -1)


def joint_angles(joints: NDArray[Any], axes: Array) -> dict[str, float]:
    """The angles in radians of the chain's rotating joints.

    Args:
        joints: (17, 3) metres, in any frame.
        axes: (3, 3) `body_axes` of these joints.
    """
    pose = (joints.astype(np.float64) - joints[HIP]) @ axes
    bones = pose[1:] - pose[list(PARENTS[1:])]
    lengths = np.linalg.norm(bones, axis=-1, keepdims=True)
    directions = np.vstack([np.zeros(3), bones / np.maximum(lengths, _LEAST_M)])
    torso, angles = _torso(directions)
    head = directions @ torso
    angles |= _neck_and_head(head)
    angles |= _arm("l", 1.0, head[_LEFT_SHOULDER : _LEFT_SHOULDER + 3])
    angles |= _arm("r", -1.0, head[_RIGHT_SHOULDER : _RIGHT_SHOULDER + 3])
    angles |= _leg("l", 1.0, directions[_LEFT_HIP : _LEFT_HIP + 3])
    angles |= _leg("r", -1.0, directions[_RIGHT_HIP : _RIGHT_HIP + 3])
    return {name: float(angle) for name, angle in angles.items()}


def _torso(directions: Array) -> tuple[Array, dict[str, float]]:
    """Rotation (3, 3) of the torso in the body, and the angles up to it."""
    p_waist, r_waist = _pitch_and_roll(directions[SPINE])
    waist = about((0, 1, 0), p_waist) @ about((1, 0, 0), r_waist)
    p_torso, r_torso = _pitch_and_roll(waist.T @ directions[THORAX])
    leaning = waist @ about((0, 1, 0), p_torso) @ about((1, 0, 0), r_torso)
    across = leaning.T @ (directions[_LEFT_SHOULDER] - directions[_RIGHT_SHOULDER])
    yaw = atan2(-across[0], across[1])
    angles = {
        "waist": p_waist, "r_waist": r_waist,
        "p_torso": p_torso, "r_torso": r_torso, "y_torso": yaw,
    }  # fmt: skip
    return leaning @ about((0, 0, 1), yaw), angles


def _neck_and_head(directions: Array) -> dict[str, float]:
    """Angles of neck and head from directions (17, 3) in the torso."""
    p_neck, r_neck = _pitch_and_roll(directions[9])
    neck = about((0, 1, 0), p_neck) @ about((1, 0, 0), r_neck)
    x, y, z = neck.T @ directions[10]
    return {
        "p_neck": p_neck, "r_neck": r_neck,
        "r_head": atan2(-y, z), "y_head": 0.0, "p_head": -_asin(x),
    }  # fmt: skip


def _arm(side: str, sign: float, directions: Array) -> dict[str, float]:
    """Angles of an arm from directions (3, 3) of clavicle, upper arm and forearm in the torso."""
    yaw, pitch = _yaw_and_pitch(sign * directions[0])
    clavicle = about((0, 0, 1), yaw) @ about((1, 0, 0), pitch)
    _, upper, fore = directions @ clavicle
    turn, bend = _hinge(upper, fore, forwards=1.0)
    y, p, r = _z_x_z(turn, sign)
    return {
        f"{side}_y_clavicle": yaw, f"{side}_p_clavicle": pitch,
        f"{side}_y_shoulder": -sign * y, f"{side}_p_shoulder": sign * p,
        f"{side}_r_shoulder": sign * r, f"{side}_elbow": bend,
    }  # fmt: skip


def _leg(side: str, sign: float, directions: Array) -> dict[str, float]:
    """Angles of a leg from directions (3, 3) of pelvis, thigh and shank in the body."""
    yaw, pitch = _yaw_and_pitch(sign * directions[0])
    pelvis = about((0, 0, 1), yaw) @ about((1, 0, 0), pitch)
    _, thigh, shank = directions @ pelvis
    turn, bend = _hinge(thigh, shank, forwards=-1.0)
    return {
        f"{side}_y_pelvis": yaw, f"{side}_p_pelvis": pitch,
        f"{side}_y_hip": -atan2(-turn[0, 1], turn[1, 1]),
        f"{side}_p_hip": sign * _asin(turn[2, 1]),
        f"{side}_r_hip": -atan2(-turn[2, 0], turn[2, 2]),
        f"{side}_knee": -bend,
    }  # fmt: skip


def _hinge(upper: Array, lower: Array, forwards: float) -> tuple[Array, float]:
    """The frame of a limb's upper bone, and the bend of the lower one.

    Args:
        upper: (3,) direction of the bone, the frame's -z.
        lower: (3,) direction of the next one, in the frame's x-z plane.
        forwards: 1 where the limb bends towards x, -1 where it bends away.

    Returns:
        Rotation (3, 3), and an angle in radians, at least 0.
    """
    across = lower - (lower @ upper) * upper
    sine = float(np.linalg.norm(across))
    bend = atan2(sine, float(lower @ upper))
    if sine < _STRAIGHT:  # x as near as possible to the parent's x, or to its z for a limb along x
        preferred = np.array([1.0, 0, 0]) if abs(upper[0]) < 0.9 else np.array([0, 0, 1.0])
        across = preferred - (preferred @ upper) * upper
    else:
        across = forwards * across
    x = across / np.linalg.norm(across)
    return np.stack([x, np.cross(-upper, x), -upper], -1), bend


def _z_x_z(turn: Array, sign: float) -> tuple[float, float, float]:
    """Angles a, b, c of a rotation about z, then the new x, then the new z.

    Of the two solutions, this is the one with a within a quarter turn, as shoulders can reach.
    """
    sine = sqrt(turn[0, 2] ** 2 + turn[1, 2] ** 2)
    if sine < _LEAST_M:  # both rotations are about the same axis
        return 0.0, (0.0 if turn[2, 2] > 0 else pi), atan2(turn[1, 0], turn[0, 0])
    b = sign * atan2(sine, turn[2, 2])
    a = atan2(sign * turn[0, 2], -sign * turn[1, 2])
    c = atan2(sign * turn[2, 0], sign * turn[2, 1])
    if abs(a) > pi / 2:
        return _wrap(a + pi), -b, _wrap(c + pi)
    return a, b, c


def _pitch_and_roll(direction: Array) -> tuple[float, float]:
    """Angles about y, then about the new x, that turn z to a direction (3,)."""
    x, y, z = direction
    return atan2(x, z), -_asin(y)


def _yaw_and_pitch(direction: Array) -> tuple[float, float]:
    """Angles about z, then about the new x, that turn y to a direction (3,)."""
    x, y, z = direction
    return atan2(-x, y), _asin(z)


def _asin(value: float) -> float:
    return asin(min(max(value, -1.0), 1.0))


def _wrap(angle: float) -> float:
    return (angle + pi) % (2 * pi) - pi

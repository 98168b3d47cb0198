"""Joints that a detector detects, and the body axes in which its convention is expressed."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from diffhpe_ros.skeleton import HIP, PARENTS, RIGHT_JOINTS, SPINE, THORAX

PARTS: Mapping[str, tuple[int, ...]] = {
    "nose": (9,),
    "eyes": (10,),
    "shoulder": (11, 14),
    "elbow": (12, 15),
    "wrist": (13, 16),
    "hip": (4, 1),
    "knee": (5, 2),
    "ankle": (6, 3),
}
"""Detected joints by body part: left, right."""
LIMBS = {"arms": (11, 12, 13, 14, 15, 16), "legs": (1, 2, 3, 4, 5, 6)}
"""Joints that a detector may swap between left and right."""
DETECTED_JOINTS = tuple(joint for joints in PARTS.values() for joint in joints)

_LIMB_ENDS = (2, 3, 5, 6, 12, 13, 15, 16)
_SKULL_BASE_M = 0.05  # behind the motion capture's neck joint, as in `rendering.body`


def image_height(x_2d: Tensor) -> Tensor:
    """A person's size in the image, (B,): the longer side of the joints' bounding box.

    This is the height of a standing person, averaged over the window's frames.

    Args:
        x_2d: (B, L, 17, 2).
    """
    return (x_2d.amax(2) - x_2d.amin(2)).amax(-1).mean(1)


def with_averaged_joints(found: Tensor) -> Tensor:
    """Values (..., 14, n) of detected joints → values (..., 17, n) of all joints."""
    whole = found.new_zeros(*found.shape[:-2], len(PARENTS), found.shape[-1])
    whole[..., list(DETECTED_JOINTS), :] = found
    return averaged_joints(whole)


def averaged_joints(joints: Tensor) -> Tensor:
    """Joints (..., 17, n) with hip, thorax and spine as averages of detected joints."""
    hip, thorax = joints[..., [1, 4], :].mean(-2), joints[..., [11, 14], :].mean(-2)
    averaged = joints.clone()
    averaged[..., HIP, :], averaged[..., THORAX, :] = hip, thorax
    averaged[..., SPINE, :] = (hip + thorax) / 2
    return averaged


def to_detector_joints(positions: Tensor, head_forward: Tensor, offsets: Tensor) -> Tensor:
    """Move joints to the detector's convention.

    Args:
        positions: (..., 17, 3) motion-capture joints, any frame.
        head_forward: (..., 3).
        offsets: (14, 3) forward, outward, up of the joints `DETECTED_JOINTS`, leg lengths.

    Returns:
        (..., 17, 3).
    """
    moved = positions.clone()
    axes = part_axes(positions, head_forward)
    moved[..., list(DETECTED_JOINTS), :] += torch.einsum("jk,...jkx->...jx", offsets, axes)
    return averaged_joints(moved)


def part_axes(positions: Tensor, head_forward: Tensor) -> Tensor:
    """Axes of the body parts at the joints `DETECTED_JOINTS`, each one leg (thigh and shank) long.

    They are the head's axes at nose and eyes, the rib cage's at the shoulders, and the pelvis' at
    the hips. At the limbs' joints, `up` goes along the bone to the joint above, and `outward` is as
    close as possible to the rib cage's or pelvis'.

    Args:
        positions: (..., 17, 3).
        head_forward: (..., 3).

    Returns:
        (..., 14, 3, 3), rows: forward, outward, up.
    """

    def bone(start: int, end: int) -> Tensor:
        return positions[..., end, :] - positions[..., start, :]

    pelvis = _axes(bone(1, 4), bone(HIP, SPINE))
    chest = _axes(bone(14, 11), bone(SPINE, THORAX))
    crown = bone(9, 10) + _SKULL_BASE_M * head_forward
    sideways = torch.linalg.cross(crown, head_forward)
    head = _axes(sideways, torch.linalg.cross(head_forward, sideways))
    by_joint = {9: head, 10: head, 1: pelvis, 4: pelvis, 11: chest, 14: chest}
    for joint in _LIMB_ENDS:
        up = functional.normalize(bone(joint, PARENTS[joint]), dim=-1)
        forward = (pelvis if joint < SPINE else chest)[..., 0, :]
        left = functional.normalize(torch.linalg.cross(up, forward), dim=-1)
        by_joint[joint] = torch.stack([torch.linalg.cross(left, up), left, up], -2)
    axes = torch.stack([by_joint[joint] for joint in DETECTED_JOINTS], -3)
    leg = sum(bone(joint, PARENTS[joint]).norm(dim=-1) for joint in (2, 3, 5, 6)) / 2
    outward = [-1.0 if joint in RIGHT_JOINTS else 1.0 for joint in DETECTED_JOINTS]
    sign = positions.new_tensor([[1.0, each, 1.0] for each in outward])
    return axes * sign[..., None] * leg[..., None, None, None]


def _axes(left: Tensor, up: Tensor) -> Tensor:
    """Orthonormal forward, left, up rows (..., 3, 3) from a left and a rough up (..., 3)."""
    y = functional.normalize(left, dim=-1)
    x = functional.normalize(torch.linalg.cross(y, up), dim=-1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], -2)


def part_of(row: int) -> str:
    """The part of a joint of `DETECTED_JOINTS`."""
    return next(part for part, joints in PARTS.items() if DETECTED_JOINTS[row] in joints)

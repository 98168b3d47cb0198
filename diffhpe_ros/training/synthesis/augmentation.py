"""Augmentation of motion capture: other body proportions, other combinations of limb motions.

Windows are (B, L, 17, 3) in metres, z up. The motion of each limb stays as it was captured.
"""

import torch
from torch import Generator, Tensor
from torch.nn import functional

from diffhpe_ros.skeleton import BONES, HIP, MIRRORED, NUM_JOINTS, SPINE, THORAX
from diffhpe_ros.training.random_streams import normal

RIGHT_LEG, LEFT_LEG, LEFT_ARM, RIGHT_ARM = (1, 2, 3), (4, 5, 6), (11, 12, 13), (14, 15, 16)
PROPORTION_STD = 0.06
ASYMMETRY_STD = 0.01
SWING_STD = 0.45  # radians


def exchange_arms(positions: Tensor, other: Tensor) -> Tensor:
    """The body of `positions` with the arm motion of `other`, both (B, L, 17, 3)."""
    frames = (_torso(positions), _torso(other))
    return _exchange(positions, other, THORAX, (*LEFT_ARM, *RIGHT_ARM), *frames)


def exchange_legs(positions: Tensor, other: Tensor) -> Tensor:
    """The body of `positions` with the leg motion of `other`, both (B, L, 17, 3)."""
    frames = (_pelvis(positions), _pelvis(other))
    return _exchange(positions, other, HIP, (*RIGHT_LEG, *LEFT_LEG), *frames)


def swing_arms(positions: Tensor, generator: Generator) -> Tensor:
    """Each arm rotated about its shoulder, by one random rotation per window, (B, L, 17, 3)."""
    swung = positions.clone()
    for shoulder, elbow, wrist in (LEFT_ARM, RIGHT_ARM):
        rotation = _random_rotations(len(positions), SWING_STD, generator)
        pivot = positions[:, :, shoulder, None]
        chain = positions[:, :, [elbow, wrist]] - pivot
        swung[:, :, [elbow, wrist]] = pivot + torch.einsum("bij,blkj->blki", rotation, chain)
    return swung


def vary_proportions(positions: Tensor, generator: Generator) -> Tensor:
    """Random bone lengths, within a few per cent; left and right nearly equal."""
    shape = (len(positions), NUM_JOINTS)
    common = normal(shape, generator)
    common = (common + common[:, list(MIRRORED)]) * 0.5**0.5  # left and right share their draw
    own = normal(shape, generator)
    factor = (PROPORTION_STD * common + ASYMMETRY_STD * own).exp()
    parent, child = (list(side) for side in zip(*BONES, strict=True))
    bones = torch.zeros_like(positions)
    bones[:, :, child] = positions[:, :, child] - positions[:, :, parent]
    bones = bones * factor[:, None, :, None]
    bones[:, :, HIP] = positions[:, :, HIP]
    chains = _chains().to(positions)
    return torch.einsum("jk,blkc->bljc", chains, bones)


def _exchange(
    positions: Tensor, other: Tensor, pivot: int, joints: tuple[int, ...], to: Tensor, of: Tensor
) -> Tensor:
    """Joints of `other`, moved from its frame (B, L, 3, 3, axes in rows) to the body's frame."""
    size = _trunk_length(positions) / _trunk_length(other)  # (B, 1, 1, 1)
    limbs = other[:, :, list(joints)] - other[:, :, pivot, None]
    limbs = torch.einsum("blaj,blka->blkj", to, torch.einsum("blaj,blkj->blka", of, limbs))
    exchanged = positions.clone()
    exchanged[:, :, list(joints)] = positions[:, :, pivot, None] + size * limbs
    return exchanged


def _trunk_length(positions: Tensor) -> Tensor:
    return (positions[:, :, THORAX] - positions[:, :, HIP]).norm(dim=-1).mean(1).view(-1, 1, 1, 1)


def _torso(positions: Tensor) -> Tensor:
    """Axes of the upper trunk, in rows: right, forward, up."""
    return _axes(
        positions[:, :, 14] - positions[:, :, 11], positions[:, :, THORAX] - positions[:, :, SPINE]
    )


def _pelvis(positions: Tensor) -> Tensor:
    """Axes of the pelvis, in rows: right, forward, up."""
    return _axes(
        positions[:, :, 1] - positions[:, :, 4], positions[:, :, SPINE] - positions[:, :, HIP]
    )


def _axes(right: Tensor, up: Tensor) -> Tensor:
    up = functional.normalize(up, dim=-1)
    right = functional.normalize(right - (right * up).sum(-1, keepdim=True) * up, dim=-1)
    return torch.stack([right, torch.linalg.cross(up, right), up], -2)


def _random_rotations(count: int, std: float, generator: Generator) -> Tensor:
    """(count, 3, 3) about random axes; `std` in radians for each coordinate.

    This uses Rodrigues' formula: torch.matrix_exp makes the CPU wait for a GPU several times.
    """
    x, y, z = (std * normal((3, count), generator)).unbind()
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).view(-1, 3, 3)
    angle = torch.stack([x, y, z]).norm(dim=0).clamp(min=1e-6)[:, None, None]
    by_sine, by_cosine = angle.sin() / angle, (1 - angle.cos()) / angle**2
    return torch.eye(3, device=x.device) + by_sine * skew + by_cosine * (skew @ skew)


def _chains() -> Tensor:
    """(17, 17): row j has ones at joint j and all its ancestors."""
    chains = torch.eye(NUM_JOINTS)
    for parent, child in BONES:  # parents come first
        chains[child] += chains[parent]
    return chains

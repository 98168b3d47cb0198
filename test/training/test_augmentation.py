"""New bodies and motions, made from captured ones."""

import pytest
import torch

from diffhpe_ros.rendering.walk import CircleWalk
from diffhpe_ros.skeleton import BONES, LEFT_JOINTS, MIRRORED, RIGHT_JOINTS
from diffhpe_ros.training.modules.losses import bone_lengths
from diffhpe_ros.training.synthesis.augmentation import (
    exchange_arms,
    exchange_legs,
    swing_arms,
    vary_proportions,
)

ARMS, LEGS = [11, 12, 13, 14, 15, 16], [1, 2, 3, 4, 5, 6]
BODY = [0, 7, 8, 9, 10]


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def walks() -> torch.Tensor:
    """(2, 27, 17, 3): two moments of a walk around a circle, with two headings."""
    walk = CircleWalk()
    return torch.tensor(
        [[walk.pose(at + k / 50).joints.tolist() for k in range(27)] for at in (0.0, 1.3)]
    )


def test_limbs_exchanged_with_oneself_stay(walks):
    torch.testing.assert_close(exchange_arms(walks, walks), walks, atol=1e-5, rtol=0)
    torch.testing.assert_close(exchange_legs(walks, walks), walks, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("exchange", "limbs"), [(exchange_arms, ARMS), (exchange_legs, LEGS)])
def test_exchanged_limbs_keep_their_lengths_and_the_body_stays(walks, exchange, limbs):
    mixed = exchange(walks, walks.flip(0))
    others = [joint for joint in range(17) if joint not in limbs]
    torch.testing.assert_close(mixed[:, :, others], walks[:, :, others])
    assert (mixed[:, :, limbs] - walks[:, :, limbs]).norm(dim=-1).amax() > 0.1
    of_limbs = [number for number, (_, child) in enumerate(BONES) if child in limbs]
    torch.testing.assert_close(
        bone_lengths(mixed)[..., of_limbs],
        bone_lengths(walks.flip(0))[..., of_limbs],
        atol=1e-2,  # the same body, but the trunk's length differs between the two moments
        rtol=0,
    )


def test_exchanged_arms_hang_from_the_body_that_has_them(walks):
    """The walker's right arm stays on its right, for any heading."""
    mixed = exchange_arms(walks, walks.flip(0))
    right = mixed[:, :, 14] - mixed[:, :, 11]
    hips = mixed[:, :, 1] - mixed[:, :, 4]
    assert ((right * hips).sum(-1) > 0).all()


def test_swung_arms_keep_their_lengths(walks):
    swung = swing_arms(walks, generator())
    torch.testing.assert_close(bone_lengths(swung), bone_lengths(walks), atol=1e-5, rtol=0)
    torch.testing.assert_close(swung[:, :, BODY + LEGS], walks[:, :, BODY + LEGS])
    assert (swung - walks)[:, :, [13, 16]].norm(dim=-1).mean() > 0.1


def test_varied_proportions_last_for_the_window_and_are_nearly_symmetric(walks):
    varied = vary_proportions(walks.repeat(50, 1, 1, 1), generator())
    factor = bone_lengths(varied) / bone_lengths(walks.repeat(50, 1, 1, 1))
    assert factor.std(1).max() < 1e-4
    assert 0.04 < factor[:, 0].std() < 0.08
    of_joint = torch.cat([torch.ones(100, 1), factor[:, 0]], 1)
    gap = of_joint[:, list(LEFT_JOINTS)] - of_joint[:, list(RIGHT_JOINTS)]
    assert 0.005 < gap.std() < 0.025
    assert MIRRORED[LEFT_JOINTS[0]] == RIGHT_JOINTS[0]

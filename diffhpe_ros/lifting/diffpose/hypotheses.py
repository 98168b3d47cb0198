"""DiffPose's hypotheses: they differ by their sight, by their components and by their noise.

Every second one sees its window in a mirror. Left and right are alike to a body but not to an
encoder, whose error in the mirror is partly another one. So the two kinds of hypotheses differ, and
their mean is nearer to the truth.

Noise comes in pairs of opposite sign, whose effect on the mean cancels but for what is not linear:
a few hypotheses then have the mean of many.
"""

import torch
from torch import Tensor

from diffhpe_ros.lifting.diffpose.detector import further_variance
from diffhpe_ros.lifting.diffpose.model import Context, DiffPose
from diffhpe_ros.lifting.diffpose.sampling import sample
from diffhpe_ros.lifting.inputs import Observed
from diffhpe_ros.lifting.samplers import Noise, Sampler
from diffhpe_ros.skeleton import MIRRORED


def sample_hypotheses(
    model: DiffPose, sampler: Sampler, seen: Observed, noise: Noise, hypotheses: int
) -> Tensor:
    """Poses (B, H, L, J, 3), metres, of B windows.

    Args:
        model: trained.
        sampler: DDIM as published.
        seen: the windows, in the model's view and on its device.
        noise: standard normal (B·H, L, J, 3), new at each call; the hypotheses of a window are
            neighbours.
        hypotheses: H.
    """
    sights = [seen, in_mirror(seen)][:hypotheses]
    contexts = [model.encode(each.x_2d) for each in sights]
    variances = [
        further_variance(context.pose, each) for context, each in zip(contexts, sights, strict=True)
    ]
    poses = sample(
        model,
        sampler,
        Context(*(_in_turn(each, hypotheses) for each in zip(*contexts, strict=True))),
        lambda: in_pairs(noise(), hypotheses),
        _in_turn(variances, hypotheses),
    )
    poses = poses.unflatten(0, (len(seen), hypotheses))
    poses[:, 1::2] = poses[:, 1::2, ..., list(MIRRORED), :] * poses.new_tensor([-1.0, 1.0, 1.0])
    return poses


def in_pairs(noise: Tensor, hypotheses: int) -> Tensor:
    """Noise (B·H, ...) in which hypotheses 2, 3, 6, 7… have that of 0, 1, 4, 5… with opposite sign.

    So the two of a pair have the same sight.
    """
    by_window = noise.unflatten(0, (-1, hypotheses)).clone()
    for k in range(hypotheses):
        if k % 4 > 1:
            by_window[:, k] = -by_window[:, k - 2]
    return by_window.flatten(0, 1)


def in_mirror(seen: Observed) -> Observed:
    """The windows of the mirrored bodies: x changes sign, left and right change places."""
    order = list(MIRRORED)
    flip = seen.x_2d.new_tensor([-1.0, 1.0])
    return Observed(
        seen.x_2d[:, :, order] * flip,
        seen.confidence[:, :, order],
        seen.covariance_2d[:, :, order] * torch.outer(flip, flip),
    )


def _in_turn(of_sights: "list[Tensor] | tuple[Tensor, ...]", hypotheses: int) -> Tensor:
    """(B, ...) of each sight → (B·H, ...), for the hypotheses in turn."""
    turns = [of_sights[k % len(of_sights)] for k in range(hypotheses)]
    return torch.stack(turns, 1).flatten(0, 1)

"""The test procedure of the released DiffPose, and hypotheses, of which it has one."""

import torch
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.diffusion.samplers import Noise, Sampler
from diffhpe_ros.lifting.models.graformer.refiner import ReleasedDiffPose

KEYPOINT_NOISE = 0.1
"""Of one unit of the poses' noise, as the video version's code has it; the frame version reads it
from a file of mixtures, which live use does not have."""


def refine(
    model: ReleasedDiffPose, sampler: Sampler, x_2d: Tensor, noise: Noise, hypotheses: int
) -> Tensor:
    """Poses (B·H, L, J, 3), metres, of B windows.

    The first hypothesis of a window is what the released code gives: the reverse process starts at
    the encoder's pose itself, without noise. The others start beside it, as far as the noise of
    that step reaches.

    Args:
        model: trained.
        sampler: DDIM as released.
        x_2d: (B, L, J, 2), in the model's view.
        noise: standard normal (B·H, L, J, 3), new at each call; the hypotheses of a window are
            neighbours.
        hypotheses: H.
    """
    schedule = model.schedule
    visited = leading_steps(sampler.steps, schedule.steps)

    def noise_of_states() -> Tensor:
        return torch.cat([KEYPOINT_NOISE * noise()[..., :2], noise()], -1)

    apart = noise_of_states()
    apart[::hypotheses] = 0.0
    known = model.known(x_2d).repeat_interleave(hypotheses, 0)
    start = known + (1 - schedule.at(visited[0])).sqrt() * apart
    states = sampler.walk(start, visited, model.denoise, schedule, noise_of_states)
    return states[..., 2:]


def leading_steps(steps: int, total: int) -> list[int]:
    """Falling, evenly spaced, down to 0: of 24 two are 12 and 0, one is 0.

    Raises:
        DiffhpeError: `steps` is not in 1…total.
    """
    if not 1 <= steps <= total:
        raise DiffhpeError(f"sampling steps must be 1 to {total}, got {steps}")
    return [k * (total // steps) for k in reversed(range(steps))]

"""A plain sampler as a reference: the paper's loop over the readable model.

A user would write it with `predict_noise` alone. It runs all steps of the schedule, takes the
hypotheses of a window as one batch (a third faster than one by one), and encodes the condition at
every step.
"""

import numpy as np
import torch
from torch import Tensor

from diffhpe_ros.lifting.diffusion.noise import SeededNoise
from diffhpe_ros.lifting.engines.device_arrays import noise_on
from diffhpe_ros.lifting.models.diffhpe import DiffHPE


@torch.inference_mode()
def sample_plainly(model: DiffHPE, x_2d: Tensor, hypotheses: int, seed: int = 0) -> Tensor:
    """Ancestral sampling over all steps T of the model's schedule.

    x_{t-1} = (x_t - β_t / √(1-ᾱ_t) ε̂) / √(1-β_t) + σ_t z, without noise at the last step.

    Args:
        model: model in evaluation mode.
        x_2d: (B, 27, 17, 2), in the model's input view.
        hypotheses: number of hypotheses H.
        seed: seed of the noise, which is the same as for a `Lifter` with this seed.

    Returns:
        Poses (B, 27, 17, 3) in metres, the mean of the hypotheses.
    """
    schedule = model.schedule
    scale = (1 / np.sqrt(1 - schedule.beta)).tolist()
    share = (schedule.beta / np.sqrt(1 - schedule.alpha_bar)).tolist()
    sigma = schedule.sigma.tolist()
    drawn = SeededNoise([seed] * len(x_2d), hypotheses, tuple(x_2d.shape[1:3]))
    noise = noise_on(x_2d.device, drawn)
    x_2d = x_2d.repeat_interleave(hypotheses, 0)
    x = noise()
    for step in reversed(range(schedule.steps)):
        t = torch.full((len(x),), step, device=x.device)
        x = (x - share[step] * model.predict_noise(x, t, x_2d)) * scale[step]
        if step:
            x = x + sigma[step - 1] * noise()
    return x.unflatten(0, (-1, hypotheses)).mean(1) * model.pose_scale

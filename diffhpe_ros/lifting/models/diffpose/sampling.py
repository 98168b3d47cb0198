"""The reverse process of DiffPose: from the initial distribution to poses."""

import torch
from torch import Tensor

from diffhpe_ros.lifting.diffusion.parameterisation import Prediction
from diffhpe_ros.lifting.diffusion.samplers import Noise, NoisedPose, Sampler
from diffhpe_ros.lifting.diffusion.schedule import as_steps
from diffhpe_ros.lifting.models.diffpose.initial import widened
from diffhpe_ros.lifting.models.diffpose.model import Context, DiffPose


def sample(
    model: DiffPose,
    sampler: Sampler,
    context: Context,
    noise: Noise,
    variance: Tensor | None = None,
) -> Tensor:
    """One pose (N, L, J, 3), metres, for each context and its noise.

    It starts at h_K = √ᾱ_K ĥ_0 + √(1-ᾱ_K) ε with the encoder's pose ĥ_0 and ε of the drawn
    component. Where ᾱ_K is nearly 0 that is a draw of the initial distribution, as published;
    where it is not, as in the released code's schedule, it is what the denoiser was trained for.

    Args:
        model: trained.
        sampler: DDIM as published.
        context: what the encoder made of N windows.
        noise: standard normal, new at each call. The first decides on the components.
        variance: (N, L, J, 2, 2) m², more than the mixtures' beside the optical axis.
    """
    initial = model.initial
    chance = torch.special.ndtr(noise()[:, 0, :, 0])
    component = initial.draw(context.pose, context.x_2d, chance)
    if variance is not None:
        component = widened(component, variance)

    def denoise(state: Tensor, t: int | Tensor) -> Prediction:
        steps = as_steps(t, state.device).expand(len(state))
        return model.predict(state, steps, context, component)

    states = sampler.sample(
        denoise,
        model.schedule,
        lambda: initial.along_time(noise()),
        NoisedPose(component.state(context.pose), model.schedule.steps - 1),
    )
    return component.pose(states)

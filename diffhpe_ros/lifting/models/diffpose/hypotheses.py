"""DiffPose's hypotheses: they differ by their components and by their noise.

Noise comes in pairs of opposite sign, whose effect on the mean cancels but for what is not linear:
a few hypotheses then have the mean of many.
"""

from torch import Tensor

from diffhpe_ros.lifting.diffusion.samplers import Noise, Sampler
from diffhpe_ros.lifting.models.diffpose.detector import further_variance
from diffhpe_ros.lifting.models.diffpose.model import DiffPose
from diffhpe_ros.lifting.models.diffpose.sampling import sample
from diffhpe_ros.lifting.window_batch import WindowBatch


def sample_hypotheses(
    model: DiffPose, sampler: Sampler, seen: WindowBatch, noise: Noise, hypotheses: int
) -> Tensor:
    """Poses (B·H, L, J, 3), metres, of B windows.

    Args:
        model: trained.
        sampler: DDIM as published.
        seen: the windows, in the model's view and on its device.
        noise: standard normal (B·H, L, J, 3), new at each call; the hypotheses of a window are
            neighbours.
        hypotheses: H.
    """
    context = model.encode(seen.x_2d)
    variance = further_variance(context.pose, seen)
    return sample(
        model,
        sampler,
        context.repeat_interleave(hypotheses),
        lambda: in_pairs(noise(), hypotheses),
        variance.repeat_interleave(hypotheses, 0),
    )


def in_pairs(noise: Tensor, hypotheses: int) -> Tensor:
    """Noise (B·H, ...) in which every second hypothesis has that of the one before, negated."""
    by_window = noise.unflatten(0, (-1, hypotheses)).clone()
    paired = hypotheses // 2 * 2
    by_window[:, 1:paired:2] = -by_window[:, 0:paired:2]
    return by_window.flatten(0, 1)

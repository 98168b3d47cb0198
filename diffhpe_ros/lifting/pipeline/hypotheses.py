"""How each kind of model makes its hypotheses."""

from functools import partial
from typing import Any

from torch import Tensor

from diffhpe_ros.lifting.checkpoints.configuration import Deterministic, Model
from diffhpe_ros.lifting.diffusion.samplers import InitialState, Noise, Sampler
from diffhpe_ros.lifting.models.diffpose import DiffPose
from diffhpe_ros.lifting.models.diffpose.hypotheses import sample_hypotheses
from diffhpe_ros.lifting.models.graformer import ReleasedDiffPose, refine
from diffhpe_ros.lifting.window_batch import WindowBatch


def sample_hypotheses_of(
    model: Model,
    engine: Any,
    sampler: Sampler,
    seen: WindowBatch,
    noise: Noise,
    hypotheses: int,
    initial_state: InitialState,
) -> Tensor:
    """Poses (B·H, L, J, 3), metres, of B windows; those of a window are neighbours.

    Args:
        model: trained.
        engine: what runs it, see `lifting.engines`.
        sampler: of a diffusion model.
        seen: the windows, in the model's view and on its device.
        noise: standard normal (B·H, L, J, 3), new at each call.
        hypotheses: H; 1 of a deterministic model.
        initial_state: where DiffHPE's sampling starts.
    """
    if isinstance(model, Deterministic):
        poses: Tensor = engine(seen.x_2d)
        return poses
    if isinstance(model, DiffPose):
        return sample_hypotheses(model, sampler, seen, noise, hypotheses)
    if isinstance(model, ReleasedDiffPose):
        return refine(model, sampler, seen.x_2d, noise, hypotheses)
    condition = engine.condition(seen.x_2d)
    denoise = model.denoise_by(partial(engine, condition=condition))
    return sampler.sample(denoise, model.schedule, noise, initial_state) * model.pose_scale

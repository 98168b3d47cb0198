"""From 2D windows to hypotheses: everything that is computed on the model's device."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from diffhpe_ros.lifting.diffusion.samplers import Noise, Sampler
from diffhpe_ros.lifting.models.base import SamplingInputs
from diffhpe_ros.lifting.models.model import Engine, Model
from diffhpe_ros.lifting.pipeline.augmentation import Augmentation
from diffhpe_ros.lifting.pipeline.initialization import Initialization
from diffhpe_ros.lifting.pipeline.views import View, to_camera_frame
from diffhpe_ros.lifting.window_batch import WindowBatch

EVERY_ROW = slice(None)


@dataclass(frozen=True)
class WindowSampler:
    """View, augmentation and sampling, and the transformation back to the camera's frame.

    Nothing in it waits for the device or copies from the host, so that a CUDA graph can hold it
    all.
    """

    model: Model
    engine: Engine
    """Computes the model's networks; created for this model."""
    sampler: Sampler
    view: View
    augmentation: Augmentation
    hypotheses: int
    """Hypotheses of each window that the augmentation makes of one."""

    def __call__(
        self, observed: WindowBatch, noise: Noise, start: Initialization, rows: slice = EVERY_ROW
    ) -> tuple[Tensor, Tensor]:
        """Hypotheses (B, H, L, 17, 3), metres, root at 0, camera frame; NaN where no joint is seen.

        Also returns the rotations (B, 3, 3) into the model's view.

        Args:
            observed: B windows in the canonical view, on the model's device.
            noise: standard normal (B·H, L, 17, 3), new at each call.
            start: where sampling starts.
            rows: which of the start's windows these are.
        """
        x_2d, rotation = self.view.to_model_view(observed.x_2d)
        seen = self.augmentation.apply(replace(observed, x_2d=x_2d))
        initial_state = start(seen.x_2d, rotation, rows)
        inputs = SamplingInputs(seen, noise, self.hypotheses, self.sampler, initial_state)
        # Each kind of model knows its own kind of engine, and has been given one of these.
        poses = self.model.sample(inputs, self.engine)  # type: ignore[arg-type]
        poses = self.augmentation.undo(poses.unflatten(0, (-1, self.hypotheses)))
        poses = to_camera_frame(poses - poses[..., :1, :], rotation)
        unseen = (observed.x_2d == 0).flatten(1).all(1)
        return poses.masked_fill(unseen.view(-1, 1, 1, 1, 1), torch.nan), rotation

"""From 2D windows to hypotheses: everything that is computed on the model's device.

The code is the same for numpy arrays and tensors; see `lifting.arrays`.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from diffhpe_ros.lifting.arrays import Array, library_of
from diffhpe_ros.lifting.diffusion.samplers import Noise, Sampler
from diffhpe_ros.lifting.models.base import LiftingModel, SamplingInputs
from diffhpe_ros.lifting.pipeline.augmentation import Augmentation
from diffhpe_ros.lifting.pipeline.initialization import Initialization
from diffhpe_ros.lifting.pipeline.views import View, to_camera_frame
from diffhpe_ros.lifting.window_batch import WindowBatch

EVERY_ROW = slice(None)


@dataclass(frozen=True)
class WindowSampler:
    """View, augmentation and sampling, and the transformation back to the camera's frame.

    Nothing here waits for the device or copies from the host, so a CUDA graph can contain all of
    it.
    """

    model: LiftingModel
    engine: Any
    """Computes the model's networks; must have been created for this model."""
    sampler: Sampler
    view: View
    augmentation: Augmentation
    hypotheses: int
    """The number of hypotheses for each window that the augmentation makes."""

    def __call__(
        self, observed: WindowBatch, noise: Noise, start: Initialization, rows: slice = EVERY_ROW
    ) -> tuple[Array, Array]:
        """Hypotheses (B, H, L, 17, 3), metres, root at 0, camera frame; NaN where no joint is seen.

        Also returns the rotations (B, 3, 3) into the model's view.

        Args:
            observed: B windows in the canonical view, on the model's device.
            noise: standard normal (B·H, L, 17, 3), new at each call.
            start: where sampling starts.
            rows: the windows' rows in the start's batch.
        """
        x_2d, rotation = self.view.to_model_view(observed.x_2d)
        seen = self.augmentation.apply(replace(observed, x_2d=x_2d))
        initial_state = start(seen.x_2d, rotation, rows)
        inputs = SamplingInputs(seen, noise, self.hypotheses, self.sampler, initial_state)
        poses = self.model.sample(inputs, self.engine)
        by_window = poses.reshape(-1, self.hypotheses, *poses.shape[1:])
        poses = self.augmentation.undo(by_window)
        poses = to_camera_frame(poses - poses[..., :1, :], rotation)
        unseen = (observed.x_2d == 0).reshape(len(poses), -1).all(1)
        return library_of(poses).where(unseen[:, None, None, None, None], math.nan, poses), rotation

"""A stream's windows start at what was lifted of the same people before."""

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.lifting.pipeline.initialization import PreviousPoseInitialization
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.lifting.streaming.image_motion import image_speed, initial_steps
from diffhpe_ros.lifting.streaming.pose_history import PoseHistory, RecalledPoses


class WarmStart:
    """Remembers the last poses of people and starts their next windows there.

    Each hypothesis goes on from itself, so that they stay apart. The faster a person moves in the
    image, the more noise; people without a usable past start at pure noise.

    Args:
        memory: of people.
        model: whose windows they are.
        preset: how it is sampled.
    """

    def __init__(self, memory: PoseHistory, model: DiffHPE, preset: Preset) -> None:
        self.memory = memory
        self.model = model
        self.preset = preset

    def start(
        self, windows: Tensor, track_ids: Sequence[Hashable], stamps: Sequence[int]
    ) -> PreviousPoseInitialization:
        """Where the sampling of windows (B, L, J, 2) in the canonical view starts."""
        recalled = [
            self.memory.recall(person, stamp)
            for person, stamp in zip(track_ids, stamps, strict=True)
        ]
        shape = (self.preset.hypotheses, *windows.shape[1:3], 3)
        nothing = RecalledPoses(windows.new_zeros(shape), new_frames=1)
        pasts = [past or nothing for past in recalled]
        new_frames = torch.tensor([past.new_frames for past in pasts])
        speed = image_speed(windows, new_frames, self.memory.rate)
        return PreviousPoseInitialization(
            poses=torch.stack([past.poses for past in pasts]),
            known=torch.tensor([past is not None for past in recalled]),
            # A sampler cannot visit more steps than there are from the start on.
            steps=initial_steps(speed, self.model.schedule.steps).clamp(min=self.preset.steps - 1),
            pose_scale=self.model.pose_scale,
        )

    def keep(
        self, track_ids: Sequence[Hashable], stamps: Sequence[int], hypotheses: Tensor
    ) -> None:
        """Remember the poses (B, H, L, J, 3) of people, and forget who is long gone."""
        for person, stamp, poses in zip(track_ids, stamps, hypotheses, strict=True):
            self.memory.keep(person, stamp, poses.clone())
        self.memory.forget(max(stamps))

"""What a lifter computes with: a model in one array library, and how windows are sampled there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting.models.base import LiftingModel, PoseEngine
from diffhpe_ros.lifting.pipeline.initialization import Initialization
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.lifting.pipeline.window_sampler import WindowSampler
from diffhpe_ros.lifting.window_batch import WindowBatch
from diffhpe_ros.skeleton import NUM_JOINTS

SEQUENCES_AT_ONCE = {"cpu": 16, "cuda": 256}
"""Windows times hypotheses in one pass; limits the memory that a large batch takes."""
Sampled = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Hypotheses (B, H, L, 17, 3), camera frame, and rotations (B, 3, 3) into the model's view."""


@dataclass(frozen=True)
class SamplingPlan:
    """How a model's windows are sampled."""

    sampler: WindowSampler
    start: Initialization
    """Where sampling starts unless a call says otherwise."""
    preset: Preset
    hypotheses: int
    """H, the number per window."""
    frames: int
    """L, the length of a window."""


class Sampling(Protocol):
    """Samples windows according to a plan."""

    @property
    def engine(self) -> str:
        """The engine that is used."""

    @property
    def note(self) -> str:
        """A remark on the engine, such as its precision; may be empty."""

    def __call__(
        self, observed: WindowBatch, seeds: Sequence[int], start: Initialization | None = None
    ) -> Sampled:
        """Hypotheses of B windows, one or more; see `WindowSampler`.

        Args:
            observed: B windows.
            seeds: one for each window's noise.
            start: where sampling starts; None for the plan's start.
        """

    def planned(self, plan: SamplingPlan) -> "Sampling":
        """The same model with another plan, recorded if this one is."""

    def captured(self) -> "Sampling":
        """The same sampling, recorded where that makes it faster."""


class Backend(Protocol):
    """A loaded model."""

    @property
    def model(self) -> LiftingModel:
        """The model that is sampled."""

    @property
    def engine(self) -> Any:
        """Computes the model's networks."""

    @property
    def backbone(self) -> PoseEngine | None:
        """Computes the MixSTE that sampling may start at, if there is one."""

    @property
    def runs_on(self) -> str:
        """The device, or what onnxruntime chose instead."""

    def sampling(self, plan: SamplingPlan) -> Sampling:
        """A function that samples windows of this model according to a plan."""


def sample_in_parts(
    sample: Callable[[slice], Sampled], windows: int, hypotheses: int, device: str
) -> Sampled:
    """Sample a batch of windows part by part; see `SEQUENCES_AT_ONCE`.

    Args:
        sample: samples some of the windows.
        windows: B.
        hypotheses: H, the number per window.
        device: cpu or cuda.
    """
    at_once = max(1, SEQUENCES_AT_ONCE[device] // hypotheses)
    parts = [sample(slice(k, k + at_once)) for k in range(0, windows, at_once)]
    poses, rotations = (np.concatenate(each) for each in zip(*parts, strict=True))
    return poses, rotations


def nothing_sampled(plan: SamplingPlan) -> Sampled:
    """The result for zero windows."""
    shape = (0, plan.hypotheses, plan.frames, NUM_JOINTS, 3)
    return np.zeros(shape, np.float32), np.zeros((0, 3, 3), np.float32)

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
"""Windows times hypotheses in one pass: bounds the memory of a large batch."""
Sampled = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Hypotheses (B, H, L, 17, 3), camera frame, and rotations (B, 3, 3) into the model's view."""


@dataclass(frozen=True)
class SamplingPlan:
    """How a model's windows are sampled."""

    sampler: WindowSampler
    start: Initialization
    """Where sampling starts, where a call does not say otherwise."""
    preset: Preset
    hypotheses: int
    """H of each window."""
    frames: int
    """L of each window."""


class Sampling(Protocol):
    """Samples windows by a plan."""

    @property
    def engine(self) -> str:
        """The engine that is used."""

    @property
    def note(self) -> str:
        """What is to be said of the engine, such as its precision; empty where nothing is."""

    def __call__(
        self, observed: WindowBatch, seeds: Sequence[int], start: Initialization | None = None
    ) -> Sampled:
        """Hypotheses of B windows, one or more; see `WindowSampler`.

        Args:
            observed: B windows.
            seeds: of each window's noise.
            start: where sampling starts; None for the plan's.
        """

    def planned(self, plan: SamplingPlan) -> "Sampling":
        """The same model's windows by another plan, recorded if this one is."""

    def captured(self) -> "Sampling":
        """The same, recorded where that makes it faster."""


class Backend(Protocol):
    """A model that is loaded."""

    @property
    def model(self) -> LiftingModel:
        """What is sampled."""

    @property
    def engine(self) -> Any:
        """Computes the model's networks."""

    @property
    def backbone(self) -> PoseEngine | None:
        """Computes the MixSTE that sampling may start at, if there is one."""

    @property
    def runs_on(self) -> str:
        """The device, or what onnxruntime has taken instead."""

    def sampling(self, plan: SamplingPlan) -> Sampling:
        """The model's windows, sampled by a plan."""


def sample_in_parts(
    sample: Callable[[slice], Sampled], windows: int, hypotheses: int, device: str
) -> Sampled:
    """The windows of a batch, part after part; see `SEQUENCES_AT_ONCE`.

    Args:
        sample: samples some of the windows.
        windows: B.
        hypotheses: H of each.
        device: cpu or cuda.
    """
    at_once = max(1, SEQUENCES_AT_ONCE[device] // hypotheses)
    parts = [sample(slice(k, k + at_once)) for k in range(0, windows, at_once)]
    poses, rotations = (np.concatenate(each) for each in zip(*parts, strict=True))
    return poses, rotations


def nothing_sampled(plan: SamplingPlan) -> Sampled:
    """What no windows give."""
    shape = (0, plan.hypotheses, plan.frames, NUM_JOINTS, 3)
    return np.zeros(shape, np.float32), np.zeros((0, 3, 3), np.float32)

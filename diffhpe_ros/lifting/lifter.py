"""The lifter: windows of 2D keypoints → 3D poses with their spread."""

from collections.abc import Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.installed_models import find_model
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.model_folders import load_backbone, load_with_config
from diffhpe_ros.lifting.devices import find_device, single_precision
from diffhpe_ros.lifting.diffusion.noise import SeededNoise
from diffhpe_ros.lifting.diffusion.samplers import Sampler, create_sampler, spaced_steps
from diffhpe_ros.lifting.engines import (
    create_engine,
    create_recorder,
    is_traceable,
    resolve_engine,
    why_not_captured,
)
from diffhpe_ros.lifting.engines.capture import BUCKETS, CapturedSampler, CaptureError, Sample
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.lifting.pipeline import views
from diffhpe_ros.lifting.pipeline.aggregation import create_aggregation
from diffhpe_ros.lifting.pipeline.augmentation import create_augmentation, per_view
from diffhpe_ros.lifting.pipeline.bone_lengths import (
    BoneLengthRule,
    create_bone_length_rule,
    fixed_lengths,
)
from diffhpe_ros.lifting.pipeline.covariance import covariance
from diffhpe_ros.lifting.pipeline.initialization import Initialization, create_initialization
from diffhpe_ros.lifting.pipeline.variance_features import LiftedBatch
from diffhpe_ros.lifting.pipeline.window_sampler import WindowSampler
from diffhpe_ros.lifting.pipeline.world_landmarks import fuse
from diffhpe_ros.lifting.result import LiftResult
from diffhpe_ros.lifting.settings import SamplingConfig, read_settings
from diffhpe_ros.lifting.streaming.stream import LiftingStream
from diffhpe_ros.lifting.streaming.warm_start import create_warm_start
from diffhpe_ros.lifting.window_batch import WindowBatch, check_windows, check_world_landmarks
from diffhpe_ros.skeleton import NUM_JOINTS

SEQUENCES_AT_ONCE = {"cpu": 16, "cuda": 256}
"""Windows times hypotheses in one pass: bounds the memory of a large batch."""


class Lifter:
    """A model with its view, sampler and seed. The result depends on nothing else.

    Args:
        model: any of those that `load_model` gives.
        config: of the model.
        device: cpu, cuda or cuda:N.
        backbone: the MixSTE of a wrapper whose sampling is to start at its pose.
        folder: that the model was loaded from; the engine onnx needs it.
        **settings: the fields of `SamplingConfig` and `LifterOptions`, by name.

    Raises:
        DiffhpeError: a setting is unknown, or the device or the backbone is not there.
    """

    @single_precision()
    def __init__(
        self,
        model: Model,
        config: ModelConfig,
        device: str = "cpu",
        *,
        backbone: MixSTE | None = None,
        folder: Path | None = None,
        **settings: Any,
    ) -> None:
        sampling, self.options = read_settings({"device": device, **settings})
        self.device = find_device(device)
        if any(each.dtype != torch.float32 for each in model.parameters()):
            model.float()  # the engines compute in single precision
        self.model = model.eval().to(self.device)
        self.config = config
        kernels = self.options.kernels
        self._engine_name = resolve_engine(self.options.engine, self.model)
        self._engine = create_engine(self._engine_name, self.model, folder, kernels)
        self._backbone = backbone and create_engine(
            self.options.engine, backbone.eval().to(self.device), kernels=kernels
        )
        self._buckets: Sequence[int] = BUCKETS if self._engine_name == "cuda_graph" else ()
        self._view = views.view(config.input_view)
        self._aggregate = create_aggregation(self.options.aggregation)
        self.decode = create_bone_length_rule(self.options.decode)
        """The rule that keeps bone lengths, or leaves poses as they are."""
        self._set_sampling(sampling)

    @classmethod
    @single_precision()
    def from_pretrained(cls, name: str | Path, device: str = "cpu", **settings: Any) -> "Lifter":
        """Load a model by name or path (see `load_model`) and make its lifter.

        For example `Lifter.from_pretrained("diffhpe-wrapper", device="cpu", seed=0, steps=5)`.

        Args:
            name: of the model, or its path.
            device: cpu, cuda or cuda:N.
            **settings: the fields of `SamplingConfig` and `LifterOptions`, by name.

        Raises:
            DiffhpeError: the model cannot be loaded, a setting is unknown, or the device is not
                there.
        """
        sampling, _ = read_settings(settings)
        find_device(device)  # before weights are read for one that is not there
        model, config = load_with_config(name)
        start = sampling.resolve(config.presets, config.default_preset).start
        backbone = load_backbone(name, config) if start == "backbone" else None
        folder = find_model(name)
        return cls(model, config, device, backbone=backbone, folder=folder, **settings)

    def sampled(self, sampling: SamplingConfig) -> "Lifter":
        """The same model on the same device, sampled otherwise; nothing is loaded.

        Raises:
            DiffhpeError: a setting is unknown or impossible.
        """
        other = copy(self)
        other._set_sampling(sampling)
        if other.preset == self.preset:
            other._captured, other._uncaptured = self._captured, self._uncaptured
        return other

    def _set_sampling(self, sampling: SamplingConfig) -> None:
        self.preset_name = sampling.preset or self.config.default_preset
        self.preset = sampling.resolve(self.config.presets, self.config.default_preset)
        self._sampler: Sampler = create_sampler(self.preset.sampler, self.preset.steps)
        schedule = self.model.schedule
        if schedule is not None:
            spaced_steps(self.preset.steps, schedule.steps)  # refuses impossible ones
        self._augmentation = create_augmentation(self.preset)
        self._of_each_view = per_view(self.hypotheses, self._augmentation)
        self._start = create_initialization(
            self.preset, self.model, self._backbone, self._of_each_view
        )
        self._plan_capture()

    def _plan_capture(self) -> None:
        """Have the sampler recorded when it is first used, where it can be."""
        self._captured: CapturedSampler | None = None
        self._uncaptured: str | None = None
        """Why it is not recorded, where it was to be."""
        if not self._buckets:
            return
        recorder = create_recorder(self.device)
        if not self.model.is_deterministic:
            self._uncaptured = why_not_captured(self.preset, recorder)
        if self._uncaptured is None:
            self._captured = CapturedSampler(
                self.sample, self.config.frames, self.hypotheses, self.device, recorder,
                self._buckets,
            )  # fmt: skip

    @property
    def sample(self) -> Sample:
        """Samples windows with given noise, on the device; `captured` records it."""
        return partial(self._window_sampler, start=self._start)

    @property
    def hypotheses(self) -> int:
        """Poses per window: of a deterministic model, one of each view of it."""
        return self._augmentation.views if self.model.is_deterministic else self.preset.hypotheses

    @single_precision()
    def captured(self) -> "Lifter":
        """The same lifter, ready for live use: with its sampler recorded where it can be.

        On CUDA the engine cuda_graph records its graphs now, not at the first window. On the CPU
        the engine folded is traced for one window, and the next ones are lifted one by one.
        """
        other = copy(self)
        if is_traceable(self._engine_name, self.model) and not self._buckets:
            other._buckets = (1,)
            other._plan_capture()
        if other._captured is not None:
            try:
                other._captured.capture()
            except CaptureError as error:
                other._give_up_capture(error)
        return other

    @property
    def engine(self) -> str:
        """The engine that is used: folded where cuda_graph is wanted and cannot be."""
        cannot = self._engine_name == "cuda_graph" and self._captured is None
        return "folded" if cannot else self._engine_name

    @property
    def engine_description(self) -> str:
        """The engine that is used, with its precision, or why the sampler is not recorded."""
        note = self._captured.description if self._captured is not None else self._uncaptured
        return f"{self.engine} ({note})" if note else self.engine

    @property
    def runs_on(self) -> str:
        """The device, or what onnxruntime has taken instead."""
        return getattr(self._engine, "provider", str(self.device))

    def lift(
        self,
        x_2d: Any,
        confidence: Any | None = None,
        covariance_2d: Any | None = None,
        world_landmarks: Any | None = None,
    ) -> LiftResult:
        """Lift a batch of windows; each gets the same noise, that of the seed.

        Args:
            x_2d: (B, 27, 17, 2), canonical view, (0, 0) where unseen.
            confidence: (B, 27, 17); a joint of confidence 0 counts as unseen. Other values
                are its certainty where covariance_2d gives none.
            covariance_2d: (B, 27, 17, 2, 2), canonical units squared, NaN where the detector gives
                none. Of DiffPose alone the poses depend on it; of all models their covariance does.
            world_landmarks: (B, 27, 17, 3) the detector's own 3D joints, NaN where it gives none,
                which are fused with the poses; see `lifting.pipeline.world_landmarks`.

        Raises:
            DiffhpeError: a shape is wrong, or x_2d is not finite.
        """
        observed = check_windows(x_2d, self.config.frames, confidence, covariance_2d)
        world = check_world_landmarks(world_landmarks, observed)
        return self._lift(observed, [self.options.seed] * len(observed), world_landmarks=world)

    def stream(self) -> LiftingStream:
        """A stream of windows of tracks over time."""
        return LiftingStream(
            self._lift,
            frames=self.config.frames,
            rate=self.config.rate,
            seed=self.options.seed,
            warm_start=create_warm_start(self.model, self.preset, self.config.rate),
            fixed_lengths=self.decode is fixed_lengths,
        )

    @single_precision()
    @torch.inference_mode()
    def _lift(
        self,
        observed: WindowBatch,
        seeds: Sequence[int],
        start: Initialization | None = None,
        decode: BoneLengthRule | None = None,
        world_landmarks: NDArray[np.float32] | None = None,
    ) -> LiftResult:
        """See `LiftWindows`."""
        hypotheses, rotation = self._sample(observed, seeds, start or self._start)
        samples = hypotheses.cpu().numpy()
        poses = self._aggregate(samples, observed.x_2d.numpy())
        if world_landmarks is not None and self.options.fuse:
            poses = fuse(poses, world_landmarks, observed.x_2d)
        uncertain = self._covariance(samples, observed, rotation.cpu().numpy())
        return LiftResult((decode or self.decode)(poses), samples, uncertain)

    def _sample(
        self, observed: WindowBatch, seeds: Sequence[int], start: Initialization
    ) -> tuple[Tensor, Tensor]:
        """Hypotheses (B, H, 27, 17, 3), camera frame, and rotations (B, 3, 3) into the view."""
        if not len(observed):
            hypotheses = observed.x_2d.new_zeros(0, self.hypotheses, *observed.x_2d.shape[1:3], 3)
            return hypotheses, torch.zeros(0, 3, 3)
        if self._captured is not None and start is self._start:
            try:
                return self._captured(observed, seeds)
            except CaptureError as error:
                self._give_up_capture(error)
        observed = observed.to(self.device)
        at_once = max(1, SEQUENCES_AT_ONCE[self.device.type] // self.hypotheses)
        rows = (slice(k, k + at_once) for k in range(0, len(observed), at_once))
        parts = [self._part(observed, seeds, start, each) for each in rows]
        return torch.cat([poses for poses, _ in parts]), torch.cat([turn for _, turn in parts])

    def _part(
        self, observed: WindowBatch, seeds: Sequence[int], start: Initialization, rows: slice
    ) -> tuple[Tensor, Tensor]:
        frames = (self.config.frames, NUM_JOINTS)
        noise = SeededNoise(seeds[rows], self.hypotheses, frames, self.device)
        return self._window_sampler(observed[rows], noise, start, rows)

    @property
    def _window_sampler(self) -> WindowSampler:
        return WindowSampler(
            self.model,
            self._engine,
            self._sampler,
            self._view,
            self._augmentation,
            self._of_each_view,
        )

    def _give_up_capture(self, error: CaptureError) -> None:
        self._captured, self._uncaptured = None, f"not recorded: {error}"

    def _covariance(
        self, samples: NDArray[np.float32], observed: WindowBatch, rotation: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(B, 27, 17, 3, 3) m², camera frame."""
        lifted = LiftedBatch(
            samples.mean(1),
            observed.x_2d.numpy(),
            observed.confidence.numpy(),
            observed.covariance_2d.numpy(),
        )
        std_mm = np.array(self.config.residual_std_mm or np.zeros((NUM_JOINTS, 3)))
        return covariance(samples, lifted, rotation, std_mm, self.config.variance_features)

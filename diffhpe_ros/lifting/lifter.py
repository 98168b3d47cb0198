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
from diffhpe_ros.lifting.checkpoints.configuration import Deterministic, Model, ModelConfig
from diffhpe_ros.lifting.checkpoints.model_folders import load_backbone, load_with_config
from diffhpe_ros.lifting.devices import find_device
from diffhpe_ros.lifting.diffusion.noise import SeededNoise
from diffhpe_ros.lifting.diffusion.samplers import Sampler, create_sampler, spaced_steps
from diffhpe_ros.lifting.engines import (
    create_engine,
    create_recorder,
    resolve_engine,
    why_not_captured,
)
from diffhpe_ros.lifting.engines.capture import BUCKETS, CapturedSampler, CaptureError
from diffhpe_ros.lifting.engines.folded import FoldedDiffHPE, FoldedMixSTE
from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.lifting.models.mixste import MixSTE
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
from diffhpe_ros.lifting.pipeline.presets import choose
from diffhpe_ros.lifting.pipeline.variance_features import LiftedBatch
from diffhpe_ros.lifting.pipeline.window_sampler import WindowSampler
from diffhpe_ros.lifting.result import LiftResult
from diffhpe_ros.lifting.streaming.bone_length_tracker import BoneLengthTracker
from diffhpe_ros.lifting.streaming.pose_history import PoseHistory
from diffhpe_ros.lifting.streaming.stream import LiftingStream
from diffhpe_ros.lifting.streaming.warm_start import WarmStart
from diffhpe_ros.lifting.window_batch import WindowBatch, check_windows
from diffhpe_ros.skeleton import NUM_JOINTS

SEQUENCES_AT_ONCE = {"cpu": 16, "cuda": 256}
"""Windows times hypotheses in one pass: bounds the memory of a large batch."""


class Lifter:
    """A model with its view, sampler and seed. The result depends on nothing else.

    Args:
        model: any of those that `load_model` gives.
        config: of the model.
        device: cpu, cuda, or cuda:N.
        seed: of the noise that diffusion starts from.
        preset: a name of the model's presets; its default one if not given.
        sampler: ddpm, ddim or dpm-solver, instead of the preset's.
        steps: sampling steps, instead of the preset's.
        hypotheses: poses sampled per window, instead of the preset's.
        engine: what runs the model: cuda_graph (the whole sampler as CUDA graphs), native (the
            compiled library), folded, plain (the training model itself, for comparison), onnx
            (onnxruntime, with what `diffhpe export` has put into the model's folder), or auto:
            cuda_graph on CUDA; on the CPU native where that can be, else folded.
        kernels: of the engines folded and cuda_graph: torch, or triton, fused ones.
        start: where sampling starts, instead of the preset's: noise; backbone, the pose of a
            wrapper's own MixSTE; or previous, in a stream the person's last window (the first
            window of a person and those of `lift`, which has no memory, start at noise).
        backbone: the MixSTE of a wrapper that is to start there.
        folder: that the model was loaded from; onnx needs it.
        aggregation: mean, or reprojection; see `lifting.pipeline.aggregation`.
        decode: free, or rigid: bones keep their length, over a window or, in a stream, for as long
            as the person is there; see `lifting.pipeline.bone_lengths`.
        augmentation: none or flip, instead of the preset's: half of the hypotheses, and one more
            pose of MixSTE, are of the mirrored window; see `lifting.pipeline.augmentation`.

    Raises:
        DiffhpeError: a setting is unknown, or the device or the backbone is not there.
    """

    def __init__(
        self,
        model: Model,
        config: ModelConfig,
        device: str = "cpu",
        seed: int = 0,
        preset: str | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        hypotheses: int | None = None,
        engine: str = "auto",
        start: str | None = None,
        backbone: MixSTE | None = None,
        folder: Path | None = None,
        aggregation: str = "mean",
        decode: str = "free",
        augmentation: str | None = None,
        kernels: str = "torch",
    ) -> None:
        self.device = find_device(device)
        self.model = model.eval().to(self.device)
        self.config = config
        self.seed = seed
        self._settled = resolve_engine(engine, self.model)
        self._engine: Any = create_engine(self._settled, self.model, folder, kernels)
        self._mixste: Any = backbone and create_engine(
            engine, backbone.eval().to(self.device), kernels=kernels
        )
        self._buckets: Sequence[int] = BUCKETS if self._settled == "cuda_graph" else ()
        self._view = views.view(config.input_view)
        self._aggregate = create_aggregation(aggregation)
        self.decode = create_bone_length_rule(decode)
        self._choose(preset, sampler, steps, hypotheses, start, augmentation)

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        device: str = "cpu",
        seed: int = 0,
        preset: str | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        hypotheses: int | None = None,
        engine: str = "auto",
        start: str | None = None,
        aggregation: str = "mean",
        decode: str = "free",
        augmentation: str | None = None,
        kernels: str = "torch",
    ) -> "Lifter":
        """Load a model by name or path (see `load_model`) and make its lifter."""
        find_device(device)  # before weights are read for one that is not there
        model, config = load_with_config(name)
        wanted = choose(config.presets, preset or config.default_preset, start=start).start
        backbone = load_backbone(name, config) if wanted == "backbone" else None
        return cls(
            model, config, device, seed, preset, sampler, steps, hypotheses, engine, start,
            backbone, find_model(name), aggregation, decode, augmentation, kernels,
        )  # fmt: skip

    def sampled(
        self,
        preset: str | None = None,
        sampler: str | None = None,
        steps: int | None = None,
        hypotheses: int | None = None,
        start: str | None = None,
        augmentation: str | None = None,
    ) -> "Lifter":
        """The same model on the same device, sampled otherwise; nothing is loaded.

        Raises:
            DiffhpeError: a setting is unknown or impossible.
        """
        other = copy(self)
        other._choose(preset, sampler, steps, hypotheses, start, augmentation)
        if other.preset == self.preset:
            other._captured, other._uncaptured = self._captured, self._uncaptured
        return other

    def _choose(
        self,
        preset: str | None,
        sampler: str | None,
        steps: int | None,
        hypotheses: int | None,
        start: str | None,
        augmentation: str | None,
    ) -> None:
        """How to sample."""
        self.preset = choose(
            self.config.presets,
            preset or self.config.default_preset,
            sampler=sampler,
            steps=steps,
            hypotheses=hypotheses,
            start=start,
            augmentation=augmentation,
        )
        self._sampler: Sampler = create_sampler(self.preset.sampler, self.preset.steps)
        if not isinstance(self.model, Deterministic):
            spaced_steps(self.preset.steps, self.model.schedule.steps)  # refuses impossible ones
        self._augmentation = create_augmentation(self.preset)
        self._of_each_view = per_view(self.hypotheses, self._augmentation)
        self._start = create_initialization(
            self.preset, self.model, self._mixste, self._of_each_view
        )
        self.preset_name = preset or self.config.default_preset
        self._plan_capture()

    def _plan_capture(self) -> None:
        """Have the sampler recorded when it is first used, where it can be."""
        self._captured: CapturedSampler | None = None
        self._uncaptured: str | None = None
        """Why it is not recorded, where it was to be."""
        if not self._buckets:
            return
        recorder = create_recorder(self.device)
        if not isinstance(self.model, Deterministic):
            self._uncaptured = why_not_captured(self.preset, recorder)
        if self._uncaptured is None:
            sample = partial(self._window_sampler, start=self._start)
            self._captured = CapturedSampler(
                sample, self.config.frames, self.hypotheses, self.device, recorder, self._buckets
            )

    @property
    def hypotheses(self) -> int:
        """Poses per window: of a deterministic model, one of each view of it."""
        if isinstance(self.model, Deterministic):
            return self._augmentation.views
        return self.preset.hypotheses

    def captured(self) -> "Lifter":
        """The same lifter, ready for live use: with its sampler recorded where it can be.

        On CUDA the engine cuda_graph records its graphs now, not at the first window. On the CPU
        the engine folded is traced for one window, and the next ones are lifted one by one.
        """
        other = copy(self)
        traceable = isinstance(self._engine, FoldedMixSTE | FoldedDiffHPE)
        if traceable and self.device.type == "cpu" and not self._buckets:
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
        """What runs the model: folded where cuda_graph is wanted and cannot be."""
        cannot = self._settled == "cuda_graph" and self._captured is None
        return "folded" if cannot else self._settled

    @property
    def engine_description(self) -> str:
        """What runs the model, how exactly, or why nothing faster does."""
        note = self._captured.description if self._captured is not None else self._uncaptured
        return f"{self.engine} ({note})" if note else self.engine

    @property
    def runs_on(self) -> str:
        """The device, or what onnxruntime has taken instead."""
        return getattr(self._engine, "provider", str(self.device))

    def lift(
        self, x_2d: Any, confidence: Any | None = None, covariance_2d: Any | None = None
    ) -> LiftResult:
        """Lift a batch of windows; each gets the same noise, that of the seed.

        Args:
            x_2d: (B, 27, 17, 2), canonical view, (0, 0) where unseen.
            confidence: (B, 27, 17); a joint of confidence 0 counts as unseen. Else it says with
                covariance_2d how certain the joint is.
            covariance_2d: (B, 27, 17, 2, 2), canonical units squared, NaN where the detector gives
                none. Of DiffPose alone the poses depend on it; of all models their covariance does.

        Raises:
            DiffhpeError: a shape is wrong, or x_2d is not finite.
        """
        observed = check_windows(x_2d, self.config.frames, confidence, covariance_2d)
        return self._lift(observed, [self.seed] * len(observed))

    def stream(self) -> LiftingStream:
        """A stream of windows of people over time."""
        config, starts_warm = self.config, self.preset.start == "previous"
        warm = bodies = None
        if starts_warm and isinstance(self.model, DiffHPE):
            warm = WarmStart(PoseHistory(config.rate), self.model, self.preset)
        if self.decode is fixed_lengths:
            bodies = BoneLengthTracker(window_s=(config.frames - 1) / config.rate)
        return LiftingStream(self, warm, bodies)

    @torch.inference_mode()
    def _lift(
        self,
        observed: WindowBatch,
        seeds: Sequence[int],
        start: Initialization | None = None,
        decode: BoneLengthRule | None = None,
    ) -> LiftResult:
        """Sample, aggregate, decode; start and decode are a stream's own, if it has them."""
        hypotheses, rotation = self._sample(observed, seeds, start or self._start)
        samples = hypotheses.cpu().numpy()
        poses = self._aggregate(samples, observed.x_2d.numpy())
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
        return covariance(samples, lifted, rotation, std_mm, self.config.error_signs)

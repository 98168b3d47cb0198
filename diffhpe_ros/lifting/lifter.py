"""The lifter: windows of 2D keypoints → 3D poses with their spread."""

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import find_model
from diffhpe_ros.lifting.backends import create_backend
from diffhpe_ros.lifting.backends.base import Sampling, SamplingPlan, nothing_sampled
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.stored import StoredModel, read_backbone, read_model
from diffhpe_ros.lifting.devices import check_device
from diffhpe_ros.lifting.diffusion.samplers import create_sampler, spaced_steps
from diffhpe_ros.lifting.pipeline import views
from diffhpe_ros.lifting.pipeline.aggregation import create_aggregation
from diffhpe_ros.lifting.pipeline.augmentation import create_augmentation, per_view
from diffhpe_ros.lifting.pipeline.bone_lengths import (
    BoneLengthRule,
    create_bone_length_rule,
    fixed_lengths,
)
from diffhpe_ros.lifting.pipeline.covariance import ASSUMED_STD_MM, assumed_std_mm, covariance
from diffhpe_ros.lifting.pipeline.initialization import Initialization, create_initialization
from diffhpe_ros.lifting.pipeline.variance_features import LiftedBatch
from diffhpe_ros.lifting.pipeline.window_sampler import WindowSampler
from diffhpe_ros.lifting.pipeline.world_landmarks import fuse
from diffhpe_ros.lifting.result import LiftResult
from diffhpe_ros.lifting.settings import SamplingConfig, read_settings
from diffhpe_ros.lifting.streaming.stream import LiftingStream
from diffhpe_ros.lifting.streaming.warm_start import create_warm_start
from diffhpe_ros.lifting.weights import Weights, WeightsError
from diffhpe_ros.lifting.window_batch import WindowBatch, check_windows, check_world_landmarks

if TYPE_CHECKING:
    from diffhpe_ros.lifting.models.model import Model


class Lifter:
    """A model with its view, sampler and seed. Results depend on these and the input alone.

    Args:
        model: a model from `load_model`, or a model's weights by name.
        config: the model's configuration.
        device: cpu, cuda or cuda:N.
        backbone: the MixSTE of a wrapper, if sampling should start at its pose.
        folder: where the model was loaded from; the onnx engine needs it.
        **settings: the fields of `SamplingConfig` and `LifterOptions`, by name.

    Raises:
        DiffhpeError: a setting is unknown; the device or the backbone does not exist; or torch is
            not installed but the engine needs it.
    """

    def __init__(
        self,
        model: Union["Model", Weights],
        config: ModelConfig,
        device: str = "cpu",
        *,
        backbone: StoredModel | None = None,
        folder: Path | None = None,
        **settings: Any,
    ) -> None:
        sampling, self.options = read_settings({"device": device, **settings})
        check_device(device)
        self.device = device
        self.config = config
        self._backend = create_backend(model, config, self.options, backbone, folder)
        self.model = self._backend.model
        """The sampled model: the native engine's own model, else the torch model."""
        self._view = views.view(config.input_view)
        self._aggregate = create_aggregation(self.options.aggregation)
        self.decode = create_bone_length_rule(self.options.decode)
        """The rule that fixes bone lengths, or leaves poses unchanged."""
        self._set_sampling(sampling)
        self.sampling: Sampling = self._backend.sampling(self._plan)
        """How windows are sampled: according to the plan, recorded or not."""

    @classmethod
    def from_pretrained(cls, name: str | Path, device: str = "cpu", **settings: Any) -> "Lifter":
        """Load a model by name or path (see `load_model`) and create its lifter.

        For example `Lifter.from_pretrained("diffhpe-wrapper", device="cpu", seed=0, steps=5)`.

        Args:
            name: the model's name or path.
            device: cpu, cuda or cuda:N.
            **settings: the fields of `SamplingConfig` and `LifterOptions`, by name.

        Raises:
            DiffhpeError: the model cannot be loaded, a setting is unknown, or the device does not
                exist.
        """
        sampling, _ = read_settings(settings)
        check_device(device)  # before reading weights for a device that does not exist
        config, weights = read_model(name)
        start = sampling.resolve(config.presets, config.default_preset).start
        backbone = read_backbone(name, config) if start == "backbone" else None
        folder = find_model(name)
        try:
            return cls(weights, config, device, backbone=backbone, folder=folder, **settings)
        except WeightsError as error:
            raise DiffhpeError(f"{folder}: {error}") from None

    def sampled(self, sampling: SamplingConfig) -> "Lifter":
        """The same model on the same device with other sampling settings; nothing is loaded.

        Raises:
            DiffhpeError: a setting is unknown or impossible.
        """
        other = copy(self)
        other._set_sampling(sampling)
        if other.preset != self.preset:  # else keep a sampler that may be recorded already
            other.sampling = self.sampling.planned(other._plan)
        return other

    def _set_sampling(self, sampling: SamplingConfig) -> None:
        self._given = sampling.overrides
        self.preset_name = sampling.preset or self.config.default_preset
        self.preset = preset = sampling.resolve(self.config.presets, self.config.default_preset)
        backend, model = self._backend, self.model
        sampler = create_sampler(preset.sampler, preset.steps)
        if model.schedule is not None:
            spaced_steps(preset.steps, model.schedule.steps)  # refuses impossible numbers of steps
        augmentation = create_augmentation(preset)
        hypotheses = augmentation.views if model.is_deterministic else preset.hypotheses
        each = per_view(hypotheses, augmentation)
        self._plan = SamplingPlan(
            WindowSampler(model, backend.engine, sampler, self._view, augmentation, each),
            create_initialization(preset, model, backend.backbone, each),
            preset,
            hypotheses,
            self.config.frames,
        )

    @property
    def hypotheses(self) -> int:
        """Poses per window; for a deterministic model, one for each augmented view."""
        return self._plan.hypotheses

    @property
    def warnings(self) -> list[str]:
        """Warnings about settings without effect, and about a covariance that is a guess."""
        found = []
        unused = [name for name in self.model.unused_settings if self._given[name] is not None]
        if unused:
            found.append(f"without effect on {self.config.architecture}: {', '.join(unused)}")
        if self.config.residual_std_mm is None:
            found.append(
                f"the model's error was not measured: {ASSUMED_STD_MM:g} mm are assumed for each"
                " joint; diffhpe calibrate measures it"
            )
        return found

    def captured(self) -> "Lifter":
        """The same lifter, ready for live use: with its sampler recorded where possible."""
        other = copy(self)
        other.sampling = self.sampling.captured()
        return other

    @property
    def engine(self) -> str:
        """The engine that is used: folded where cuda_graph was asked for but is not possible."""
        return self.sampling.engine

    @property
    def engine_description(self) -> str:
        """The engine that is used, with its precision, or why the sampler is not recorded."""
        note = self.sampling.note
        return f"{self.engine} ({note})" if note else self.engine

    @property
    def runs_on(self) -> str:
        """The device, or what onnxruntime chose instead."""
        return self._backend.runs_on

    def lift(
        self,
        x_2d: Any,
        confidence: Any | None = None,
        covariance_2d: Any | None = None,
        world_landmarks: Any | None = None,
    ) -> LiftResult:
        """Lift a batch of windows; all get the same noise, which depends on the seed.

        Args:
            x_2d: (B, 27, 17, 2), canonical view, (0, 0) where unseen.
            confidence: (B, 27, 17); a joint of confidence 0 counts as unseen. Other values rate its
                certainty where covariance_2d gives none.
            covariance_2d: (B, 27, 17, 2, 2), canonical units squared, NaN where the detector gives
                none. The result's covariance depends on it; the poses only do with DiffPose.
            world_landmarks: (B, 27, 17, 3), the detector's own 3D joints, NaN where it gives none.
                They are fused with the poses; see `lifting.pipeline.world_landmarks`.

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
            warm_start=create_warm_start(self.model, self.preset),
            fixed_lengths=self.decode is fixed_lengths,
        )

    def _lift(
        self,
        observed: WindowBatch,
        seeds: Sequence[int],
        start: Initialization | None = None,
        decode: BoneLengthRule | None = None,
        world_landmarks: NDArray[np.float32] | None = None,
    ) -> LiftResult:
        """See `LiftWindows`."""
        if len(observed):
            samples, rotation = self.sampling(observed, seeds, start)
        else:
            samples, rotation = nothing_sampled(self._plan)
        poses = self._aggregate(samples, observed.x_2d)
        if world_landmarks is not None and self.options.fuse:
            poses = fuse(poses, world_landmarks, observed.x_2d)
        uncertain = self._covariance(samples, observed, rotation)
        return LiftResult((decode or self.decode)(poses), samples, uncertain)

    def _covariance(
        self, samples: NDArray[np.float32], observed: WindowBatch, rotation: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(B, 27, 17, 3, 3) m², camera frame."""
        lifted = LiftedBatch(
            samples.mean(1), observed.x_2d, observed.confidence, observed.covariance_2d
        )
        config = self.config
        std_mm = np.array(config.residual_std_mm or assumed_std_mm())
        slopes, network = config.variance_features, config.variance_network
        return covariance(samples, lifted, rotation, std_mm, slopes, network)

"""The backend of all other engines, on torch tensors."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import cast

import torch

from diffhpe_ros.lifting.backends.base import Sampled, SamplingPlan, sample_in_parts
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.model_folders import model_of
from diffhpe_ros.lifting.checkpoints.stored import StoredModel
from diffhpe_ros.lifting.devices import single_precision
from diffhpe_ros.lifting.diffusion.noise import SeededNoise
from diffhpe_ros.lifting.engines.capture import BUCKETS, CapturedSampler, CaptureError, Sample
from diffhpe_ros.lifting.engines.creation import (
    create_engine,
    create_recorder,
    is_traceable,
    why_not_captured,
)
from diffhpe_ros.lifting.engines.device_arrays import noise_on, windows_on
from diffhpe_ros.lifting.models.base import PoseEngine
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.lifting.pipeline.initialization import Initialization
from diffhpe_ros.lifting.settings import LifterOptions
from diffhpe_ros.lifting.threads import apply_to_torch
from diffhpe_ros.lifting.weights import Weights
from diffhpe_ros.lifting.window_batch import WindowBatch
from diffhpe_ros.skeleton import NUM_JOINTS


class TorchBackend:
    """A model that runs on torch; see `Backend`.

    Args:
        model: the model, or its weights.
        config: the model's configuration.
        engine: the engine's name; see `create_engine`.
        options: only device and kernels are used.
        backbone: the MixSTE that sampling may start at.
        folder: where the model was loaded from; the onnx engine needs it.

    Raises:
        DiffhpeError: the weights do not fit, or the model has no such engine.
    """

    @single_precision()
    def __init__(
        self,
        model: Model | Weights,
        config: ModelConfig,
        engine: str,
        options: LifterOptions,
        backbone: StoredModel | None,
        folder: Path | None,
    ) -> None:
        apply_to_torch()
        if isinstance(model, Mapping):
            model = model_of(StoredModel(config, model))
        if any(each.dtype != torch.float32 for each in model.parameters()):
            model.float()  # the engines compute in single precision
        self.device = torch.device(options.device)
        self.model = model.eval().to(self.device)
        self.engine_name = engine
        self.engine = create_engine(engine, self.model, config, folder, options.kernels)
        self.backbone: PoseEngine | None = None
        if backbone is not None:
            mixste = model_of(backbone).to(self.device)
            made = create_engine(engine, mixste, backbone.config, None, options.kernels)
            self.backbone = cast(PoseEngine, made)

    @property
    def runs_on(self) -> str:
        """See `Backend.runs_on`."""
        return getattr(self.engine, "provider", str(self.device))

    def sampling(self, plan: SamplingPlan) -> "TorchSampling":
        """See `Backend.sampling`."""
        buckets = BUCKETS if self.engine_name == "cuda_graph" else ()
        return TorchSampling(self, plan, buckets)


def on_current(device: torch.device) -> AbstractContextManager[object]:
    """A context in which this GPU is the current one: Triton launches its kernels there."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


class TorchSampling:
    """Samples windows on the device, recorded where possible; see `Sampling`.

    Args:
        backend: the model.
        plan: how it is sampled.
        buckets: numbers of windows to record for, at first use; empty for no recording.
    """

    def __init__(self, backend: TorchBackend, plan: SamplingPlan, buckets: Sequence[int]) -> None:
        self._backend = backend
        self._plan = plan
        self._buckets = buckets
        self._captured: CapturedSampler | None = None
        self._uncaptured = ""
        """Why it is not recorded, if it should have been."""
        if not buckets:
            return
        recorder = create_recorder(backend.device)
        if not backend.model.is_deterministic:
            self._uncaptured = why_not_captured(plan.preset, recorder)
        if not self._uncaptured:
            self._captured = CapturedSampler(
                self.sample, plan.frames, plan.hypotheses, backend.device, recorder, buckets
            )

    @property
    def sample(self) -> Sample:
        """The function that samples windows with given noise; `captured` records it."""
        return partial(self._plan.sampler, start=self._plan.start)

    @property
    def engine(self) -> str:
        """The engine that is used: folded where cuda_graph was asked for but is not possible."""
        name = self._backend.engine_name
        return "folded" if name == "cuda_graph" and self._captured is None else name

    @property
    def note(self) -> str:
        """The precision of the recorded sampler, or why it is not recorded."""
        if self._captured is not None:
            return self._captured.description
        return self._uncaptured

    @single_precision()
    @torch.inference_mode()
    def __call__(
        self, observed: WindowBatch, seeds: Sequence[int], start: Initialization | None = None
    ) -> Sampled:
        """See `Sampling.__call__`."""
        with on_current(self._backend.device):
            if self._captured is not None and start is None:
                try:
                    return self._captured(observed, seeds)
                except CaptureError as error:
                    self._give_up_capture(error)
            return self._sampled(observed, seeds, start)

    def _sampled(
        self, observed: WindowBatch, seeds: Sequence[int], start: Initialization | None
    ) -> Sampled:
        plan, device = self._plan, self._backend.device

        def sample(rows: slice) -> Sampled:
            noise = SeededNoise(seeds[rows], plan.hypotheses, (plan.frames, NUM_JOINTS))
            windows = windows_on(device, observed[rows])
            sampled = plan.sampler(windows, noise_on(device, noise), start or plan.start, rows)
            poses, rotations = (each.cpu().numpy() for each in sampled)
            return poses, rotations

        return sample_in_parts(sample, len(observed), plan.hypotheses, device.type)

    def planned(self, plan: SamplingPlan) -> "TorchSampling":
        """See `Sampling.planned`."""
        return TorchSampling(self._backend, plan, self._buckets)

    @single_precision()
    def captured(self) -> "TorchSampling":
        """The same sampling, with its sampler recorded where possible.

        On CUDA, the cuda_graph engine records its graphs now rather than at the first window. On
        the CPU, the folded engine is traced for one window, and windows are then lifted one by one.
        """
        backend = self._backend
        if is_traceable(backend.engine_name, backend.model) and not self._buckets:
            return TorchSampling(backend, self._plan, buckets=(1,)).captured()
        if self._captured is not None:
            try:
                with on_current(backend.device):
                    self._captured.capture()
            except CaptureError as error:
                self._give_up_capture(error)
        return self

    def _give_up_capture(self, error: CaptureError) -> None:
        self._captured, self._uncaptured = None, f"not captured: {error}"

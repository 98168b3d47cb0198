"""A sampler, recorded for fixed numbers of windows and replayed without Python overhead.

Lifting a window takes some thousand small operations. Python's overhead between them takes a fifth
of the time on the CPU, and nearly all of it on a GPU. Recorded operations run without this
overhead. A `ProgramRecorder` records them: with CUDA graphs (`engines.cuda_graph`) or with
TorchScript's tracer (`engines.traced`). What both share is in this module: the numbers of windows,
padding, buffers, and the check of recorded results.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffhpe_ros.lifting.diffusion.noise import SeededNoise, fill_with_noise
from diffhpe_ros.lifting.diffusion.samplers import Noise
from diffhpe_ros.lifting.engines.device_arrays import noise_on, windows_on
from diffhpe_ros.lifting.engines.precision import FLOAT32, Precision, largest_distance_mm
from diffhpe_ros.lifting.window_batch import WindowBatch
from diffhpe_ros.skeleton import NUM_JOINTS

BUCKETS = (1, 2, 4, 8, 16, 32)
"""Numbers of windows that are recorded. Other batches are padded to the next one, or split."""
TOLERANCE_MM = 0.1
"""Largest distance of a joint in recorded samples from the unrecorded ones in float32."""

Sample = Callable[[WindowBatch, Noise], tuple[Tensor, Tensor]]
"""B windows and their noise → hypotheses (B, H, L, 17, 3) and rotations (B, 3, 3)."""
Program = Callable[..., tuple[Tensor, ...]]
Playback = Callable[[], tuple[Tensor, ...]]
"""Computes from the current content of the recorded inputs; outputs are valid until the next
call."""


class CaptureError(Exception):
    """A sampler cannot be recorded; the text says why."""


class ProgramRecorder(Protocol):
    """Records a program on tensors of fixed shapes."""

    precisions: Sequence[Precision]
    """Precisions to try, the fastest first."""
    most_steps: int | None
    """Samplers with more steps are not worth recording; None for no limit."""

    def __call__(self, program: Program, inputs: Sequence[Tensor]) -> Playback:
        """Record `program(*inputs)`.

        Raises:
            RuntimeError: the program cannot be recorded.
        """


class CapturedSampler:
    """A sampler of windows, recorded once for each bucket.

    The buffers are shared between calls, so concurrent calls from several threads wait for each
    other.

    Args:
        sample: the sampler, which must be stateless.
        frames: L, the length of a window.
        hypotheses: H, the number per window.
        device: the sampler's device.
        recorder: records it.
        buckets: numbers of windows, rising.
    """

    def __init__(
        self,
        sample: Sample,
        frames: int,
        hypotheses: int,
        device: torch.device,
        recorder: ProgramRecorder,
        buckets: Sequence[int] = BUCKETS,
    ) -> None:
        self._sample = sample
        self._shape = (hypotheses, frames, NUM_JOINTS, 3)
        self._device = device
        self._recorder = recorder
        self.buckets = tuple(buckets)
        self.precision: Precision | None = None
        """Precision of the latest recorded bucket; None before the first."""
        self.deviation_mm = 0.0
        """The largest distance of a joint from its float32 result in all recordings."""
        self._too_coarse = ""
        self._recorded: dict[int, _Recording] = {}
        self._lock = threading.Lock()

    @torch.inference_mode()
    def __call__(
        self, observed: WindowBatch, seeds: Sequence[int]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Hypotheses (B, H, L, 17, 3) and rotations (B, 3, 3); see `WindowSampler`.

        Args:
            observed: B windows, one or more.
            seeds: one for each window's noise.

        Raises:
            CaptureError: the sampler cannot be recorded for this number of windows.
        """
        most = self.buckets[-1]
        parts = [slice(first, first + most) for first in range(0, len(observed), most)]
        with self._lock:
            played = [self._bucket(len(seeds[k])).play(observed[k], seeds[k]) for k in parts]
        hypotheses, rotations = (torch.cat(each).numpy() for each in zip(*played, strict=True))
        return hypotheses, rotations

    @torch.inference_mode()
    def capture(self) -> None:
        """Record all buckets now, so that a live graph never waits for a recording.

        Raises:
            CaptureError: the sampler cannot be recorded.
        """
        with self._lock:
            for size in self.buckets:
                self._bucket(size)

    @property
    def recorded(self) -> list[int]:
        """The recorded buckets, in the order of their recording."""
        return list(self._recorded)

    @property
    def description(self) -> str:
        """The precision, and its effect on the result."""
        if self.precision is None:
            return "not captured yet"
        if self.precision is not FLOAT32:
            return f"{self.precision.name}, {self.deviation_mm:.3f} mm from float32"
        return f"{FLOAT32.name}: {self._too_coarse}" if self._too_coarse else FLOAT32.name

    def _bucket(self, windows: int) -> "_Recording":
        size = next(bucket for bucket in self.buckets if bucket >= windows)
        if size not in self._recorded:
            self._recorded[size] = self._record(size)
        return self._recorded[size]

    def _record(self, size: int) -> "_Recording":
        """Record the bucket in the fastest precision that is close enough to float32."""
        observed, seeds = _probe(size, self._shape[1])
        expected, draws = self._unrecorded(observed, seeds)
        shape = (size, draws, *self._shape)
        for precision in self._precisions():
            try:
                with precision.context():
                    recording = _Recording(self._sample, shape, self._device, self._recorder)
            except RuntimeError as error:
                # If the device has failed, and not only the recording, this raises too.
                self._unrecorded(observed, seeds)
                raise CaptureError(str(_first(error)).partition("\n")[0]) from error
            apart = largest_distance_mm(recording.play(observed, seeds)[0], expected)
            if apart <= TOLERANCE_MM:
                self.precision, self.deviation_mm = precision, max(self.deviation_mm, apart)
                return recording
            self._too_coarse = (
                f"{precision.name} differs by {apart:.2f} mm from the uncaptured sampler"
            )
        raise CaptureError(f"the captured sampler is inaccurate: {self._too_coarse}")

    def _precisions(self) -> Sequence[Precision]:
        """The precisions to try, without those that were too coarse for another bucket."""
        precisions = self._recorder.precisions
        return precisions[precisions.index(self.precision) if self.precision else 0 :]

    def _unrecorded(self, observed: WindowBatch, seeds: Sequence[int]) -> tuple[Tensor, int]:
        """Hypotheses in float32 on the CPU, and the number of noise draws that they take."""
        noise = noise_on(self._device, SeededNoise(seeds, self._shape[0], self._shape[1:3]))
        draws = 0

        def counted() -> Tensor:
            nonlocal draws
            draws += 1
            return noise()

        with FLOAT32.context():
            return self._sample(windows_on(self._device, observed), counted)[0].cpu(), draws


class _Recording:
    """Input buffers of one bucket, and the program that was recorded with them.

    Args:
        sample: the sampler.
        shape: (B, K, H, L, 17, 3) of its noise: windows, draws, hypotheses, frames, joints.
        device: the sampler's device.
        recorder: records it.
    """

    def __init__(
        self,
        sample: Sample,
        shape: tuple[int, ...],
        device: torch.device,
        recorder: ProgramRecorder,
    ) -> None:
        windows, frames = shape[0], shape[3]
        joints = (windows, frames, NUM_JOINTS)
        shapes = ((*joints, 2), joints, (*joints, 2, 2), shape)
        # Copies from pinned memory are asynchronous. On the CPU the buffers are the inputs.
        pinned = device.type == "cuda"
        self._host = [torch.zeros(each, pin_memory=pinned) for each in shapes]
        self._inputs = [each.to(device) for each in self._host]
        self._play = recorder(_program(sample), self._inputs)

    def play(self, observed: WindowBatch, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Hypotheses and rotations, on the CPU, of at most as many windows as the bucket has."""
        *host, noise = self._host
        for buffer, values in zip(host, vars(observed).values(), strict=True):
            buffer[: len(values)] = torch.from_numpy(values)
            buffer[len(values) :] = 0  # padding: windows without a seen joint
        fill_with_noise(noise[: len(seeds)].numpy(), seeds)
        noise[len(seeds) :] = 0
        for buffer, each in zip(self._host, self._inputs, strict=True):
            if each is not buffer:
                each.copy_(buffer, non_blocking=True)
        hypotheses, rotations = (each[: len(seeds)].to("cpu", copy=True) for each in self._play())
        return hypotheses, rotations


def _first(error: BaseException) -> BaseException:
    """The first of several chained errors; the error at the end of a capture gives no cause."""
    while isinstance(error.__context__, RuntimeError):
        error = error.__context__
    return error


def _program(sample: Sample) -> Program:
    """The sampler as a program on tensors: three for the windows, and noise (B, K, H, L, 17, 3)."""

    def program(
        x_2d: Tensor, confidence: Tensor, covariance_2d: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        draws = iter(noise.unbind(1))
        observed = WindowBatch(x_2d, confidence, covariance_2d)
        return sample(observed, lambda: next(draws).flatten(0, 1))

    return program


def _probe(windows: int, frames: int) -> tuple[WindowBatch, list[int]]:
    """Windows and seeds to check recordings with: people in varied places, some joints unseen."""
    generator = np.random.default_rng(windows)
    centre = generator.standard_normal((windows, 1, 1, 2), np.float32) / 2
    x_2d = centre + generator.standard_normal((windows, frames, NUM_JOINTS, 2), np.float32) / 5
    x_2d[:, ::5, -3:] = 0
    covariance = np.full((*x_2d.shape, 2), np.nan, np.float32)
    seen = x_2d.any(-1).astype(np.float32)
    return WindowBatch(x_2d, seen, covariance), list(range(windows))

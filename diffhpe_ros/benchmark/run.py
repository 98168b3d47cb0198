"""`diffhpe bench`: the time of lifting, at each preset and for increasing numbers of people."""

import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from diffhpe_ros.benchmark.floors import Rates, TimeFloor, floor_of, measure_rates
from diffhpe_ros.benchmark.reference import sample_plainly
from diffhpe_ros.benchmark.times import Spread, in_turn, median_ms
from diffhpe_ros.lifting import Lifter, Preset, SamplingConfig
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config
from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.lifting.models.model import Model
from diffhpe_ros.lifting.pipeline.presets import FAITHFUL
from diffhpe_ros.skeleton import NUM_JOINTS

PEOPLE = (2, 4, 8, 16, 32, 64)
REPEATS = 5
ROUNDS = 3
"""Number of rounds; the reference runs once in each."""
LEAST_MS = 200.0
"""A faster preset is repeated within its turn."""
SLOW = 50
"""Number of denoiser passes above which only one person is timed."""
FURTHER = {"5x5": Preset("ddim", 5, 5)}
"""Presets in addition to a diffusion model's own."""


@dataclass(frozen=True)
class PresetTimes:
    """The times of one preset."""

    preset: str
    sampling: str
    """Sampler, steps and hypotheses; empty for a model that does not sample."""
    ms: Spread
    """Milliseconds of one window."""
    faster: Spread
    """Speed relative to the plain reference in the same round."""
    floor: TimeFloor
    """Lower time limit for one window."""
    people_ms: dict[int, float]
    """Number of people → median milliseconds of a batch with one window of each."""


@dataclass(frozen=True)
class Benchmark:
    """The results of a benchmark."""

    model: str
    device: str
    engine: str
    torch: str
    threads: int
    rates: Rates
    """The device's rates."""
    reference_ms: Spread
    """The plain reference. For DiffHPE it is a loop through `predict_noise` (all steps, 5
    hypotheses), for DiffPose its faithful preset on the model as trained, for MixSTE and GraFormer
    the model itself."""
    presets: tuple[PresetTimes, ...]
    memory_mb: float
    """Peak memory of the process, including the reference; on a GPU, the GPU's memory."""

    def to_dict(self) -> dict[str, Any]:
        """The results as plain values, for JSON."""
        return asdict(self)

    def table(self) -> str:
        """The results as a readable table."""
        rates, reference = self.rates, self.reference_ms
        return "\n".join(
            [
                f"{self.model} on {self.device}, {self.engine}, torch {self.torch},"
                f" {self.threads} threads, at most {self.memory_mb:.0f} MB",
                f"rates: {rates.matrix_gflops:.0f} GFLOP/s in thin products,"
                f" {rates.copy_gb_s:.0f} GB/s copied, {rates.launch_us:.1f} us a launch",
                f"plain reference: {reference.median:.1f} ms for one window"
                f" ({reference.low:.1f} to {reference.high:.1f})",
                f"{'preset':10} {'sampling':13} {'ms':>8} {'faster':>9}  {'in all rounds':15}"
                f" {'floor ms: operations':>20} {'bytes':>6} {'launches':>15}",
                *(_row(each) for each in self.presets),
                f"ms a person of {' '.join(f'{n:>7}' for n in self._people())}",
                *(
                    f"{each.preset:13}  "
                    + " ".join(f"{ms / n:7.2f}" for n, ms in each.people_ms.items())
                    for each in self.presets
                    if each.people_ms
                ),
            ]
        )

    def _people(self) -> list[int]:
        return max((list(each.people_ms) for each in self.presets), key=len)


def _row(each: PresetTimes) -> str:
    floor, faster = each.floor, each.faster
    launches = f"{floor.launches_ms:.2f} ({floor.launches})"
    return (
        f"{each.preset:10} {each.sampling:13} {each.ms.median:8.2f} {faster.median:8.1f}x"
        f"  {faster.low:6.1f} to {faster.high:<6.1f} {floor.operations_ms:20.2f}"
        f" {floor.bytes_ms:6.3f} {launches:>15}"
    )


def benchmark(
    name: str,
    device: str,
    engine: str = "auto",
    people: Sequence[int] = PEOPLE,
    rounds: int = ROUNDS,
) -> Benchmark:
    """Time a model and the plain reference, in turn in one run.

    Args:
        name: name of the model.
        device: cpu, cuda or cuda:N.
        engine: engine that runs the presets.
        people: numbers of people to time in addition to one.
        rounds: number of rounds of the reference and all presets.

    Raises:
        DiffhpeError: the model, the device or the engine is not available.
    """
    model, config = load_with_config(name)
    presets = _presets(model, config)
    lifters = {
        preset: Lifter(model, config, device, preset=base, engine=engine, **sampling)
        for preset, (base, sampling) in presets.items()
    }
    counted = Lifter(model, config, device, engine="folded")
    one = _windows(1, config.frames)
    reference = _reference(model, config, device)
    lifts = [partial(each.lift, one) for each in lifters.values()]
    times = in_turn([reference, *lifts], rounds, LEAST_MS)
    rates = measure_rates(device)
    rows = []
    for (preset, lifter), ms in zip(lifters.items(), times[:, 1:].T, strict=True):
        base, sampling = presets[preset]
        rows.append(
            PresetTimes(
                preset,
                _sampling(lifter),
                Spread.of(ms),
                Spread.of(times[:, 0] / ms),
                floor_of(counted.sampled(SamplingConfig(preset=base, **sampling)), one, rates),
                _people_ms(lifter, float(np.median(ms)), people),
            )
        )
    return Benchmark(
        model=name,
        device=device,
        engine=next(iter(lifters.values())).engine_description,
        torch=torch.__version__,
        threads=torch.get_num_threads(),
        rates=rates,
        reference_ms=Spread.of(times[:, 0]),
        presets=tuple(rows),
        memory_mb=_peak_memory_mb(device),
    )


def _presets(model: Model, config: ModelConfig) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name → base preset, and its changed sampling settings."""
    if model.is_deterministic:
        return {config.default_preset: (config.default_preset, {})}
    further: Mapping[str, Preset] = FURTHER
    return {name: (name, {}) for name in config.presets} | {
        name: (
            config.default_preset,
            {"sampler": preset.sampler, "steps": preset.steps, "hypotheses": preset.hypotheses,
             "augmentation": preset.augmentation},
        )
        for name, preset in further.items()
    }  # fmt: skip


def _reference(model: Model, config: ModelConfig, device: str) -> Callable[[], object]:
    """A function that lifts one window, and returns when that is done."""
    one = _windows(1, config.frames)
    if not isinstance(model, DiffHPE):
        preset = None if model.is_deterministic else "faithful"
        return partial(Lifter(model, config, device, preset=preset, engine="reference").lift, one)
    x_2d = torch.as_tensor(one).to(device)
    return lambda: sample_plainly(model, x_2d, FAITHFUL.hypotheses).cpu()


def _people_ms(lifter: Lifter, one_ms: float, people: Sequence[int]) -> dict[int, float]:
    times = {1: one_ms}
    if lifter.preset.steps * lifter.hypotheses <= SLOW:
        for count in people:
            lift = partial(lifter.lift, _windows(count, lifter.config.frames))
            times[count] = median_ms([lift], REPEATS)[0]
    return times


def _sampling(lifter: Lifter) -> str:
    if lifter.model.is_deterministic:
        return ""
    preset = lifter.preset
    flipped = "" if preset.augmentation == "none" else f" {preset.augmentation}"
    return f"{preset.sampler} {preset.steps}x{preset.hypotheses}{flipped}"


def _windows(people: int, frames: int) -> NDArray[np.float32]:
    """Windows of people at different places, (people, frames, 17, 2)."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0.0, 0.5, (people, 1, 1, 2))
    spread = rng.normal(0.0, 0.15, (people, frames, NUM_JOINTS, 2))
    return (centres + spread).astype(np.float32)


def _peak_memory_mb(device: str) -> float:
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)

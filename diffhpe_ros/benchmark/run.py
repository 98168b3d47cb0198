"""`diffhpe bench`: what lifting takes, at each preset and for more and more people."""

import resource
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from diffhpe_ros.benchmark.floors import giga_operations, matrix_rate
from diffhpe_ros.benchmark.reference import sample_plainly
from diffhpe_ros.benchmark.times import median_ms
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.checkpoints import load_with_config
from diffhpe_ros.lifting.config import Deterministic, Model, ModelConfig
from diffhpe_ros.lifting.diffhpe import DiffHPE
from diffhpe_ros.lifting.presets import FAITHFUL
from diffhpe_ros.lifting.samplers import create_sampler
from diffhpe_ros.skeleton import NUM_JOINTS

PEOPLE = (1, 2, 4, 8, 16, 32, 64)
REPEATS = 9
FEW_REPEATS = 2
"""Where one takes seconds."""
SLOW = 50
"""Passes of the denoiser above which one does."""


@dataclass(frozen=True)
class PresetTimes:
    """Of one preset."""

    preset: str
    sampling: str
    """Sampler, steps and hypotheses; empty for a model that does not sample."""
    ms: dict[int, float]
    """By the number of people: median milliseconds of a batch of one window of each."""
    floor_ms: float
    """What the matrix products of one window would take at the measured rate."""


@dataclass(frozen=True)
class Benchmark:
    """What was measured."""

    model: str
    device: str
    engine: str
    torch: str
    threads: int
    matrix_gflops: float
    """The machine's own rate in a float32 product as thin as the networks'."""
    reference_ms: float
    """The plain reference: of MixSTE and GraFormer the model as trained, of DiffPose its faithful
    preset, of DiffHPE the paper's sampler (50 steps, 5 hypotheses one by one, the condition encoded
    at every step)."""
    presets: tuple[PresetTimes, ...]
    memory_mb: float
    """Most memory that the process ever held, reference included."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def table(self) -> str:
        """For people to read."""
        head = f"{'preset':10} {'sampling':12} {'ms':>8} {'faster':>8} {'floor ms':>9}  "
        people = self.presets[0].ms
        rows = [head + "ms a person of " + " ".join(f"{n:>7}" for n in people)]
        for each in self.presets:
            one = each.ms[1]
            rows.append(
                f"{each.preset:10} {each.sampling:12} {one:8.1f} {self.reference_ms / one:7.1f}x"
                f" {each.floor_ms:9.1f}  {'':14} "
                + " ".join(f"{ms / n:7.1f}" for n, ms in each.ms.items())
            )
        return "\n".join(
            [
                f"{self.model} on {self.device}, {self.engine}, torch {self.torch},"
                f" {self.threads} threads, {self.matrix_gflops:.0f} GFLOP/s,"
                f" at most {self.memory_mb:.0f} MB",
                f"plain reference: {self.reference_ms:.1f} ms for one window",
                *rows,
            ]
        )


def benchmark(name: str, device: str) -> Benchmark:
    """Time a model against the plain reference, in one run.

    Args:
        name: of the model.
        device: cpu, cuda or cuda:N.

    Raises:
        DiffhpeError: the model or the device is not there.
    """
    model, config = load_with_config(name)
    presets = (
        {config.default_preset: FAITHFUL} if isinstance(model, Deterministic) else config.presets
    )
    lifters = {preset: Lifter(model, config, device, preset=preset) for preset in presets}
    counted = Lifter(model, config, device, engine="folded")
    rate = matrix_rate(device)
    reference_ms = _reference_ms(model, config, device)
    times = []
    for preset, lifter in tqdm(lifters.items(), unit="preset", leave=False):
        is_slow = lifter.preset.steps * lifter.hypotheses > SLOW
        people, repeats = ((1,), FEW_REPEATS) if is_slow else (PEOPLE, REPEATS)
        ms = {n: median_ms([_lift(lifter, n)], repeats)[0] for n in people}
        operations = giga_operations(counted.sampled(preset), _windows(1, config.frames))
        floor = operations / rate * 1000
        times.append(PresetTimes(preset, _sampling(lifter), ms, floor))
    return Benchmark(
        model=name,
        device=device,
        engine=next(iter(lifters.values())).engine_description,
        torch=torch.__version__,
        threads=torch.get_num_threads(),
        matrix_gflops=rate,
        reference_ms=reference_ms,
        presets=tuple(times),
        memory_mb=_peak_memory_mb(),
    )


def _reference_ms(model: Model, config: ModelConfig, device: str) -> float:
    if not isinstance(model, DiffHPE):
        preset = None if isinstance(model, Deterministic) else "faithful"
        plain = Lifter(model, config, device, preset=preset, engine="plain")
        return median_ms([_lift(plain, 1)], FEW_REPEATS)[0]
    x_2d = torch.as_tensor(_windows(1, config.frames)).to(device)
    sampler = create_sampler(FAITHFUL.sampler, FAITHFUL.steps)
    sample = partial(sample_plainly, model, sampler, x_2d, FAITHFUL.hypotheses)
    return median_ms([sample], FEW_REPEATS)[0]


def _lift(lifter: Lifter, people: int) -> Callable[[], object]:
    return partial(lifter.lift, _windows(people, lifter.config.frames))


def _sampling(lifter: Lifter) -> str:
    if isinstance(lifter.model, Deterministic):
        return ""
    preset = lifter.preset
    flipped = "" if preset.augmentation == "none" else f" {preset.augmentation}"
    return f"{preset.sampler} {preset.steps}x{preset.hypotheses}{flipped}"


def _windows(people: int, frames: int) -> NDArray[np.float32]:
    """People standing here and there, (people, frames, 17, 2)."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0.0, 0.5, (people, 1, 1, 2))
    spread = rng.normal(0.0, 0.15, (people, frames, NUM_JOINTS, 2))
    return (centres + spread).astype(np.float32)


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)

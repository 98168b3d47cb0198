"""The best preset that keeps up with a camera, by measurement."""

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.lifter import Lifter
from diffhpe_ros.lifting.pipeline.presets import from_best_to_fastest
from diffhpe_ros.lifting.settings import SamplingConfig
from diffhpe_ros.skeleton import NUM_JOINTS

SHARE = 0.5
"""Share of the time between two images that lifting may take; detection needs the rest."""
REPEATS = 7


def lift_ms(lifter: Lifter, people: int) -> float:
    """Median time to lift one window for each of this many people."""
    windows = np.full((people, lifter.config.frames, NUM_JOINTS, 2), 0.1, np.float32)
    lifter.lift(windows)
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        lifter.lift(windows)
        times.append(time.perf_counter() - begin)
    return 1000 * median(times)


def choose_preset(
    lifter: Lifter,
    people: int,
    rate: float,
    sampling: SamplingConfig | None = None,
    measure: Callable[[Lifter, int], float] = lift_ms,
) -> tuple[Lifter, str]:
    """The lifter, captured, with the best preset that keeps up; the fastest if none does.

    Also returns what was measured, such as "balanced: 3.1 ms of 33 ms".

    Args:
        lifter: a diffusion model's.
        people: number lifted at once.
        rate: images per second.
        sampling: settings that override each preset's; the preset that it names is ignored.
        measure: gives the time in ms that a lifter takes for a number of people.

    Raises:
        DiffhpeError: no preset can be combined with the other settings.
    """
    period_ms = 1000 / rate
    sampling = sampling or SamplingConfig()
    refused: DiffhpeError | None = None
    chosen: tuple[Lifter, str] | None = None
    for name in from_best_to_fastest(lifter.config.presets):
        try:
            candidate = lifter.sampled(replace(sampling, preset=name))
        except DiffhpeError as error:  # such as an odd number of hypotheses for a flipped preset
            refused = error
            continue
        candidate = candidate.captured()
        ms = measure(candidate, people)
        load = "" if people == 1 else f" for {people} people"
        chosen = candidate, f"{name}: {ms:.1f} ms{load} of {period_ms:.0f} ms"
        if ms <= SHARE * period_ms:
            return chosen
    if chosen is None:
        raise refused or DiffhpeError("the model has no preset to choose from")
    return chosen[0], f"{chosen[1]}; none is fast enough"

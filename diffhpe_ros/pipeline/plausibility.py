"""Plausibility warnings: reasons not to trust a person's pose."""

import math
from collections.abc import Iterator

from diffhpe_ros.lifting import ModelConfig
from diffhpe_ros.lifting.pipeline.coherence_limits import CoherenceLimits, TrainedRange
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.skeleton import HIP

UNPLACED = "too few joints seen to locate the person"


def plausibility_warnings(people: LiftedPeople, config: ModelConfig) -> list[str]:
    """One text per person, "" for none.

    Args:
        people: people of one camera.
        config: the model's config, with its coherence limits and the range that it was trained for.
    """
    return ["; ".join(_of(people, row, config)) for row in range(len(people))]


def _of(people: LiftedPeople, row: int, config: ModelConfig) -> Iterator[str]:
    if not people.located[row]:
        yield UNPLACED
    elif config.trained_range is not None:
        yield from _out_of_range(people.joints[row, HIP].tolist(), config.trained_range)
    if config.coherence_limits is not None:
        yield from _incoherent(people, row, config.coherence_limits)


def _out_of_range(hip: list[float], trained: TrainedRange) -> Iterator[str]:
    x, y, z = hip
    distance, angle = math.hypot(x, y, z), math.degrees(math.atan2(math.hypot(x, y), z))
    if not trained.nearest_m <= distance <= trained.farthest_m:
        yield (
            f"{distance:.1f} m away, the model was trained for {trained.nearest_m:g} to"
            f" {trained.farthest_m:g} m"
        )
    if angle > trained.angle_deg:
        yield (
            f"{angle:.0f} degrees off the optical axis, the model was trained for up to"
            f" {trained.angle_deg:g}"
        )


def _incoherent(people: LiftedPeople, row: int, usual: CoherenceLimits) -> Iterator[str]:
    for name, metres, most_mm in (
        ("symmetry gap", people.symmetry_gap[row], usual.symmetry_gap_mm),
        ("segment std", people.segment_std[row], usual.segment_std_mm),
        ("hypothesis spread", people.hypothesis_spread[row], usual.hypothesis_spread_mm),
    ):
        # A limit of 0 mm means that the model was calibrated with one hypothesis, without spread.
        if most_mm and 1000 * metres > most_mm:
            yield f"do not trust: {name} {1000 * metres:.1f} mm, usually up to {most_mm:g} mm"

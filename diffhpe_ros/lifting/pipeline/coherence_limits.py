"""What a model's config.yaml says of how far to trust it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class VarianceFeature:
    """How the standard deviation of the error grows with a sign of it: as exp(slope · (s - mean)).

    The signs are those of `lifting.pipeline.variance_features`.
    """

    mean: float
    """Of the sign over the calibration."""
    across: float
    """Slope for the error across the line of sight."""
    along: float
    """Slope for the error along it."""


@dataclass(frozen=True)
class CoherenceLimits:
    """Coherence that 99 % of the calibration's windows do not exceed, mm."""

    symmetry_gap_mm: float
    segment_std_mm: float
    hypothesis_spread_mm: float
    """0 where there was one hypothesis only."""


@dataclass(frozen=True)
class TrainedRange:
    """Where the people stood that a model was trained on."""

    nearest_m: float
    farthest_m: float
    angle_deg: float
    """Between the optical axis and the person, at most."""


def read_variance_features(values: Mapping[str, Any] | None) -> dict[str, VarianceFeature]:
    """The mapping of config.yaml; empty where there is none.

    Raises:
        TypeError, ValueError: it is not as expected.
    """
    signs = {str(name): VarianceFeature(**sign) for name, sign in (values or {}).items()}
    _finite(value for sign in signs.values() for value in vars(sign).values())
    return signs


def read_numbers(kind: type[T], values: Mapping[str, Any] | None) -> T | None:
    """A mapping of config.yaml as a dataclass of numbers; None where there is none.

    Raises:
        TypeError, ValueError: it is not as expected.
    """
    if values is None:
        return None
    read = kind(**values)
    _finite(vars(read).values())
    return read


def _finite(values: Any) -> None:
    for value in values:
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"expected a number, found {value!r}")

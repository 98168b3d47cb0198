"""Calibration in a model's config.yaml: slopes of the variance, and limits of plausible poses."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from diffhpe_ros.skeleton import NUM_JOINTS

T = TypeVar("T")
Slope = float | tuple[float, ...]
"""One number for all joints, or one for each of the 17."""

FORMER_NAMES: Mapping[str, str] = {
    "bones": "segment_variation",
    "misses": "window_residual",
    "joint_misses": "joint_residual",
    "ends": "window_edge",
    "absence": "frames_since_seen",
    "noise": "keypoint_noise",
}
"""Features of model folders that were written before the features had their names of today."""


@dataclass(frozen=True)
class VarianceFeature:
    """How the standard deviation of the error grows with a feature f: as exp(slope · (f - mean)).

    The features are those of `lifting.pipeline.variance_features`.
    """

    mean: float
    """Mean of the feature in the calibration."""
    x: Slope
    """Slope for the error sideways in the model's view."""
    y: Slope
    """Slope for the error up or down in it."""
    z: Slope
    """Slope for the error along the line of sight."""


@dataclass(frozen=True)
class CoherenceLimits:
    """Coherence that 99 % of the calibration's windows do not exceed, mm."""

    symmetry_gap_mm: float
    segment_std_mm: float
    hypothesis_spread_mm: float
    """0 where there was one hypothesis only."""


@dataclass(frozen=True)
class TrainedRange:
    """Positions of the people in the training of a model."""

    nearest_m: float
    farthest_m: float
    angle_deg: float
    """Between the optical axis and the person, at most."""


def read_variance_features(values: Mapping[str, Any] | None) -> dict[str, VarianceFeature]:
    """The mapping of config.yaml; empty where there is none.

    Raises:
        TypeError, ValueError: it is not as expected.
    """
    return {
        FORMER_NAMES.get(name, str(name)): _read_feature(**numbers)
        for name, numbers in (values or {}).items()
    }


def _read_feature(mean: Any, **slopes: Any) -> VarianceFeature:
    """Model folders of before have one slope `across` the line of sight, and one `along` it."""
    _finite([mean])
    if slopes.keys() == {"across", "along"}:
        slopes = {"x": slopes["across"], "y": slopes["across"], "z": slopes["along"]}
    return VarianceFeature(mean, **{axis: _read_slope(slope) for axis, slope in slopes.items()})


def _read_slope(value: Any) -> Slope:
    slope = tuple(value) if isinstance(value, list | tuple) else value
    if isinstance(slope, tuple) and len(slope) != NUM_JOINTS:
        raise ValueError(f"expected a slope for each of {NUM_JOINTS} joints, got {len(slope)}")
    _finite(slope if isinstance(slope, tuple) else [slope])
    return slope


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

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
"""Former names of features, as in older model folders."""


@dataclass(frozen=True)
class VarianceFeature:
    """How the standard deviation of the error grows with a feature f: as exp(slope · (f - mean)).

    `lifting.pipeline.variance_features` computes the features.
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
    """Values in mm that 99 % of the calibration's windows do not exceed."""

    symmetry_gap_mm: float
    segment_std_mm: float
    hypothesis_spread_mm: float
    """0 if there was only one hypothesis."""


@dataclass(frozen=True)
class TrainedRange:
    """The range of people's positions in a model's training."""

    nearest_m: float
    farthest_m: float
    angle_deg: float
    """The largest angle between the optical axis and the person."""


def read_variance_features(values: Mapping[str, Any] | None) -> dict[str, VarianceFeature]:
    """Read the mapping of config.yaml; empty if there is none.

    Raises:
        TypeError, ValueError: the mapping is not as expected.
    """
    return {
        FORMER_NAMES.get(name, str(name)): _read_feature(**numbers)
        for name, numbers in (values or {}).items()
    }


def _read_feature(mean: Any, **slopes: Any) -> VarianceFeature:
    """Older model folders have one slope `across` the line of sight, and one `along` it."""
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
    """Read a mapping of config.yaml into a dataclass of numbers; None if there is none.

    Raises:
        TypeError, ValueError: the mapping is not as expected.
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

"""Parameters of the statistical model of a detector's errors, and their file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.detector_errors.joints import LIMBS, PARTS
from diffhpe_ros.windows import RATE


@dataclass(frozen=True)
class PartErrors:
    """One kind of joint, the same for left and right."""

    offset: tuple[float, float, float]
    """From the motion capture's joint to the detector's: forward, outward (away from the body's
    middle), up, in leg lengths and in the axes of `part_axes`."""
    constant: float
    """Standard deviation per image axis, relative to the person's size, of the part of the error
    that is constant over a window,"""
    smooth: float
    """of the part that changes slowly,"""
    white: float
    """and of the part that is independent in every frame."""
    outlier_share: float
    """Share of the frames with an outlier."""
    outlier_from: float
    """Smallest size of an outlier; the excess is exponentially distributed, with"""
    outlier_excess: float
    """this mean."""
    miss_logit: float
    """Logit of the chance to be unseen at an error of 1 % of the person's size."""


@dataclass(frozen=True)
class ErrorStatistics:
    """All parameters; image lengths are shares of the person's size (`image_height`)."""

    parts: Mapping[str, PartErrors]
    """Errors by the names of `PARTS`."""
    smooth_correlation: float
    """Correlation of the smooth part from frame to frame at 50 Hz."""
    head_correlation: float
    """Correlation between the errors of nose and eyes; other joints are assumed independent."""
    outlier_change: float
    """Probability that the outlier state of a joint is redrawn at a frame: 1 is white."""
    swap_share: Mapping[str, float]
    """Share of frames with left and right swapped, by the names of `LIMBS`."""
    swap_change: float
    """As `outlier_change`."""
    miss_slope: float
    """Increase of the logit of being unseen when the error grows by a factor of e."""
    miss_change: float
    """As `outlier_change`."""

    def at(self, images_per_s: float) -> "ErrorStatistics":
        """The same detector with images at a rate other than 50 Hz."""
        frames = RATE / images_per_s
        return replace(
            self,
            smooth_correlation=self.smooth_correlation**frames,
            outlier_change=1 - (1 - self.outlier_change) ** frames,
            swap_change=1 - (1 - self.swap_change) ** frames,
            miss_change=1 - (1 - self.miss_change) ** frames,
        )


def read_statistics(path: Path) -> ErrorStatistics:
    """Read what `write_statistics` wrote.

    Raises:
        DiffhpeError: the file is missing or invalid.
    """
    try:
        values = yaml.safe_load(path.read_text())
        parts = {
            name: PartErrors(**{**part, "offset": tuple(part["offset"])})
            for name, part in values.pop("parts").items()
        }
        statistics = ErrorStatistics(parts=parts, **values)
    except OSError as error:
        raise DiffhpeError(f"cannot read {path}: {error.strerror or error}") from None
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DiffhpeError(
            f"{path}: not the statistics of a detector's errors ({reason})"
        ) from None
    if parts.keys() != PARTS.keys() or statistics.swap_share.keys() != LIMBS.keys():
        raise DiffhpeError(
            f"{path}: expected the parts {', '.join(PARTS)} and the swaps {', '.join(LIMBS)},"
            f" found {', '.join(parts)} and {', '.join(statistics.swap_share)}"
        )
    return statistics


def write_statistics(path: Path, statistics: ErrorStatistics, head: str) -> None:
    """Write a YAML file with a comment at its head.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    values = _rounded(asdict(statistics))
    body = yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=100)
    comment = "".join(f"# {line}\n" for line in head.splitlines())
    try:
        path.write_text(comment + body)
    except OSError as error:
        raise DiffhpeError(f"cannot write {path}: {error.strerror or error}") from None


def blazepose_statistics() -> ErrorStatistics:
    """The statistics of BlazePose in the package; see docs/detector-errors.md."""
    return read_statistics(Path(str(files("diffhpe_ros") / "assets" / "blazepose_errors.yaml")))


def _rounded(values: Any) -> Any:
    """Round to three digits, the precision of the measurement."""
    if isinstance(values, Mapping):
        return {key: _rounded(value) for key, value in values.items()}
    if isinstance(values, tuple):
        return [_rounded(value) for value in values]
    return float(f"{values:.3g}")

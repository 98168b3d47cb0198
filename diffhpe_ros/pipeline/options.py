"""Settings of the stages; the nodes' parameters have the same names, defaults and units."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.installed_models import LEAST_RATE, MOST_RATE
from diffhpe_ros.track_registry import OUTPUT_S, WINDOW_S
from diffhpe_ros.windows import BRIDGE_S, FRAMES

if TYPE_CHECKING:
    from diffhpe_ros.lifting import ModelConfig


def option(default: Any, least: float, most: float) -> Any:
    """A field with a range. Its values are whole numbers, or may be None, if the default is."""
    return field(default=default, metadata={"range": (least, most)})


@dataclass(frozen=True)
class _Options:
    """Options whose values are checked.

    Raises:
        DiffhpeError: a value is no number, or out of its range.
    """

    def __post_init__(self) -> None:
        for each in fields(self):
            value, (least, most) = getattr(self, each.name), each.metadata["range"]
            if value is None and each.default is None:
                continue
            is_whole = isinstance(each.default, int)
            kind = Integral if is_whole else Real
            is_number = isinstance(value, kind) and not isinstance(value, bool)
            if not (is_number and least <= value <= most):
                expected = f"{'a whole number from ' if is_whole else ''}{least:g} to {most:g}"
                raise DiffhpeError(f"{each.name} is {value!r}; {expected} is expected")


@dataclass(frozen=True)
class WindowOptions(_Options):
    """How windows are made from the images of one camera."""

    rate: float | None = option(None, LEAST_RATE, MOST_RATE)
    """Frames per second of the windows, as the lifter's model expects; None: the model's."""
    first_rate: float | None = option(None, LEAST_RATE, MOST_RATE)
    """Frames per second of a person's first window. The next windows span the whole history, until
    they span the time of `rate`. A value below `rate` counts as `rate`. None: the model's."""
    stride: int = option(1, 1, 1000)
    """Windows are made for every n-th image."""
    bridge_s: float = option(BRIDGE_S, 0.0, 2.0)
    """Joints unseen for at most this long are interpolated."""
    restart_s: float = option(WINDOW_S, 0.01, 10.0)
    """A track unseen for longer than this starts a new window."""

    def of_model(self, config: ModelConfig) -> WindowOptions:
        """The same options, with the model's rates where they are None.

        Raises:
            DiffhpeError: a rate is given that the model was not trained on.
        """
        highest = config.first_rate or config.rate
        if self.rate not in (None, config.rate):
            raise DiffhpeError(f"rate is {self.rate:g}; {config.rate:g}, the model's, is expected")
        if self.first_rate is not None and self.first_rate > highest:
            raise DiffhpeError(
                f"first_rate is {self.first_rate:g}; at most {highest:g}, the model's, is expected"
            )
        return replace(self, rate=config.rate, first_rate=self.first_rate or highest)


@dataclass(frozen=True)
class OutputOptions(_Options):
    """Which frame of the windows is the output, and how it is smoothed over time."""

    lag: int = option(0, 0, FRAMES // 2)
    """Frames before the newest: more lag, but more accurate."""
    blend_s: float = option(0.04, 0.0, 1.0)
    """Seconds over which overlapping windows are blended; 0 is off."""
    one_euro_min_cutoff: float = option(0.0, 0.0, 100.0)
    """Hz, cutoff at rest of a One-Euro filter of the joints; 0 is off."""
    one_euro_beta: float = option(5.0, 0.0, 1000.0)
    """Hz per m/s, by which the cutoff rises with a joint's speed."""
    forget_s: float = option(OUTPUT_S, 0.05, 60.0)
    """Smoothing of a track unseen for longer than this starts over."""


@dataclass(frozen=True)
class ObstacleOptions(_Options):
    """How large people are as obstacles."""

    sigma: float = option(2.0, 0.0, 10.0)
    """Standard deviations of the position by which they are inflated."""
    horizon_s: float = option(0.0, 0.0, 5.0)
    """Seconds for which people are moved ahead at their velocity; the whole path is filled."""
    spacing: float = option(0.1, 0.02, 1.0)
    """Metres between the points."""

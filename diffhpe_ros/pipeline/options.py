"""Settings of the stages; the nodes' parameters have the same names, defaults and units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffhpe_ros.track_registry import OUTPUT_S, WINDOW_S
from diffhpe_ros.windows import BRIDGE_S, LIVE_RATE, RATE

if TYPE_CHECKING:
    from diffhpe_ros.lifting import ModelConfig


@dataclass(frozen=True)
class WindowOptions:
    """How windows are made from the images of one camera."""

    rate: float = LIVE_RATE
    """Frames per second of the windows, as the lifter's model expects."""
    first_rate: float = RATE
    """Frames per second of a person's first window. The next windows span the whole history, until
    they span the time of `rate`. A value below `rate` counts as `rate`."""
    stride: int = 1
    """Windows are made for every n-th image."""
    bridge_s: float = BRIDGE_S
    """Joints unseen for at most this long are interpolated."""
    restart_s: float = WINDOW_S
    """A track unseen for longer than this starts a new window."""

    @classmethod
    def of_model(cls, config: ModelConfig) -> WindowOptions:
        """The windows that a model expects."""
        return cls(config.rate, config.first_rate or config.rate)


@dataclass(frozen=True)
class OutputOptions:
    """Which frame of the windows is the output, and how it is smoothed over time."""

    lag: int = 0
    """Frames before the newest: more lag, but more accurate."""
    blend_s: float = 0.04
    """Seconds over which overlapping windows are blended; 0 is off."""
    one_euro_min_cutoff: float = 0.0
    """Hz, cutoff at rest of a One-Euro filter of the joints; 0 is off."""
    one_euro_beta: float = 5.0
    """Hz per m/s, by which the cutoff rises with a joint's speed."""
    forget_s: float = OUTPUT_S
    """Smoothing of a track unseen for longer than this starts over."""


@dataclass(frozen=True)
class ObstacleOptions:
    """How large people are as obstacles."""

    sigma: float = 2.0
    """Standard deviations of the position by which they are inflated."""
    horizon_s: float = 0.0
    """Seconds for which people are moved ahead at their velocity; the whole path is filled."""
    spacing: float = 0.1
    """Metres between the points."""

"""Makes a window for each new frame of one person.

The grid is anchored at the newest frame, so that its pose has the newest frame's stamp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.track_registry import WINDOW_S
from diffhpe_ros.windows.grid import (
    BRIDGE_S,
    FRAMES,
    RATE,
    TOLERANCE_NS,
    check_grid,
    hide_unseen,
    interpolate_joints,
)

# Kept observations are at least a quarter of a grid step apart, so that a camera with absurd
# stamps cannot fill the memory. At 50 Hz all frames up to 200 Hz are used.
_KEPT_PER_GRID_STEP = 4
_FIRST_ORDER = np.arange(NUM_JOINTS)
_CHANNELS = 7  # u, v, confidence, and the four numbers of the covariance


@dataclass(frozen=True, eq=False)
class Observation:
    """One person in one frame.

    Attributes:
        stamp_ns: the frame's time stamp.
        keypoints: (17, 2) canonical view, NaN where unseen.
        confidence: (17,), 0 where unseen.
        covariance: (17, 2, 2) canonical units squared, NaN where the detector gives none.
        world_landmarks: (17, 3), see `People.world_landmarks`; None where the detector gives none.
    """

    stamp_ns: int
    keypoints: NDArray[Any]
    confidence: NDArray[Any]
    covariance: NDArray[Any]
    world_landmarks: NDArray[Any] | None = None


@dataclass(frozen=True, eq=False)
class Window:
    """One person on the grid, oldest frame first; the newest is the newest observation.

    Attributes:
        stamp_ns: the newest frame's time stamp.
        offsets_ns: (frames,) int64 times relative to it, the last is 0.
        keypoints: (frames, 17, 2) float32 canonical view, NaN where unseen.
        confidence: (frames, 17) float32, 0 where unseen.
        covariance: (frames, 17, 2, 2) float32 canonical units squared, NaN where unknown.
        world_landmarks: (frames, 17, 3) float32 metres, NaN where unknown; None if they all are.
    """

    stamp_ns: int
    offsets_ns: NDArray[np.int64]
    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    covariance: NDArray[np.float32]
    world_landmarks: NDArray[np.float32] | None = None


class WindowBuilder:
    """Collects one person's observations and returns a window for each (causal).

    The first window spans the time of `first_rate`. The next ones span the whole history, until
    windows span the time of `rate`. So a new person's first window comes early.

    Memory is bounded whatever the input. Only observations that the next window can need are kept,
    and no two of them, except the newest, are closer than a quarter of a grid step.
    """

    def __init__(
        self,
        frames: int = FRAMES,
        rate: float = RATE,
        stride: int = 1,
        bridge_s: float = BRIDGE_S,
        restart_s: float = WINDOW_S,
        first_rate: float | None = None,
    ) -> None:
        """Start without history.

        Args:
            frames: frames of a window.
            rate: grid frames per second.
            stride: return a window for every `stride`-th observation.
            bridge_s: a joint is unseen between sightings further apart than this (in seconds). A
                camera slower than 1 / bridge_s needs a larger value.
            restart_s: after a longer gap (in seconds) between observations the history is dropped.
            first_rate: grid frames per second of the first window; `rate` if not given or less.

        Raises:
            DiffhpeError: a value makes no sense.
        """
        first_rate = max(rate, first_rate or rate)
        check_grid(frames, rate, bridge_s)
        check_grid(frames, first_rate, bridge_s)
        if stride < 1 or not restart_s > 0:
            raise DiffhpeError(
                "a stride of at least 1 and a positive restart time are expected,"
                f" got {stride} and {restart_s:g}"
            )
        self._frames = frames
        self._span_ns, self._first_span_ns = (
            round((frames - 1) * 1e9 / each) for each in (rate, first_rate)
        )
        self._thinning_ns = 1e9 / first_rate / _KEPT_PER_GRID_STEP
        self._stride = stride
        self.bridge(bridge_s)
        self._restart_ns = round(restart_s * 1e9)
        self.restarts = 0
        """How often the history was dropped because of a gap or a stamp that went back."""
        self.reset()

    def __len__(self) -> int:
        """Number of observations kept for the next windows."""
        return len(self._stamps)

    def bridge(self, seconds: float) -> None:
        """From now on, interpolate between sightings of a joint up to this far apart."""
        self._bridge_ns = round(seconds * 1e9)

    def reset(self) -> None:
        """Drop the history, without counting it as a restart."""
        self._stamps = np.zeros(0, np.int64)
        self._values = np.zeros((0, NUM_JOINTS, _CHANNELS), np.float32)
        self._world = np.zeros((0, NUM_JOINTS, 3), np.float32)
        self._orders = np.zeros((0, NUM_JOINTS), np.int64)
        self._until_next = 0

    def add(self, observation: Observation) -> Window | None:
        """Add the newest observation.

        Returns:
            The window that ends with it; None if there is none, see `remember`.

        Raises:
            DiffhpeError: the arrays have wrong shapes.
        """
        return self.window() if self.remember(observation) else None

    def remember(self, observation: Observation) -> bool:
        """Add the newest observation, without building a window.

        An observation with the same stamp as the last one is ignored. An earlier stamp, or one more
        than `restart_s` later, starts a new history.

        Args:
            observation: the newest observation.

        Returns:
            Whether a window ends with it. It is False before the history spans a window, for a
            repeated stamp, and between strides.

        Raises:
            DiffhpeError: the arrays have wrong shapes.
        """
        row, world = _pack(observation), _world_landmarks(observation)
        stamp = int(observation.stamp_ns)
        if len(self._stamps):
            gap = stamp - int(self._stamps[-1])
            if gap == 0:
                return False
            if not 0 < gap <= self._restart_ns:
                self.restarts += 1
                self.reset()
        self._remember(stamp, row, world)
        if self._stamps[0] > stamp - self._first_span_ns + TOLERANCE_NS:
            return False
        self._until_next -= 1
        if self._until_next > 0:
            return False
        self._until_next = self._stride
        return True

    def reorder(self, stamp_ns: int, order: NDArray[np.intp]) -> None:
        """Reorder the joints of a kept observation (17,), such as left and right swapped.

        While the joints are not in their original order, the observation has no world landmarks: a
        network that mistakes left for right also mistakes front for back. Other observations than
        kept ones are ignored.
        """
        at = int(np.searchsorted(self._stamps, stamp_ns))
        if at < len(self._stamps) and self._stamps[at] == stamp_ns:
            self._orders[at] = self._orders[at, order]
            self._values[at] = self._values[at, order]

    def _remember(self, stamp: int, row: NDArray[np.float32], world: NDArray[np.float32]) -> None:
        """Append the newest observation, and drop those that no window will need."""
        end = len(self._stamps)
        if end > 1 and self._stamps[-1] - self._stamps[-2] < self._thinning_ns:
            end -= 1
        # The last observation before this time stays: it shows that the history spans a window.
        needed = stamp - self._span_ns - self._bridge_ns - TOLERANCE_NS
        start = max(0, int(np.searchsorted(self._stamps[:end], needed, "right")) - 1)
        self._stamps = np.append(self._stamps[start:end], stamp)
        self._values = np.concatenate([self._values[start:end], row[None]])
        self._world = np.concatenate([self._world[start:end], world[None]])
        self._orders = np.concatenate([self._orders[start:end], _FIRST_ORDER[None]])

    def window(self) -> Window:
        """The window that ends with the newest observation, if `remember` has returned True."""
        stamp = int(self._stamps[-1])
        span = min(max(stamp - int(self._stamps[0]), self._first_span_ns), self._span_ns)
        offsets = np.rint(np.linspace(-span, 0, self._frames)).astype(np.int64)
        # Within the tolerance the oldest grid frame may lie before the history: it is then moved
        # to its first observation, since extrapolating would amplify noise.
        grid = np.maximum(stamp + offsets, self._stamps[0])
        values = interpolate_joints(self._stamps, self._values, grid, self._bridge_ns)
        return Window(
            stamp_ns=stamp,
            offsets_ns=offsets,
            keypoints=values[..., :2],
            confidence=np.nan_to_num(values[..., 2], nan=0.0),
            covariance=values[..., 3:].reshape(*values.shape[:2], 2, 2),
            world_landmarks=self._world_landmarks_at(grid),
        )

    def _world_landmarks_at(self, grid_ns: NDArray[np.int64]) -> NDArray[np.float32] | None:
        reordered = (self._orders != _FIRST_ORDER).any(-1)
        world = np.where(reordered[:, None, None], np.float32(np.nan), self._world)
        if np.isnan(world[..., 0]).all():
            return None
        return interpolate_joints(self._stamps, world, grid_ns, self._bridge_ns)


def _world_landmarks(observation: Observation) -> NDArray[np.float32]:
    """World landmarks (17, 3), NaN if there are none."""
    if observation.world_landmarks is None:
        return np.full((NUM_JOINTS, 3), np.nan, np.float32)
    if np.shape(observation.world_landmarks) != (NUM_JOINTS, 3):
        raise DiffhpeError(
            "an observation's world_landmarks (17, 3) are expected,"
            f" got {np.shape(observation.world_landmarks)}"
        )
    return np.asarray(observation.world_landmarks, np.float32)


def _pack(observation: Observation) -> NDArray[np.float32]:
    """The interpolated channels of an observation, (17, 7)."""
    shapes = tuple(
        np.shape(getattr(observation, name)) for name in ("keypoints", "confidence", "covariance")
    )
    if shapes != ((NUM_JOINTS, 2), (NUM_JOINTS,), (NUM_JOINTS, 2, 2)):
        raise DiffhpeError(
            "an observation's keypoints (17, 2), confidence (17,) and covariance (17, 2, 2) are"
            f" expected, got {shapes[0]}, {shapes[1]} and {shapes[2]}"
        )
    row = np.empty((NUM_JOINTS, _CHANNELS), np.float32)
    row[:, :2] = hide_unseen(observation.keypoints, observation.confidence)
    row[:, 2] = observation.confidence
    row[:, 3:] = np.reshape(observation.covariance, (NUM_JOINTS, 4))
    return row

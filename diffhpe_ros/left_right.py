"""Corrects swapped left and right limbs of one track over time.

Detectors confuse left and right of the legs or of the arms. If they mistake a person's front for
the back, they confuse the whole body. The confused joints jump, so motion shows when a confusion
begins and ends, and most of the time a detector is right. Together this makes a hidden Markov
model with few states. It is solved over the last second (Viterbi), so that a wrong beginning is
corrected, too.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.pose_distance import pose_sizes
from diffhpe_ros.skeleton import MIRRORED, NUM_JOINTS

PAIRS = (np.array([1, 2, 3, 4, 5, 6]), np.array([11, 12, 13, 14, 15, 16]))
"""Joints of the legs and of the arms, each exchanged as a whole."""
STATES = ((False, False), (True, False), (False, True), (True, True))
"""Whether legs and arms are exchanged."""

_HISTORY_NS = 1_000_000_000
_RESTART_NS = 500_000_000
"""After a longer gap the previous motion is dropped."""
_UNSEEN_NS = 250_000_000
"""A joint unseen for longer than this has no predicted position."""
_NOISE, _ACCELERATION = 0.02, 6.0
"""Standard deviation of a joint from its predicted position, in sizes of the person, and of its
unpredictable acceleration, in sizes per s²."""
_GAIN, _SPEED_GAIN, _DAMPING = 0.5, 0.2, 0.8
"""Gains and damping of the filter that predicts the joints: a frame in which the network puts both
legs in the middle must not pull the legs there."""
_MOST_MOTION = 8.0
"""Limit of the log odds of one frame's motion: any jump may be real."""
_WHOLE_PER_S, _PART_PER_S = 16.0, 16.0
"""Log odds per second against a detector's confusion of the whole body, or of a part. If the motion
is clear at both ends, a confusion of T seconds is found while 2 * `_SWITCH` + 16 T is less than the
log odds of both ends: 16 for a part (T < 0.8 s), 32 for the whole body (T < 1.8 s). Only its frames
within `_HISTORY_NS` are corrected."""
_SWITCH = 1.5
"""Log odds against the beginning or end of a confusion in any one frame."""
_UNTIMED_S = 0.1
"""A frame counts for at most this time."""
_CHECK_NOISE, _MOST_CHECK = 0.02, 10.0
"""Standard deviation between two detectors' joints, in sizes of the person; limit of the log odds
of a check."""

Order: TypeAlias = NDArray[np.intp]
Exchanges: TypeAlias = dict[int, Order]
"""Stamp of a frame → new order (17,) of its joints, relative to their last output order."""


def exchange(legs: bool, arms: bool) -> Order:
    """The order (17,) of joints with left and right exchanged in legs, arms, or both."""
    order = np.arange(NUM_JOINTS)
    for exchanged, rows in zip((legs, arms), PAIRS, strict=True):
        if exchanged:
            order[rows] = np.array(MIRRORED)[rows]
    return order


_ORDERS = tuple(exchange(*state) for state in STATES)
_XOR = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]])
"""Index into `STATES` of the difference between two states."""
_DIFFERS = np.array([[np.not_equal(a, b) for b in STATES] for a in STATES])  # (to, from, part)


def exchange_odds(
    keypoints: NDArray[Any], expected: NDArray[Any], sd: float
) -> tuple[float, float]:
    """Log odds that the legs, and the arms, of keypoints (17, 2) are exchanged.

    The likelihood is a Student's t: if neither order fits, as in fast motion, neither is much more
    likely.

    Args:
        keypoints: NaN where unseen.
        expected: (17, 2) predicted positions of the joints, NaN where unknown.
        sd: standard deviation of their distance.
    """
    legs, arms = (_odds(keypoints, expected, rows, sd) for rows in PAIRS)
    return legs, arms


def _odds(
    keypoints: NDArray[Any], expected: NDArray[Any], rows: NDArray[np.intp], sd: float
) -> float:
    mirrored = keypoints[_ORDERS[-1]][rows]
    as_is = ((keypoints[rows] - expected[rows]) ** 2).sum(-1)
    exchanged = ((mirrored - expected[rows]) ** 2).sum(-1)
    known = np.isfinite(as_is) & np.isfinite(exchanged)
    if not known.any():
        return 0.0
    ratio = (2 * sd**2 + as_is[known].mean()) / (2 * sd**2 + exchanged[known].mean())
    return float(known.sum() / 2 * np.log(ratio))


@dataclass(eq=False)
class _Frame:
    """One observation.

    Motion connects the frames to two tracks for each part's limbs. It does not say which of the two
    is left: the hidden states say that.
    """

    stamp_ns: int
    keypoints: NDArray[np.float64]
    """(17, 2) as detected."""
    crossed: tuple[bool, bool]
    """Whether the detector's left is on the track that began as right."""
    motion: NDArray[np.float64]
    """(2,) log odds of `crossed`, at least 0."""
    against: NDArray[np.float64]
    """(4,) log odds against each of `STATES` of the detector's joints."""
    cost: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(STATES)))
    """(4,) cost of the best path to each hidden state."""
    before: NDArray[np.intp] = field(default_factory=lambda: np.zeros(len(STATES), np.intp))
    """(4,) the previous hidden state on that path."""
    applied: int = 0
    """Index into `STATES`: the exchange applied so far."""

    @property
    def exchanged(self) -> NDArray[np.intp]:
        """(4,) for each hidden state, the index into `STATES` of the exchange to apply."""
        return _XOR[STATES.index(self.crossed)]


def track_orders(
    stamps_ns: NDArray[np.int64], keypoints: Iterable[NDArray[Any]]
) -> NDArray[np.int8]:
    """The corrected joint orders (T, 17) of a whole track.

    Args:
        stamps_ns: (T,) rising.
        keypoints: (17, 2) pixels of each frame, NaN where unseen.
    """
    orders = np.tile(np.arange(NUM_JOINTS, dtype=np.int8), (len(stamps_ns), 1))
    left_right = LeftRight()
    for stamp_ns, joints in zip(stamps_ns.tolist(), keypoints, strict=True):
        for at_ns, order in left_right.update(stamp_ns, joints).items():
            row = np.searchsorted(stamps_ns, at_ns)
            orders[row] = orders[row, order]
    return orders


class LeftRight:
    """Finds the frames of one track in which left and right must be exchanged."""

    def __init__(self) -> None:
        self._frames: deque[_Frame] = deque()
        self._expected = _Expected()

    def update(self, stamp_ns: int, keypoints: NDArray[Any]) -> Exchanges:
        """Add the next frame.

        Args:
            stamp_ns: must be later than the previous one, otherwise the track starts over.
            keypoints: (17, 2) pixels, NaN where unseen.

        Returns:
            The exchanges to apply to this frame and to earlier ones.
        """
        last_ns = self._frames[-1].stamp_ns if self._frames else stamp_ns
        passed_ns = stamp_ns - last_ns
        if not 0 < passed_ns <= _RESTART_NS:
            self._frames.clear()
            self._expected = _Expected()
            passed_ns = 0
        keypoints = np.asarray(keypoints, np.float64)
        odds = self._expected.update(stamp_ns, keypoints, passed_ns / 1e9)
        seconds = min(passed_ns / 1e9, _UNTIMED_S)
        against = seconds * np.array([0.0, _PART_PER_S, _PART_PER_S, _WHOLE_PER_S])
        crossed = (odds[0] > 0, odds[1] > 0)
        motion = np.abs(odds).clip(max=_MOST_MOTION)
        self._frames.append(_Frame(stamp_ns, keypoints, crossed, motion, against))
        self._advance(len(self._frames) - 1)
        while stamp_ns - self._frames[0].stamp_ns > _HISTORY_NS:
            self._frames.popleft()
        return self._exchanges()

    def check(self, stamp_ns: int, keypoints: NDArray[Any]) -> None:
        """Use a better detector's result for an earlier frame; call it before the next `update`.

        Args:
            stamp_ns: stamp of the frame.
            keypoints: (17, 2) pixels of the person in it, NaN where unseen.
        """
        for index, frame in enumerate(self._frames):
            if frame.stamp_ns == stamp_ns:
                sd = _CHECK_NOISE * float(pose_sizes(keypoints))
                odds = exchange_odds(frame.keypoints, keypoints, max(sd, 1e-9))
                limited = np.clip(odds, -_MOST_CHECK, _MOST_CHECK)
                frame.against = frame.against - np.array(STATES) @ limited
                for later in range(index, len(self._frames)):
                    self._advance(later)

    def _advance(self, index: int) -> None:
        """Find the best path to each hidden state of a frame."""
        frame = self._frames[index]
        here = frame.against[frame.exchanged]
        if index == 0:
            frame.cost = here - here.min()
            return
        last = self._frames[index - 1]
        switched = frame.exchanged[:, None] != last.exchanged
        ways = last.cost + _DIFFERS @ frame.motion + _SWITCH * switched  # (to, from)
        frame.before = ways.argmin(1)
        cost = ways.min(1) + here
        frame.cost = cost - cost.min()

    def _exchanges(self) -> Exchanges:
        """Follow the best path back to the oldest frame."""
        hidden = int(self._frames[-1].cost.argmin())
        exchanges = {}
        for frame in reversed(self._frames):
            state = int(frame.exchanged[hidden])
            if state != frame.applied:
                exchanges[frame.stamp_ns] = _ORDERS[_XOR[state, frame.applied]]
            frame.applied = state
            hidden = int(frame.before[hidden])
        return exchanges


class _Expected:
    """Predicts the joints from their motion: an alpha-beta filter."""

    def __init__(self) -> None:
        self._position = np.full((NUM_JOINTS, 2), np.nan)
        self._velocity = np.zeros((NUM_JOINTS, 2))
        self._seen_ns = np.zeros(NUM_JOINTS, np.int64)
        self._size = 0.0

    def update(
        self, stamp_ns: int, keypoints: NDArray[np.float64], seconds: float
    ) -> tuple[float, float]:
        """Log odds that legs, and arms, are exchanged; then update with the likelier order.

        Args:
            stamp_ns: stamp of the frame.
            keypoints: (17, 2), NaN where unseen.
            seconds: time since the previous frame.
        """
        self._size = max(float(pose_sizes(keypoints)), 0.9 * self._size)
        expected = self._position + _DAMPING * self._velocity * seconds
        expected[stamp_ns - self._seen_ns > _UNSEEN_NS] = np.nan
        sd = self._size * np.hypot(_NOISE, _ACCELERATION * seconds**2 / 2)
        odds = exchange_odds(keypoints, expected, max(float(sd), 1e-9))
        keypoints = keypoints[exchange(odds[0] > 0, odds[1] > 0)]
        seen = np.asarray(np.isfinite(keypoints).all(-1))
        known = seen & np.isfinite(expected).all(-1)
        residual = np.where(known[:, None], keypoints - expected, 0.0)
        start = (seen & ~known)[:, None]
        self._position = np.where(start, keypoints, expected + _GAIN * residual)
        faster = _SPEED_GAIN * residual / max(seconds, 1e-3)
        self._velocity = np.where(start, 0.0, _DAMPING * self._velocity + faster)
        self._seen_ns[seen] = stamp_ns
        return odds

"""Left and right of one track's limbs, kept straight over time.

Detectors confuse left and right: of the legs, of the arms, or, when they take a person's front for
the back, of the whole body. The confused joints jump, so motion says when that begins and ends,
and most of the time a detector is right. Both together are a hidden Markov model of few states,
solved over the last second (Viterbi), so that a wrong beginning is mended, too.
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
"""Joints of the legs and of the arms, which are exchanged as a whole."""
STATES = ((False, False), (True, False), (False, True), (True, True))
"""Whether legs and arms are exchanged."""

_HISTORY_NS = 1_000_000_000
_RESTART_NS = 500_000_000
"""After a longer gap nothing is known of the motion before it."""
_UNSEEN_NS = 250_000_000
"""A joint is expected nowhere when it was not seen for so long."""
_NOISE, _ACCELERATION = 0.02, 6.0
"""Standard deviation of a joint from where it is expected: in sizes of the person, and in sizes per
s² of motion that nobody expects."""
_GAIN, _SPEED_GAIN, _DAMPING = 0.5, 0.2, 0.8
"""Of the filter that expects the joints: a frame in which the network puts both legs in the middle
must not pull the legs there."""
_MOST_MOTION = 8.0
"""The log odds of one frame's motion are limited: any jump may be real."""
_WHOLE_PER_S, _PART_PER_S = 16.0, 16.0
"""Log odds against a detector that has confused the whole body, or a part, for a second: it can
have done so for a second and a half, if motion is sure of both ends."""
_SWITCH = 1.5
"""Log odds against a detector that begins or ends to confuse anything, in any one frame."""
_UNTIMED_S = 0.1
"""No frame counts for more time than this."""
_CHECK_NOISE, _MOST_CHECK = 0.02, 10.0
"""Standard deviation of two detectors' joints from each other, in sizes of the person; the most
log odds of a check."""

Order: TypeAlias = NDArray[np.intp]
Exchanges: TypeAlias = dict[int, Order]
"""By the stamp of a frame: the order (17,) to put its joints into, as they were given out last."""


def exchange(legs: bool, arms: bool) -> Order:
    """The order (17,) of the joints with left and right exchanged in legs, in arms, or in both."""
    order = np.arange(NUM_JOINTS)
    for exchanged, rows in zip((legs, arms), PAIRS, strict=True):
        if exchanged:
            order[rows] = np.array(MIRRORED)[rows]
    return order


_ORDERS = tuple(exchange(*state) for state in STATES)
_XOR = np.array([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]])
"""Indices into `STATES` of what differs between two of them."""
_DIFFERS = np.array([[np.not_equal(a, b) for b in STATES] for a in STATES])  # (to, from, part)


def exchange_odds(
    keypoints: NDArray[Any], expected: NDArray[Any], sd: float
) -> tuple[float, float]:
    """Log odds that the legs, and the arms, of keypoints (17, 2) are exchanged.

    The likelihood is Student's: where neither way fits, as in fast motion, neither is much more
    likely.

    Args:
        keypoints: NaN where unseen.
        expected: (17, 2) where the joints should be, NaN where unknown.
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

    Motion joins frames to two tracks of each part's limbs, without saying which of the two is the
    left one: that is what the hidden states say.
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
    """(4,) of the best path to each hidden state."""
    before: NDArray[np.intp] = field(default_factory=lambda: np.zeros(len(STATES), np.intp))
    """(4,) the hidden state before it on that path."""
    applied: int = 0
    """Index into `STATES`: what was exchanged so far."""

    @property
    def exchanged(self) -> NDArray[np.intp]:
        """(4,) index into `STATES` of what is to be exchanged, by the hidden state."""
        return _XOR[STATES.index(self.crossed)]


def track_orders(
    stamps_ns: NDArray[np.int64], keypoints: Iterable[NDArray[Any]]
) -> NDArray[np.int8]:
    """The orders (T, 17) to put the joints of a whole track into.

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
    """Finds out what to exchange in the frames of one track."""

    def __init__(self) -> None:
        self._frames: deque[_Frame] = deque()
        self._expected = _Expected()

    def update(self, stamp_ns: int, keypoints: NDArray[Any]) -> Exchanges:
        """Look at the next frame.

        Args:
            stamp_ns: later than the one before, or the track begins anew.
            keypoints: (17, 2) pixels, NaN where unseen.

        Returns:
            What is to be exchanged in this frame, and in earlier ones.
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
        """Take note of a better detector's opinion of an earlier frame, before the next `update`.

        Args:
            stamp_ns: of the frame.
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
    """Where the joints are expected, by their motion: an alpha-beta filter."""

    def __init__(self) -> None:
        self._position = np.full((NUM_JOINTS, 2), np.nan)
        self._velocity = np.zeros((NUM_JOINTS, 2))
        self._seen_ns = np.zeros(NUM_JOINTS, np.int64)
        self._size = 0.0

    def update(
        self, stamp_ns: int, keypoints: NDArray[np.float64], seconds: float
    ) -> tuple[float, float]:
        """Log odds that legs, and arms, are exchanged; then go on with the likelier of the two.

        Args:
            stamp_ns: of the frame.
            keypoints: (17, 2), NaN where unseen.
            seconds: since the frame before.
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

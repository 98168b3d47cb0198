"""Association of detections with tracks: the costs, and the best assignment."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People
from diffhpe_ros.pose_distance import pose_distances, pose_sizes
from diffhpe_ros.reidentification import same_clothes_odds
from diffhpe_ros.tracking.track import CLEAR_ODDS, FASTEST_PER_SECOND, NEAR, Track

_FAR_PER_SECOND = 1.0
"""A detection nearer than `NEAR + _FAR_PER_SECOND·(time unseen)` to where a track's person is
expected, in units of the person's size, may be that person."""


def association_costs(
    tracks: Sequence[Track], ended: Sequence[Track], people: People, stamp_ns: int
) -> NDArray[Any]:
    """Costs from the distances between detections and the expected places of the tracks' people.

    A cost of 1 means too far away, which is as bad as no detection. So no track gets such a
    detection just to improve another pair. The cost is also 1 if the detection clearly wears the
    clothes of another track's person who may be there, including tracks that have ended.

    Args:
        tracks: T active tracks.
        ended: ended tracks whose people may come back.
        people: P people.
        stamp_ns: stamp of their image.

    Returns:
        (T, P) in 0..1.
    """
    count = len(tracks)
    known = [*tracks, *ended]
    if not count or not len(people):
        return np.ones((count, len(people)))
    expected = np.stack([track.expected(stamp_ns) for track in known])
    unseen_s = np.array([track.unseen_s(stamp_ns) for track in known])
    reach = NEAR + _FAR_PER_SECOND * unseen_s
    reach[count:] = NEAR + FASTEST_PER_SECOND * unseen_s[count:]
    apart = (pose_distances(expected, people.keypoints) / reach[:, None]).clip(max=1)
    if people.clothes is not None and len(known) > 1:
        apart[_is_another(known, people.clothes, apart < 1)] = 1
    # One scale for each track, not for each pair: otherwise larger detections would seem nearer.
    sizes = np.maximum(pose_sizes(expected)[:, None], pose_sizes(people.keypoints))
    sizes = np.where(apart < 1, sizes, 0)
    largest = np.maximum(sizes.max(1, keepdims=True), 1)
    return np.asarray(np.where(apart < 1, apart * sizes / largest, 1)[:count])


def assign(cost: NDArray[Any]) -> list[tuple[int, int]]:
    """Pairs (row, column) of the least total cost, each row and column used at most once.

    Args:
        cost: (R, C) finite.
    """
    if cost.shape == (1, 1):  # one person, the usual case, saves a third of a second of imports
        return [(0, 0)]
    from scipy.optimize import linear_sum_assignment

    return list(zip(*linear_sum_assignment(cost), strict=True))


def _is_another(
    known: Sequence[Track], clothes: NDArray[Any], near: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(K, P) whether a detection clearly is the person of another, near track."""
    means = np.stack([track.clothes.mean for track in known])
    odds = same_clothes_odds(clothes, means[:, None])
    best = np.where(near, odds, -np.inf).max(0)
    return np.asarray((odds < 0) & (best > 0) & (best - odds > CLEAR_ODDS))

"""Decides which tracks of different cameras belong to one person."""

from collections.abc import Collection, Mapping
from itertools import combinations
from math import exp

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.pipeline.fused_pose import Sighting
from diffhpe_ros.skeleton import HIP

Array = NDArray[np.float64]
Key = tuple[str, int]
"""Camera and track id."""

JOIN, SPLIT = 6.0, 12.0
"""Distance below which two tracks become one person, and above which they are split again. With
correct covariances, two tracks of one person have a distance of 3: 1 each for position, pose and
motion."""
_AVERAGED_S = 0.4
_PLACE_SD, _POSE_SD, _SPEED_SD = 0.08, 0.05, 0.3
"""m, m and m/s: added standard deviations, for errors of the calibration between cameras and of the
time stamps."""


class CameraMatcher:
    """Measures the distances between tracks over time, and groups those of one person."""

    def __init__(self) -> None:
        """Start without tracks."""
        self._apart: dict[tuple[Key, Key], tuple[int, float]] = {}
        self._together: set[tuple[Key, Key]] = set()

    def groups(
        self, sightings: Mapping[Key, Sighting], changed: Collection[Key]
    ) -> list[list[Key]]:
        """Groups of tracks, each with at most one track of a camera.

        Args:
            sightings: sightings of all tracks, at one time.
            changed: tracks that were seen again since the last call.
        """
        keys = sorted(sightings)
        pairs = [pair for pair in combinations(keys, 2) if pair[0][0] != pair[1][0]]
        self._apart = {pair: self._apart[pair] for pair in pairs if pair in self._apart}
        for pair in pairs:
            if pair[0] in changed or pair[1] in changed:
                self._measure(pair, sightings)
        groups = self._group(keys)
        self._together = {pair for group in groups for pair in combinations(group, 2)}
        return groups

    def _measure(self, pair: tuple[Key, Key], sightings: Mapping[Key, Sighting]) -> None:
        first, second = (sightings[key] for key in pair)
        found = distance(first, second)
        if pair in self._apart:
            stamp_ns, before = self._apart[pair]
            kept = exp(-max(first.stamp_ns - stamp_ns, 0) / 1e9 / _AVERAGED_S)
            found += kept * (before - found)
        self._apart[pair] = first.stamp_ns, found

    def _group(self, keys: list[Key]) -> list[list[Key]]:
        """Join the nearest groups first, as long as all their tracks are near each other."""
        group_of = {key: [key] for key in keys}
        for pair in sorted(self._apart, key=lambda each: self._apart[each][1]):
            first, second = group_of[pair[0]], group_of[pair[1]]
            if first is not second and all(
                self._is_one((a, b) if a < b else (b, a)) for a in first for b in second
            ):
                first += second
                group_of |= dict.fromkeys(second, first)
        unique = {id(group): sorted(group) for group in group_of.values()}
        return sorted(unique.values())

    def _is_one(self, pair: tuple[Key, Key]) -> bool:
        if pair not in self._apart:  # both are of one camera
            return False
        return self._apart[pair][1] < (SPLIT if pair in self._together else JOIN)


def distance(first: Sighting, second: Sighting) -> float:
    """The distance between two sightings in position, pose and motion.

    Each is a squared Mahalanobis distance over its 3 degrees of freedom.
    """
    apart = first.joints - second.joints
    moved = first.velocity - second.velocity
    covariance = first.covariance + second.covariance
    of_velocity = first.velocity_covariance + second.velocity_covariance
    place = _squared(apart[HIP], covariance[HIP], _PLACE_SD)
    pose = _squared(apart[HIP + 1 :] - apart[HIP], covariance[HIP + 1 :], _POSE_SD)
    motion = _squared(moved[HIP], of_velocity[HIP], _SPEED_SD)
    return float(place + pose.mean() + motion) / 3


def _squared(values: Array, covariance: Array, sd: float) -> Array:
    """Squared Mahalanobis distance (...) of (..., 3)."""
    solved = np.linalg.solve(covariance + sd**2 * np.eye(3), values[..., None])[..., 0]
    return np.asarray((values * solved).sum(-1))

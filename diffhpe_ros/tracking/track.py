"""One track: the predicted place of its person, and their clothes."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People
from diffhpe_ros.pose_distance import pose_distances
from diffhpe_ros.reidentification import ClothesHistory, same_clothes_odds

NEAR = 0.3
"""Largest distance of a person from the predicted place, in units of their size."""
FASTEST_PER_SECOND = 3.0
"""Fastest running speed, in sizes of the person. Farther away a person is not recognized."""
CLEAR_ODDS = 4.0
"""Log odds from which clothes leave no doubt that a person is another one."""

_NEW = -2
_SMOOTHING_S = 0.15
"""Time constant of the velocity's mean: joints jitter."""
_COASTING_S = 0.5
"""An unseen person is expected to move on for about this long, and then to stay."""
_TRUST_NS = 200_000_000
"""A new track is kept for this long after the first image: detectors flicker."""
_NEWEST_IMAGES = 5
"""Number of images for a person's current clothes."""


@dataclass(eq=False)
class Track:
    """The state of one tracked person."""

    keypoints: NDArray[Any]
    """(17, 2) pixels when last seen. A joint that was not seen then is at its predicted place, or
    NaN if it was never seen."""
    first_ns: int
    seen_ns: int
    velocity: NDArray[Any] = field(default_factory=lambda: np.zeros(2))
    """(2,) pixels per second, of the whole body."""
    clothes: ClothesHistory = field(default_factory=ClothesHistory)
    newest_clothes: ClothesHistory = field(default_factory=lambda: ClothesHistory(_NEWEST_IMAGES))
    track_id: int = _NEW
    identified: bool = False
    """Whether it is decided if an earlier track was of the same person."""

    @property
    def has_id(self) -> bool:
        """Whether it has an id."""
        return self.track_id != _NEW

    @property
    def shows_clothes(self) -> bool:
        """Whether enough images have shown the person's clothes."""
        return bool((self.newest_clothes.images == _NEWEST_IMAGES).all())

    def unseen_s(self, stamp_ns: int) -> float:
        """Seconds since the person was last seen."""
        return (stamp_ns - self.seen_ns) / 1e9

    def is_kept(self, stamp_ns: int, forget_ns: int) -> bool:
        """Whether it is still active: short tracks end soon, any track after `forget_ns`."""
        kept_ns = min(forget_ns, _TRUST_NS + self.seen_ns - self.first_ns)
        return stamp_ns - self.seen_ns <= kept_ns

    def may_have_become(self, track: "Track") -> bool:
        """Whether the clothes are known, and the person can have reached a new track's place."""
        if self.seen_ns >= track.first_ns or not self.clothes.images.any():
            return False
        apart = pose_distances(self.keypoints[None], track.keypoints[None])[0, 0]
        return bool(apart < NEAR + FASTEST_PER_SECOND * self.unseen_s(track.first_ns))

    def wears_clothes_of(self, other: "Track") -> bool:
        """Whether the person now clearly wears another person's clothes, not their own."""
        known = np.stack([other.clothes.mean, self.clothes.mean])
        odds = same_clothes_odds(self.newest_clothes.mean, known)
        return self.shows_clothes and bool(odds[0] - odds[1] > CLEAR_ODDS)

    def expected(self, stamp_ns: int) -> NDArray[Any]:
        """Predicted joints (17, 2) if the person moves on for a while."""
        coasting_s = _COASTING_S * -math.expm1(-self.unseen_s(stamp_ns) / _COASTING_S)
        return self.keypoints + self.velocity * coasting_s

    def update(self, people: People, row: int, stamp_ns: int) -> None:
        """Update with a detection that shares at least one joint with those seen before."""
        keypoints = people.keypoints[row]
        if people.clothes is not None:
            self.clothes.add(people.clothes[row])
            self.newest_clothes.add(people.clothes[row])
        passed_s = self.unseen_s(stamp_ns)
        expected = self.expected(stamp_ns)
        if passed_s > 0:
            moved = np.nanmean(keypoints - self.keypoints, axis=0)
            new = -math.expm1(-passed_s / _SMOOTHING_S)
            self.velocity = self.velocity + new * (moved / passed_s - self.velocity)
        self.keypoints = np.where(np.isfinite(keypoints), keypoints, expected)
        self.seen_ns = stamp_ns

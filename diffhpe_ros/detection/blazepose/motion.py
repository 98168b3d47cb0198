"""How a person's region moves from image to image, and where to expect it next."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.blazepose.regions import Region
from diffhpe_ros.reidentification import ClothesHistory, same_clothes_odds

COASTING_IMAGES = 10
"""Number of images for which an unseen person is expected to move on."""
_NEWEST = 0.5
"""Weight of the newest step in the running mean."""
_MOVED, _TURNED = 0.02, math.radians(2)
"""Shift in sizes of the region, and rotation, too small to matter to the landmark network."""
_FAMILIAR_IMAGES = 30
"""People followed for longer than this gain no more priority."""
_REACH = 1.0
"""Largest distance of a lost person from the expected place, in sizes of the region."""


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion of one person's region."""

    region: Region
    """Where the person is, or is expected while unseen."""
    step: NDArray[np.float64]
    """(3,) mean change from image to image: x and y in pixels, and the rotation in radians."""
    images_seen: int = 1
    images_unseen: int = 0
    """Images since the last one that showed the person."""
    clothes: ClothesHistory = field(default_factory=ClothesHistory)
    """Clothes that the person was seen in while others were near."""

    @classmethod
    def of(cls, region: Region, images_seen: int = 1) -> "Motion":
        """The motion of a new person, which is not known yet."""
        return cls(region, np.zeros(3), images_seen)

    @property
    def numbers(self) -> list[float]:
        """The whole state, for `from_numbers`."""
        counts = self.images_seen, self.images_unseen
        return [*self.region.numbers, *self.step.tolist(), *counts, *self.clothes.numbers]

    @classmethod
    def from_numbers(cls, numbers: Sequence[float]) -> "Motion":
        """Rebuild a motion from its `numbers`."""
        region, step, (seen, unseen) = numbers[:4], np.array(numbers[4:7]), numbers[7:9]
        clothes = ClothesHistory.from_numbers(numbers[9:])
        return cls(Region.from_numbers(region), step, int(seen), int(unseen), clothes)

    @property
    def priority(self) -> float:
        """Higher for large people and for those followed for long."""
        return self.region.size * min(self.images_seen, _FAMILIAR_IMAGES)

    def updated(self, region: Region, in_a_crowd: bool = False) -> "Motion":
        """The motion after the person was seen in a region.

        Args:
            region: where the person is.
            in_a_crowd: others are so near that the landmarks may be partly theirs. The motion is
                then assumed to go on as before.
        """
        if in_a_crowd:
            return replace(self, region=region, images_seen=self.images_seen + 1, images_unseen=0)
        change = np.array([*(region.centre - self.region.centre), 0.0])
        change[2] = math.remainder(region.rotation - self.region.rotation, math.tau)
        step = self.step + _NEWEST * (change - self.step)
        return Motion(region, step, self.images_seen + 1, clothes=self.clothes)

    def distance(self, other: "Motion") -> float:
        """How far two people are from each other, in sizes of the larger region."""
        pixels = math.dist(self.region.centre, other.region.centre)
        return pixels / max(self.region.size, other.region.size)

    def coasted(self) -> "Motion":
        """The motion after an image in which the person was not seen."""
        return replace(self, region=self.expected(), images_unseen=self.images_unseen + 1)

    def expected(self) -> Region:
        """The region in the next image if the motion goes on as before."""
        rotation = self.region.rotation + float(self.step[2])
        return Region(self.region.centre + self.step[:2], self.region.size, rotation)

    def is_still(self) -> bool:
        """Whether the region expected in the next image is about the current one."""
        moved = math.hypot(*self.step[:2]) / self.region.size
        return moved < _MOVED and abs(float(self.step[2])) < _TURNED

    def odds_of(self, colours: NDArray[Any]) -> float:
        """Log odds that a person who wears colours (2, 3) is this one; 0 where unknown."""
        return float(same_clothes_odds(colours, self.clothes.mean))

    def may_lead_to(self, region: Region) -> bool:
        """Whether a person found in this region may be this lost person."""
        return math.dist(region.centre, self.region.centre) < _REACH * self.region.size

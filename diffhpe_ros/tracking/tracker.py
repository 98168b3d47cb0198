"""What a tracker does: it gives the people of successive images their track ids.

The windows of a person are built from one id's observations, so an id must never jump from one
body to another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People

NOT_FOLLOWED = -1
"""Instead of a track id, where a detection has no track."""


@dataclass(frozen=True)
class Return:
    """A person whose track had ended, and who has got its id again."""

    track_id: int
    probability: float
    """That it is the same person, by the clothes."""
    away_s: float

    def __str__(self) -> str:
        return (
            f"person {self.track_id} after {self.away_s:.1f} s (probability {self.probability:.2f})"
        )


class Tracker(Protocol):
    """Gives track ids to the people of successive images of one camera."""

    @property
    def track_ids(self) -> set[int]:
        """Ids of the active tracks, seen in the newest image or not."""

    @property
    def returns(self) -> Sequence[Return]:
        """People of the newest image who have got the id of a track that had ended."""

    @property
    def exchanges(self) -> Sequence[tuple[int, int]]:
        """Pairs of ids that were found, by the newest image, to be each on the other's person.

        The second may be of a track that had ended.
        """

    def update(self, people: People, stamp_ns: int) -> NDArray[np.int64]:
        """Track ids of the people of the next image.

        Args:
            people: P people.
            stamp_ns: of the image.

        Returns:
            (P,) ids from 0 upwards, `NOT_FOLLOWED` for those without a track.
        """

    def reset(self) -> None:
        """End all tracks; their ids are not given again."""

"""The interface of a tracker, which assigns track ids to the people of successive images.

A person's windows are built from the observations of one id, so an id must never jump from one
body to another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.types import People

NOT_FOLLOWED = -1
"""Used in place of a track id if a detection has no track."""


@dataclass(frozen=True)
class Return:
    """A person whose track had ended, and who got the same id again."""

    track_id: int
    probability: float
    """Probability that it is the same person, from the clothes."""
    away_s: float

    def __str__(self) -> str:
        return (
            f"person {self.track_id} after {self.away_s:.1f} s (probability {self.probability:.2f})"
        )


class Tracker(Protocol):
    """Assigns track ids to the people of successive images of one camera."""

    @property
    def track_ids(self) -> set[int]:
        """Ids of the active tracks, seen in the newest image or not."""

    @property
    def returns(self) -> Sequence[Return]:
        """People of the newest image who got the id of a track that had ended."""

    @property
    def exchanges(self) -> Sequence[tuple[int, int]]:
        """Pairs of ids that the newest image has shown to be on each other's person.

        The second id may be of a track that had ended.
        """

    def update(self, people: People, stamp_ns: int) -> NDArray[np.int64]:
        """Track ids of the people of the next image.

        Args:
            people: P people.
            stamp_ns: stamp of the image.

        Returns:
            (P,) ids from 0 upwards, `NOT_FOLLOWED` for those without a track.
        """

    def reset(self) -> None:
        """End all tracks; their ids are not used again."""

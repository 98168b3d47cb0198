"""Postures and gestures of the people of all cameras."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.postures import PersonObserver, PersonState
from diffhpe_ros.track_registry import OUTPUT_S, TrackStates


class PostureStage:
    """Observes each track; after half a second unseen, a track counts as new."""

    def __init__(self) -> None:
        self._tracks = TrackStates(PersonObserver, OUTPUT_S)

    def update(
        self, people: LiftedPeople, up: Sequence[float] | NDArray[np.float64] | None
    ) -> tuple[PersonState | None, ...]:
        """The state of each person of one camera; None for people without a position.

        Args:
            people: people in any frame.
            up: unit vector against gravity in that frame; None if it is not known.
        """
        rows = np.flatnonzero(people.located).tolist()
        track_ids = [people.track_ids[row] for row in rows]
        observers = self._tracks.update(people.camera, track_ids, people.stamp_ns)
        known = None if up is None else np.asarray(up, np.float64)
        states: list[PersonState | None] = [None] * len(people)
        for row, observer in zip(rows, observers, strict=True):
            states[row] = observer.update(
                people.stamp_ns, people.joints[row], people.covariance[row], known
            )
        return tuple(states)

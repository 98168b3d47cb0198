"""Lifted windows → where their people are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.lifting import LiftResult
from diffhpe_ros.nodes.types import PeopleWindows
from diffhpe_ros.placement import Following, place_windows
from diffhpe_ros.smoothing import PerPerson

_FORGET_S = 1.0
"""People absent for longer than this are strangers when they come back."""


@dataclass(frozen=True, eq=False)
class PlacedWindows:
    """Windows of P people of one camera, lifted and placed."""

    windows: PeopleWindows
    """What was seen."""
    lifted: LiftResult
    """Of these P windows, root-relative."""
    root: NDArray[np.float32]
    """(P, 27, 3) metres, optical frame; NaN where it cannot be told."""
    root_covariance: NDArray[np.float32]
    """(P, 27, 3, 3) m²."""


class Placing:
    """Finds where people are at every frame of their windows, and follows their distance."""

    def __init__(self) -> None:
        """Begin with nobody there."""
        self._people = PerPerson(Following, _FORGET_S)

    def place(self, windows: PeopleWindows, lifted: LiftResult) -> PlacedWindows:
        """Place the people of one camera; nobody at all means that everybody has left."""
        everybody = self._people.update(windows.frame_id, windows.persons, windows.stamp_ns)
        place = place_windows(
            lifted.poses, windows.keypoints, windows.confidence, windows.offsets_ns / 1e9,
            windows.covariance,
        )  # fmt: skip
        found = place.root[:, -1, 2].astype(np.float64)
        followed = [
            follow(windows.stamp_ns, distance, variance)
            for follow, distance, variance in zip(
                everybody, found.tolist(), place.variance[:, -1].tolist(), strict=True
            )
        ]
        # Who is not seen in the newest image was perhaps in the frames before.
        place = place.moved(np.nan_to_num(np.array(followed) - found))
        return PlacedWindows(
            windows,
            lifted,
            place.root.astype(np.float32),
            place.covariance().astype(np.float32),
        )

    def nobody(self, windows: PeopleWindows) -> None:
        """Hear that everybody has left a camera's view."""
        self._people.update(windows.frame_id, (), windows.stamp_ns)

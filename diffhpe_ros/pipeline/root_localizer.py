"""Lifted windows → where their people are."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.geometry import RootTrajectory, localize_windows
from diffhpe_ros.lifting import LiftResult
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.placement import (
    DEPTH_SD_M,
    BodyScale,
    DistanceFilter,
    measure,
)
from diffhpe_ros.track_registry import ROOT_S, TrackStates


@dataclass(frozen=True, eq=False)
class LocalizedWindows:
    """Windows of P people of one camera, lifted and placed."""

    windows: PeopleWindows
    """What was seen."""
    lifted: LiftResult
    """Of these P windows, root-relative, in the people's own sizes as far as they are known."""
    root: NDArray[np.float32]
    """(P, 27, 3) metres, optical frame; NaN where it cannot be told."""
    root_covariance: NDArray[np.float32]
    """(P, 27, 3, 3) m²."""


@dataclass(frozen=True)
class _Person:
    """What is known of one."""

    size: BodyScale = field(default_factory=BodyScale)
    follow: DistanceFilter = field(default_factory=DistanceFilter)


class RootLocalizer:
    """Finds where people are at every frame of their windows, and follows their distance."""

    def __init__(self) -> None:
        """Begin with nobody there."""
        self._people = TrackStates(_Person, ROOT_S)

    def place(self, windows: PeopleWindows, lifted: LiftResult) -> LocalizedWindows:
        """Place the people of one camera, of whom there is at least one."""
        people = self._people.update(windows.frame_id, windows.track_ids, windows.stamp_ns)
        place = localize_windows(
            lifted.poses, windows.keypoints, windows.confidence, windows.offsets_ns / 1e9,
            windows.covariance,
        )  # fmt: skip
        depths = _depths(people, windows, lifted, place)
        by_depth = np.isfinite(depths)
        sizes = np.array([person.size.value for person in people])
        place = place.scaled(sizes)
        found = place.root[:, -1, 2].astype(np.float64)
        # A measured distance is that, whatever the person's size.
        size_sd = np.where(by_depth, 0.0, [person.size.sd for person in people])
        variance = np.where(by_depth[:, None], DEPTH_SD_M**2, place.variance)
        followed = [
            person.follow(windows.stamp_ns, float(distance), float(of_newest))
            for person, distance, of_newest in zip(
                people, np.where(by_depth, depths, found), variance[:, -1], strict=True
            )
        ]
        # Who is not seen in the newest image was perhaps in the frames before.
        place = replace(place, variance=variance).moved(np.nan_to_num(np.array(followed) - found))
        return LocalizedWindows(
            windows,
            _scaled(lifted, sizes),
            place.root.astype(np.float32),
            place.covariance(size_sd).astype(np.float32),
        )

    def no_people(self, windows: PeopleWindows) -> None:
        """Hear that everybody has left a camera's view."""
        self._people.remove_camera(windows.frame_id)


def _depths(
    people: list[_Person], windows: PeopleWindows, lifted: LiftResult, place: RootTrajectory
) -> NDArray[np.float64]:
    """Distances (P,) by depth in the newest image, from which sizes are learnt; NaN if unknown."""
    distances = np.full(len(people), np.nan)
    if windows.depth is None:
        return distances
    for row, person in enumerate(people):
        pose, distance = lifted.poses[row, -1], float(place.root[row, -1, 2])
        size, _ = measure(pose, distance, windows.depth[row], person.size.value)
        person.size.measure(size)
        _, distances[row] = measure(pose, distance, windows.depth[row], person.size.value)
    return distances


def _scaled(lifted: LiftResult, sizes: NDArray[np.float64]) -> LiftResult:
    """The same people in their own sizes (P,)."""
    size = sizes.astype(np.float32)[:, None, None, None]
    return replace(
        lifted,
        poses=lifted.poses * size,
        hypotheses=lifted.hypotheses * size[..., None],
        covariance=lifted.covariance * size[..., None] ** 2,
    )

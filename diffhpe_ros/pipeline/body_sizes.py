"""The body sizes of a camera's people, from the floor under their feet and from a known stature."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from diffhpe_ros.geometry import RootTrajectory
from diffhpe_ros.lifting import LiftResult
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.placement import BodyScale
from diffhpe_ros.placement.size_over_time import LARGEST, SMALLEST, SizeOverTime
from diffhpe_ros.placement.standing_feet import SizeMeasurement, size_by_feet
from diffhpe_ros.placement.stature import STATURE_SD, stature

FLOOR, HEIGHT = "floor", "height"
"""Sources of a body scale."""
_CHECKED, _FEWEST = 120, 30
"""Numbers of windows with standing feet to check a floor: the most kept, and the fewest needed."""
_USUAL = 0.55, 1.2
"""Hardly any person's size is outside this range."""


@dataclass
class BodySize:
    """The size of one track's person."""

    scale: BodyScale = field(default_factory=BodyScale)
    by_feet: SizeOverTime = field(default_factory=SizeOverTime)

    def learn_height(self, person_height: float, usual: float) -> None:
        """Use the known stature; `usual` is the stature of the lifted pose, metres."""
        found = person_height / usual
        self.scale.learn(HEIGHT, found, STATURE_SD * found)

    def learn_feet(self, stamp_ns: int, measured: SizeMeasurement) -> None:
        """Use a measurement, if a person can have this size."""
        if SMALLEST < measured.size < LARGEST:
            self.by_feet.add(stamp_ns, measured)
            found = self.by_feet.size
            self.scale.learn(FLOOR, found, self.by_feet.sd * found)


class FloorCheck:
    """Checks whether the given floor below a camera is plausible.

    Args:
        fewest: windows needed for a warning; the default is for windows of live images.
    """

    def __init__(self, fewest: int = _FEWEST) -> None:
        self._fewest = fewest
        self._sizes: deque[float] = deque(maxlen=_CHECKED)
        self._height = 0.0

    def add(self, measured: SizeMeasurement, height: float) -> None:
        """Add the size of any person from one window, and the camera's height."""
        self._sizes.append(measured.size)
        self._height = height

    @property
    def warning(self) -> str:
        """The problem, in one line; empty if there is none."""
        if len(self._sizes) < self._fewest:
            return ""
        size = float(np.median(self._sizes))
        if _USUAL[0] < size < _USUAL[1]:
            return ""
        return (
            f"judging by their feet, people are {size:.2f} times as tall as adults: is the camera"
            f" {self._height:.2f} m above the floor that they stand on, and its tilt known?"
        )


class BodySizes:
    """Learns the sizes of the tracks of all cameras.

    Args:
        person_height: metres, used while one person is in view; None if it is not known.
    """

    def __init__(self, person_height: float | None = None) -> None:
        self._person_height = person_height
        self._checks: dict[str, FloorCheck] = {}
        self._known: dict[str, Mapping[int, BodyScale]] = {}

    def learn(
        self,
        sizes: Sequence[BodySize],
        windows: PeopleWindows,
        lifted: LiftResult,
        trajectory: RootTrajectory,
    ) -> None:
        """Update the sizes of P people of one camera.

        Args:
            sizes: the P sizes of the tracks.
            windows: windows, with the floor if it is known.
            lifted: their poses at the usual size.
            trajectory: root positions for people of the usual size.
        """
        if self._person_height is not None and len(sizes) == 1:
            sizes[0].learn_height(self._person_height, stature(lifted.poses[0, -1]))
        if windows.floor is not None:
            check = self._checks.setdefault(windows.camera, FloorCheck())
            for row, size in enumerate(sizes):
                measured = _measure(size, windows, lifted, trajectory, row)
                if measured is not None:
                    check.add(measured, windows.floor.height)
                    size.learn_feet(windows.stamp_ns, measured)
        self._known[windows.camera] = {
            track_id: size.scale for track_id, size in zip(windows.track_ids, sizes, strict=True)
        }

    def remove_camera(self, camera: str) -> None:
        """Drop the sizes of a camera's people; its floor check stays."""
        self._known.pop(camera, None)

    def scales(self, camera: str) -> Mapping[int, BodyScale]:
        """Track id → body scale of the people in a camera's newest image."""
        return self._known.get(camera, {})

    @property
    def warnings(self) -> list[str]:
        """Problems with floors, one line for each affected camera."""
        texts = {camera: check.warning for camera, check in self._checks.items()}
        return [f"{camera}: {text}" for camera, text in texts.items() if text]


def _measure(
    size: BodySize, windows: PeopleWindows, lifted: LiftResult, trajectory: RootTrajectory, row: int
) -> SizeMeasurement | None:
    """The size from the feet in one window; None if no foot stands."""
    assert windows.floor is not None
    root = trajectory.root[row].astype(np.float64)
    camera = None
    if windows.motion is not None:
        path = windows.motion[row]
        camera = path[-1].inverse().points(path.translation)
    return size_by_feet(
        lifted.poses[row].astype(np.float64),
        root,
        windows.confidence[row] > 0,
        windows.offsets_ns[row] / 1e9,
        windows.floor,
        camera,
        size=size.scale.value,
    )

"""How large the people of a camera are, by the floor under their feet and by a known stature."""

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
"""Windows with standing feet that a floor is checked by."""
_USUAL = 0.55, 1.2
"""Sizes beyond are of hardly anybody."""


@dataclass
class BodySize:
    """What is known of the size of one track."""

    scale: BodyScale = field(default_factory=BodyScale)
    by_feet: SizeOverTime = field(default_factory=SizeOverTime)

    def learn_height(self, person_height: float, usual: float) -> None:
        """Take the known stature into account; `usual` is that of the lifted person, metres."""
        found = person_height / usual
        self.scale.learn(HEIGHT, found, STATURE_SD * found)

    def learn_feet(self, stamp_ns: int, measured: SizeMeasurement) -> None:
        """Take a measurement into account, if anybody can be so large."""
        if SMALLEST < measured.size < LARGEST:
            self.by_feet.add(stamp_ns, measured)
            found = self.by_feet.size
            self.scale.learn(FLOOR, found, self.by_feet.sd * found)


class FloorCheck:
    """Whether the floor below a camera can be where it is said to be.

    Args:
        fewest: windows before anything is said; the default is for those of live images.
    """

    def __init__(self, fewest: int = _FEWEST) -> None:
        self._fewest = fewest
        self._sizes: deque[float] = deque(maxlen=_CHECKED)
        self._height = 0.0

    def add(self, measured: SizeMeasurement, height: float) -> None:
        """Add the size of any person by one window, and the camera's height."""
        self._sizes.append(measured.size)
        self._height = height

    @property
    def warning(self) -> str:
        """What is wrong, in one line; empty if nothing is."""
        if len(self._sizes) < self._fewest:
            return ""
        size = float(np.median(self._sizes))
        if _USUAL[0] < size < _USUAL[1]:
            return ""
        return (
            f"by their feet, people are {size:.2f} times as tall as adults: is the camera"
            f" {self._height:.2f} m above the floor that they stand on, and its tilt known?"
        )


class BodySizes:
    """Learns the sizes of the tracks of all cameras.

    Args:
        person_height: of the person in view, where one is, metres; None if it is not known.
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
            sizes: P, of the tracks.
            windows: with the floor, where it is known.
            lifted: their poses, of the usual size.
            trajectory: where people of the usual size would be.
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
        """Drop what is known of a camera's people; its floor stays."""
        self._known.pop(camera, None)

    def scales(self, camera: str) -> Mapping[int, BodyScale]:
        """Track id → body scale of the people in a camera's newest image."""
        return self._known.get(camera, {})

    @property
    def warnings(self) -> list[str]:
        """What is wrong with the floors, a line for each camera with such a floor."""
        texts = {camera: check.warning for camera, check in self._checks.items()}
        return [f"{camera}: {text}" for camera, text in texts.items() if text]


def _measure(
    size: BodySize, windows: PeopleWindows, lifted: LiftResult, trajectory: RootTrajectory, row: int
) -> SizeMeasurement | None:
    """The size by the feet of one window; None if no foot stands."""
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

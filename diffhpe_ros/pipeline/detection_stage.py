"""An image → the people in it and their windows: what the node `detector` does, without ROS."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection import Detector, People
from diffhpe_ros.pipeline.image_rate import ImageRate
from diffhpe_ros.pipeline.options import WindowOptions
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.placement import sample_depth
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.tracking import NOT_FOLLOWED, Tracker
from diffhpe_ros.windows import FRAMES, Observation, Window, WindowBuilder

BRIDGED_PERIODS = 1.5
"""Neighbouring images are joined even if `bridge_s` is shorter: over so many image periods jitter
is forgiven, and a joint that one image missed stays unseen."""
BRIDGED_LIMIT_S = 0.3
"""But over no more than this, or `bridge_s`: people do not move in straight lines for longer."""
LATE_NS = 500_000_000
"""An image stamped earlier than the one before by less than this came late, and is ignored: drivers
send some images out of order. Beyond, the clock has jumped back, as when a bag begins again."""
ZOOM = 0.05
"""Intrinsics may change by this share from image to image: a zoom or autofocus, which the windows,
made of rays, follow. Beyond, it is another camera."""


DepthAt = Callable[[int, int, int], NDArray[np.float32] | None]
"""Stamp in ns, width and height → depth image in metres of that size, or None if there is none."""


@dataclass(frozen=True)
class ImageResult:
    """What one image gave."""

    people: People
    """Everybody who was detected, in pixels."""
    windows: PeopleWindows | None
    """Of the followed people in view whose window is complete, in the order of their numbers;
    empty once when the last of them has left; None where there is nothing to say, or no windows
    are wanted."""


class DetectionStage:
    """Detects and follows people in one camera's images, and builds their windows."""

    def __init__(
        self,
        detector: Detector,
        tracker: Tracker,
        options: WindowOptions | None = None,
        depth_at: DepthAt | None = None,
    ) -> None:
        """Begin with nobody in view.

        Args:
            detector: of one camera's images.
            tracker: of the people in them.
            options: of the windows; the defaults where not given.
            depth_at: the depth image of a stamp, where there is a depth camera.
        """
        self._depth_at = depth_at
        self._detector = detector
        self._tracker = tracker
        self._options = options or WindowOptions()
        self._builders: dict[int, WindowBuilder] = {}
        self._rate = ImageRate()
        self._camera: Camera | None = None
        self._stamp_ns: int | None = None
        self._people_reported = False
        self.resets = 0
        """How often the clock jumped back or the camera changed."""
        self.repeated = 0
        """Images that were ignored for having the stamp of the one before."""
        self.late = 0
        """Images that were ignored for having an earlier stamp than the one before."""

    def process(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        frame_id: str,
        stamp_ns: int,
        wanted: bool = True,
    ) -> ImageResult:
        """Look at the next image (H, W, 3) BGR.

        Args:
            image: of the camera.
            camera: that took it.
            frame_id: of the camera.
            stamp_ns: when it did.
            wanted: whether windows are to be made; what goes into them is remembered either way.

        Raises:
            DiffhpeError: the detector fails.
        """
        if self._stamp_ns is not None and stamp_ns == self._stamp_ns:
            self.repeated += 1
            return ImageResult(People.empty(), None)
        if self._stamp_ns is not None and 0 < self._stamp_ns - stamp_ns < LATE_NS:
            self.late += 1
            return ImageResult(People.empty(), None)
        self._reset_if_needed(camera, stamp_ns)
        self._rate.add(stamp_ns)
        people = self._detector.detect(image)
        ids = self._tracker.update(people, stamp_ns)
        windows: dict[int, tuple[int, Window]] = {}
        for person, row in sorted(zip(ids.tolist(), range(len(people)), strict=True)):
            if person == NOT_FOLLOWED:
                continue
            builder = self._builder(person)
            builder.bridge(self.bridged_s)
            if builder.remember(_observe(people, row, camera, stamp_ns)) and wanted:
                windows[person] = row, builder.window()
        self._forget_all_but(self._tracker.track_ids)
        collected = self._collect(windows, frame_id, stamp_ns) if wanted else None
        if collected is not None and self._depth_at is not None and len(collected):
            rows = [row for row, _ in windows.values()]
            collected = _add_depth(collected, people.keypoints[rows], camera, self._depth_at)
        return ImageResult(people, collected)

    @property
    def followed(self) -> int:
        """People who are in view or remembered."""
        return len(self._builders)

    @property
    def images_per_s(self) -> float | None:
        """How often images come, by their stamps; None before a few have come."""
        period_s = self._rate.period_s
        return None if period_s is None else 1 / period_s

    @property
    def least_images_per_s(self) -> float:
        """Below this rate windows may have holes between the images, or never be complete."""
        bridged = BRIDGED_PERIODS / max(self._options.bridge_s, BRIDGED_LIMIT_S)
        return max(bridged, 1 / self._options.restart_s)

    @property
    def bridged_s(self) -> float:
        """Sightings of a joint up to this far apart are joined, at the present image rate."""
        periods_s = BRIDGED_PERIODS * (self._rate.period_s or 0.0)
        return max(self._options.bridge_s, min(periods_s, BRIDGED_LIMIT_S))

    def _reset_if_needed(self, camera: Camera, stamp_ns: int) -> None:
        """Start again where the past means nothing for this image."""
        jumped = self._stamp_ns is not None and stamp_ns < self._stamp_ns
        if jumped or (self._camera is not None and not _is_zoomed(self._camera, camera)):
            self.resets += 1
            self._detector.reset()
            self._tracker.reset()
            self._rate.reset()
            self._builders.clear()
        self._stamp_ns, self._camera = stamp_ns, camera

    def _builder(self, person: int) -> WindowBuilder:
        if person not in self._builders:
            options = self._options
            self._builders[person] = WindowBuilder(
                FRAMES, options.rate, options.stride, options.bridge_s, options.restart_s
            )
        return self._builders[person]

    def _forget_all_but(self, track_ids: set[int]) -> None:
        for person in self._builders.keys() - track_ids:
            del self._builders[person]

    def _collect(
        self, windows: dict[int, tuple[int, Window]], frame_id: str, stamp_ns: int
    ) -> PeopleWindows | None:
        all_left = self._people_reported and not self._builders
        if not windows and not all_left:
            return None
        self._people_reported = not all_left
        each = [window for _, window in windows.values()]
        joints = (len(each), FRAMES, NUM_JOINTS)
        return PeopleWindows(
            frame_id=frame_id,
            stamp_ns=stamp_ns,
            track_ids=tuple(windows),
            offsets_ns=np.array([w.offsets_ns for w in each], np.int64).reshape(joints[:2]),
            keypoints=np.array([w.keypoints for w in each], np.float32).reshape(*joints, 2),
            confidence=np.array([w.confidence for w in each], np.float32).reshape(joints),
            covariance=np.array([w.covariance for w in each], np.float32).reshape(*joints, 2, 2),
        )


def _is_zoomed(before: Camera, after: Camera) -> bool:
    """Whether two cameras are one, zoomed or refocused a little between two images."""
    if before is after:
        return True
    sizes = (before.width, before.height), (after.width, after.height)
    close = np.allclose(before.matrix, after.matrix, rtol=ZOOM, atol=ZOOM)
    return sizes[0] == sizes[1] and before.model == after.model and close


def _add_depth(
    windows: PeopleWindows, keypoints: NDArray[np.float32], camera: Camera, depth_at: DepthAt
) -> PeopleWindows:
    """With the depth at the keypoints (P, 17, 2) in pixels, if there is a depth image."""
    image = depth_at(windows.stamp_ns, camera.width, camera.height)
    return windows if image is None else replace(windows, depth=sample_depth(image, keypoints))


def _observe(people: People, row: int, camera: Camera, stamp_ns: int) -> Observation:
    return Observation(
        stamp_ns=stamp_ns,
        keypoints=camera.to_canonical(people.keypoints[row]),
        confidence=people.confidence[row],
        covariance=camera.covariance_to_canonical(people.covariance[row]),
    )

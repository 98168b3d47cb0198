"""An image → the people in it and their windows: the work of the node `detector`, without ROS."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection import CameraAwareDetector, Detector, People
from diffhpe_ros.detection.clothes import see_clothes
from diffhpe_ros.left_right import Exchanges, LeftRight
from diffhpe_ros.pipeline.image_rate import ImageRate
from diffhpe_ros.pipeline.options import WindowOptions
from diffhpe_ros.pipeline.people import PeopleWindows, join_world_landmarks
from diffhpe_ros.placement import sample_depth
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.tracking import NOT_FOLLOWED, Return, Tracker
from diffhpe_ros.windows import FRAMES, LIVE_RATE, RATE, Observation, Window, WindowBuilder

BRIDGED_PERIODS = 1.5
"""Gaps up to this many image periods are interpolated even if `bridge_s` is shorter: enough for
jitter of the stamps, too little for a joint that was missed in one image."""
BRIDGED_LIMIT_S = 0.3
"""Gaps longer than both this and `bridge_s` are not interpolated: people do not move in straight
lines for longer."""
LATE_NS = 500_000_000
"""An image with an earlier stamp than the previous one, by less than this, is ignored: some drivers
send images out of order. Beyond, the clock has jumped back, as when a bag starts again."""
ZOOM = 0.05
"""Intrinsics may change by this share between two images, by zoom or autofocus. Windows consist of
rays, so tracks are kept. A larger change means another camera."""
_RECENT_IMAGES = 16
"""Number of last images for which a detector's check is used."""


T = TypeVar("T")
DepthAt = Callable[[int, int, int], NDArray[np.float32] | None]
"""Stamp in ns, width and height → depth image in metres of that size, or None if there is none."""


@dataclass(frozen=True)
class ImageResult:
    """The result of one image."""

    people: People
    """All detected people, in pixels; for tracked people, swapped left and right are corrected."""
    track_ids: NDArray[np.int64]
    """(P,) track ids of the people; `NOT_FOLLOWED` for those without a track."""
    windows: PeopleWindows | None
    """Windows of the tracks in view whose window is complete, in the order of their ids. Empty
    once, after the last track was removed. None if there is nothing to report, or windows are not
    wanted."""


_NO_RESULT = ImageResult(People.empty(), np.empty(0, np.int64), None)


def least_images_per_s(options: WindowOptions) -> float:
    """Below this rate windows may have gaps between images, or never be complete."""
    bridged = BRIDGED_PERIODS / max(options.bridge_s, BRIDGED_LIMIT_S)
    return max(bridged, 1 / options.restart_s)


class DetectionStage:
    """Detects and tracks people in one camera's images, and builds their windows."""

    def __init__(
        self,
        detector: Detector,
        tracker: Tracker,
        options: WindowOptions | None = None,
        depth_at: DepthAt | None = None,
        camera_name: str = "",
    ) -> None:
        """Start without tracks.

        Args:
            detector: detector for one camera's images.
            tracker: tracker of the people in them.
            options: options of the windows; rates that are None are the default model's.
            depth_at: returns the depth image of a stamp, if there is a depth camera.
            camera_name: see `PeopleWindows`.
        """
        self._camera_name = camera_name
        self._depth_at = depth_at
        self._detector = detector
        self._tracker = tracker
        self._options = options or WindowOptions()
        self._builders: dict[int, WindowBuilder] = {}
        self._left_right: dict[int, LeftRight] = {}
        self._recent: deque[tuple[int, NDArray[np.int64]]] = deque(maxlen=_RECENT_IMAGES)
        """Stamps and track ids of the last images."""
        self._rate = ImageRate()
        self._camera: Camera | None = None
        self._stamp_ns: int | None = None
        self._reported = True
        """Whether the receiver may know people: at first those of a detector that ended."""
        self.resets = 0
        """How often the clock jumped back or the camera changed."""
        self.repeated = 0
        """Images ignored because they had the stamp of the previous one."""
        self.late = 0
        """Images ignored because they had an earlier stamp than the previous one."""
        self.exchanged = 0
        """How often left and right of a person in an image were swapped back."""
        self.checked = 0
        """How often left and right were checked by a better network."""
        self.tracks_exchanged = 0
        """How often two tracks exchanged their ids."""
        self.returned = 0
        """How often a person got the id of a track that had ended."""
        self.last_return: Return | None = None

    def process(
        self,
        image: NDArray[np.uint8],
        camera: Camera,
        frame_id: str,
        stamp_ns: int,
        wanted: bool = True,
    ) -> ImageResult:
        """Process the next image (H, W, 3) BGR.

        Args:
            image: the camera's image.
            camera: the camera that took it.
            frame_id: frame_id of the camera.
            stamp_ns: time of the image.
            wanted: whether to make windows; observations are kept in any case.

        Raises:
            DiffhpeError: the detector fails.
        """
        if self._is_ignored(stamp_ns):
            return _NO_RESULT
        self._reset_if_needed(camera, stamp_ns)
        self._rate.add(stamp_ns)
        people = see_clothes(self._detector.detect(image), image)
        ids = self._tracker.update(people, stamp_ns)
        self._follow_exchanges()
        for each in self._tracker.returns:
            self.returned, self.last_return = self.returned + 1, each
        self._take_check(people)
        self._recent.append((stamp_ns, ids))
        exchanges = self._find_exchanges(people, ids, stamp_ns)
        complete = self._observe(people, ids, camera, stamp_ns, exchanges)
        windows = {
            track_id: (row, self._builders[track_id].window())
            for track_id, row in complete.items()
            if wanted
        }
        self._drop_all_but(self._tracker.track_ids)
        people = self._exchange(people, exchanges, stamp_ns)
        collected = self._collect(windows, frame_id, stamp_ns) if wanted else None
        if collected is not None and self._depth_at is not None and len(collected):
            rows = [row for row, _ in windows.values()]
            collected = _add_depth(collected, people.keypoints[rows], camera, self._depth_at)
        return ImageResult(people, ids, collected)

    @property
    def followed(self) -> int:
        """Number of tracks, in view or not."""
        return len(self._builders)

    @property
    def images_per_s(self) -> float | None:
        """Image rate from the stamps; None before the fourth image."""
        period_s = self._rate.period_s
        return None if period_s is None else 1 / period_s

    @property
    def least_images_per_s(self) -> float:
        """See `least_images_per_s`."""
        return least_images_per_s(self._options)

    @property
    def bridged_s(self) -> float:
        """Longest gap of a joint that is interpolated at the current image rate."""
        periods_s = BRIDGED_PERIODS * (self._rate.period_s or 0.0)
        return max(self._options.bridge_s, min(periods_s, BRIDGED_LIMIT_S))

    def _is_ignored(self, stamp_ns: int) -> bool:
        """Whether an image repeats the stamp of the previous one or comes late; counts them."""
        if self._stamp_ns is None:
            return False
        repeated, late = stamp_ns == self._stamp_ns, 0 < self._stamp_ns - stamp_ns < LATE_NS
        self.repeated += repeated
        self.late += late
        return repeated or late

    def _reset_if_needed(self, camera: Camera, stamp_ns: int) -> None:
        """Start over if the clock has jumped back or the camera has changed."""
        jumped = self._stamp_ns is not None and stamp_ns < self._stamp_ns
        if jumped or (self._camera is not None and not _is_zoomed(self._camera, camera)):
            self.resets += 1
            self._detector.reset()
            self._tracker.reset()
            self._rate.reset()
            self._builders.clear()
            self._left_right.clear()
            self._recent.clear()
        if camera is not self._camera and isinstance(self._detector, CameraAwareDetector):
            self._detector.use_camera(camera)
        self._stamp_ns, self._camera = stamp_ns, camera

    def _observe(
        self,
        people: People,
        ids: NDArray[np.int64],
        camera: Camera,
        stamp_ns: int,
        exchanges: Sequence[Exchanges],
    ) -> dict[int, int]:
        """Add an image's observation of each track to the track's window.

        Returns:
            Track id → row of people for complete windows, in the order of the ids.
        """
        complete = {}
        for track_id, row in sorted(zip(ids.tolist(), range(len(people)), strict=True)):
            if track_id == NOT_FOLLOWED:
                continue
            builder = self._builder(track_id)
            builder.bridge(self.bridged_s)
            if builder.remember(_observation(people, row, camera, stamp_ns)):
                complete[track_id] = row
            for at_ns, order in exchanges[row].items():
                builder.reorder(at_ns, order)
        return complete

    def _builder(self, track_id: int) -> WindowBuilder:
        if track_id not in self._builders:
            options = self._options
            self._builders[track_id] = WindowBuilder(
                FRAMES, options.rate or LIVE_RATE, options.stride, options.bridge_s,
                options.restart_s, options.first_rate or RATE,
            )  # fmt: skip
        return self._builders[track_id]

    def _follow_exchanges(self) -> None:
        """If two tracks exchange their ids, move windows and other states with the bodies."""
        for first, second in self._tracker.exchanges:
            self.tracks_exchanged += 1
            _exchange_keys(self._builders, first, second)
            _exchange_keys(self._left_right, first, second)
            for _, ids in self._recent:
                was_first, was_second = ids == first, ids == second
                ids[was_first], ids[was_second] = second, first

    def _take_check(self, people: People) -> None:
        """Use the detector's check of an earlier image."""
        check = people.check
        if check is None or check.images_ago > len(self._recent):
            return
        stamp_ns, ids = self._recent[-check.images_ago]
        left_right = self._left_right.get(int(ids[check.row]))
        if left_right is not None:
            self.checked += 1
            left_right.check(stamp_ns, check.keypoints)

    def _find_exchanges(
        self, people: People, ids: NDArray[np.int64], stamp_ns: int
    ) -> list[Exchanges]:
        """Find where the detector has swapped a person's left and right, also in earlier images."""
        exchanges: list[Exchanges] = [{} for _ in range(len(people))]
        for row, track_id in enumerate(ids.tolist()):
            if track_id != NOT_FOLLOWED:
                left_right = self._left_right.setdefault(track_id, LeftRight())
                exchanges[row] = left_right.update(stamp_ns, people.keypoints[row])
        return exchanges

    def _exchange(self, people: People, exchanges: list[Exchanges], stamp_ns: int) -> People:
        """The people of the newest image with left and right corrected."""
        orders = np.tile(np.arange(NUM_JOINTS), (len(people), 1))
        for row, exchange in enumerate(exchanges):
            if stamp_ns in exchange:
                self.exchanged += 1
                orders[row] = exchange[stamp_ns]
        return people.reordered(orders)

    def _drop_all_but(self, track_ids: set[int]) -> None:
        for track_id in self._builders.keys() - track_ids:
            del self._builders[track_id]
            del self._left_right[track_id]

    def _collect(
        self, windows: dict[int, tuple[int, Window]], frame_id: str, stamp_ns: int
    ) -> PeopleWindows | None:
        all_left = self._reported and not self._builders
        if not windows and not all_left:
            return None
        self._reported = not all_left
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
            world_landmarks=join_world_landmarks(
                [(1, None if (w := one.world_landmarks) is None else w[None]) for one in each]
            ),
            camera_name=self._camera_name,
        )


def _exchange_keys(states: dict[int, T], first: int, second: int) -> None:
    """Exchange the values of two keys; one may be missing."""
    exchanged = {key: states.pop(key) for key in (first, second) if key in states}
    states.update({first + second - key: state for key, state in exchanged.items()})


def _is_zoomed(before: Camera, after: Camera) -> bool:
    """Whether two cameras are the same one, perhaps slightly zoomed or refocused."""
    if before is after:
        return True
    sizes = (before.width, before.height), (after.width, after.height)
    close = np.allclose(before.matrix, after.matrix, rtol=ZOOM, atol=ZOOM)
    return sizes[0] == sizes[1] and before.model == after.model and close


def _add_depth(
    windows: PeopleWindows, keypoints: NDArray[np.float32], camera: Camera, depth_at: DepthAt
) -> PeopleWindows:
    """Add to windows the depth at keypoints (P, 17, 2) in pixels, if there is a depth image."""
    image = depth_at(windows.stamp_ns, camera.width, camera.height)
    return windows if image is None else replace(windows, depth=sample_depth(image, keypoints))


def _observation(people: People, row: int, camera: Camera, stamp_ns: int) -> Observation:
    keypoints = camera.to_canonical(people.keypoints[row])
    return Observation(
        stamp_ns=stamp_ns,
        keypoints=keypoints,
        confidence=people.confidence[row],
        covariance=camera.covariance_to_canonical(people.covariance[row], keypoints),
        world_landmarks=None if people.world_landmarks is None else people.world_landmarks[row],
    )

"""The people in images: a detector finds them, and a tracker follows them."""

import logging
from collections.abc import Iterable, Iterator

from diffhpe_ros.detection.clothes import see_clothes
from diffhpe_ros.detection.types import CameraAwareDetector, ResumableDetector
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.keypoint_checks import camera_warnings
from diffhpe_ros.offline.images import Frames, Images
from diffhpe_ros.offline.options import SourceOptions, camera_guess, camera_of
from diffhpe_ros.offline.source import PeopleFrame, State
from diffhpe_ros.tracking import PeopleTracker

_log = logging.getLogger(__name__)


class ImageSource:
    """The people that a detector finds in images and a tracker follows.

    Args:
        images: one camera's images.
        detector: finds people in them.
        options: what the user specified.
        path: the images' path, for errors.

    Raises:
        DiffhpeError: the camera's calibration does not fit the images.
    """

    cheap = False
    confuses_left_and_right = True

    def __init__(
        self, images: Images, detector: ResumableDetector, options: SourceOptions, path: object
    ) -> None:
        detector.max_people = options.max_people
        if options.min_confidence is not None:
            detector.min_confidence = options.min_confidence
        self._images, self._detector = images, detector
        self._seconds, self._path = options.seconds, path
        self.camera = camera_of(images.size, images.own_camera, options, path, images.stored_size)
        if isinstance(detector, CameraAwareDetector):
            detector.use_camera(self.camera)
        self.frame_count = images.frames_within(options.seconds)
        self.live = images.live
        self.start_ns = images.start_ns
        missing = detector.missing_models
        self.warnings = (
            *camera_guess(self.camera, options),
            *camera_warnings(self.camera),
            *([f"BlazePose's best model is not available: {missing}"] if missing else []),
        )

    def frames(
        self, past: Iterable[PeopleFrame] = (), state: State | None = None
    ) -> Iterator[PeopleFrame]:
        """See `Source.frames`. Past images are decoded, but not processed again."""
        tracker = PeopleTracker(self._detector.max_people)
        last_s = -1.0
        for frame in past:
            tracker.update(frame.people(), frame.stamp_ns)
            last_s = frame.time_s
        if state is not None:
            self._detector.restore(state)
        for time_s, image in self._rising():
            if time_s <= last_s:
                continue
            people = see_clothes(self._detector.detect(image), image)
            ids = tracker.update(people, round(time_s * 1e9))
            yield PeopleFrame(
                time_s,
                ids,
                people.keypoints,
                people.confidence,
                people.world_landmarks,
                people.clothes,
            )

    def state(self) -> State:
        """See `Source.state`: the detector's state; the tracker processes past frames again."""
        return self._detector.state()

    def _rising(self) -> Frames:
        """The images with increasing times, up to the last one that is wanted."""
        before = -1.0
        late: list[str] = []
        try:
            for time_s, image in self._images.frames():
                if self._seconds is not None and time_s >= self._seconds:
                    return
                if image.shape[1::-1] != self._images.size:
                    size, found = self._images.size, image.shape[1::-1]
                    raise DiffhpeError(
                        f"{self._path}: images of one size are expected, {size[0]}x{size[1]} are"
                        f" followed by {found[0]}x{found[1]}"
                    )
                if time_s <= before:
                    late.append(f"{time_s:.3f} s follows {before:.3f} s")
                    continue
                before = time_s
                yield time_s, image
        finally:
            self._images.close()
            if late:
                texts = len(late), self._images.frame_count, late[0]
                _log.warning("%d of %s images were skipped: their times do not rise: %s", *texts)

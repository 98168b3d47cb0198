"""Images of one camera → people in metres, in one object."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW, Camera
from diffhpe_ros.detection import Detector, create_detector
from diffhpe_ros.detection.types import check_image
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.floor import Floor
from diffhpe_ros.geometry.upright import unit_up
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.pipeline.camera_floor import GIVEN_SD, check_lengths, floor_below
from diffhpe_ros.pipeline.detection_stage import DetectionStage
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.options import OutputOptions, WindowOptions
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.pipeline.people_gravity import PeopleGravity
from diffhpe_ros.pipeline.posture_stage import PostureStage
from diffhpe_ros.placement import BodyScale
from diffhpe_ros.tracking import PeopleTracker

FRAME_ID = "camera"


class PosePipeline:
    """Detects, tracks, lifts and places the people in the images of one camera.

    With the default model, a person is in the results from half a second after the first detection
    on: the first window is 27 frames at 50 Hz. Results depend on images, stamps and settings alone.

    Args:
        detector: finds the joints in an image.
        lifter: turns windows of joints into 3D poses.
        camera: the camera that took the images. None for an uncalibrated one: `field_of_view` is
            then assumed, and if it is wrong, all distances are wrong by the same factor.
        field_of_view: degrees across the longer image side, if `camera` is None.
        max_people: largest number of tracks at a time.
        up: vector against gravity in the camera's optical frame, (0, -1, 0) for a level
            camera. None: it is estimated from people who walk. Postures are unknown without it.
        camera_height: height of the camera above the floor, metres. Once `up` is known, feet that
            stand on the floor give people's sizes and distances. None: people are assumed to be
            adults.
        person_height: metres from sole to crown, used while one person is in view; None: unknown.
        windows: how images become windows; their rates must be the model's, as by default.
        output: which frame is the output, and how it is smoothed.

    Raises:
        DiffhpeError: a height is not in metres, or another value is out of range.
    """

    def __init__(
        self,
        detector: Detector,
        lifter: Lifter,
        *,
        camera: Camera | None = None,
        field_of_view: float = DEFAULT_FIELD_OF_VIEW,
        max_people: int = 4,
        up: tuple[float, float, float] | None = None,
        camera_height: float | None = None,
        person_height: float | None = None,
        windows: WindowOptions | None = None,
        output: OutputOptions | None = None,
    ) -> None:
        self.camera = camera
        """If none was given: None until the first image, then one whose `calibrated` is False."""
        self._field_of_view = field_of_view
        self._up = None if up is None else unit_up(up)
        check_lengths(camera_height, person_height)
        self._camera_height, self._person_height = camera_height, person_height
        detector.max_people = max_people
        self._detector = detector
        self._lifter = lifter
        self._windows = (windows or WindowOptions()).of_model(lifter.config)
        self._output = output
        self.reset()

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = DEFAULT_MODEL,
        detector: str | Detector = "blazepose",
        device: str = "cpu",
        *,
        camera: Camera | None = None,
        decode: str = "rigid",
        **options: Any,
    ) -> "PosePipeline":
        """Make a pipeline from the names of a model and a detector.

        Args:
            model: a name of models/, a model folder, or a released checkpoint.
            detector: a name for `create_detector`, or a detector.
            device: cpu, cuda, or cuda:N.
            camera: see `PosePipeline`.
            decode: rigid: a track's bones keep their length; free: as the model predicts them.
            options: further arguments of `PosePipeline`.

        Raises:
            DiffhpeError: the model, the detector or the device does not exist.
        """
        lifter = Lifter.from_pretrained(model, device, decode=decode)
        found = create_detector(detector) if isinstance(detector, str) else detector
        return cls(found, lifter, camera=camera, **options)

    def reset(self) -> None:
        """Drop all tracks: the next image belongs to another recording."""
        self._detector.reset()
        tracker = PeopleTracker(self._detector.max_people)
        self._detection = DetectionStage(self._detector, tracker, self._windows)
        self._lifting = LiftingStage(self._lifter, self._output, self._person_height)
        self._postures = PostureStage()
        self._people_gravity = PeopleGravity()
        self._stamp_ns: int | None = None

    def __call__(self, image_bgr: NDArray[np.uint8], stamp_ns: int) -> LiftedPeople:
        """The people in the next image.

        Args:
            image_bgr: (H, W, 3) uint8.
            stamp_ns: time of the image; must rise from image to image.

        Returns:
            P people whose windows are complete: track_ids, joints (P, 17, 3) in metres in the
            camera's optical frame (x right, y down, z forward), NaN if the position is unknown,
            covariance (P, 17, 3, 3) and confidence (P, 17); states: postures and gestures.

        Raises:
            DiffhpeError: the image has another size than the camera's, or its stamp is no whole
                number of nanoseconds or not later than the one before.
        """
        camera = self._camera_of(image_bgr)
        stamp_ns = _checked_stamp(stamp_ns)
        if self._stamp_ns is not None and stamp_ns <= self._stamp_ns:
            raise DiffhpeError(
                f"stamps must rise: {stamp_ns} ns comes after {self._stamp_ns} ns; start a new"
                " recording with reset()"
            )
        self._stamp_ns = stamp_ns
        result = self._detection.process(image_bgr, camera, FRAME_ID, stamp_ns)
        if result.windows is None:
            return LiftedPeople.empty(FRAME_ID, stamp_ns)
        (people,) = self._lifting.process([replace(result.windows, floor=self._floor)])
        if people is None:
            return LiftedPeople.empty(FRAME_ID, stamp_ns)
        self._people_gravity.update(people.track_ids, people.joints, stamp_ns)
        return replace(people, states=self._postures.update(people, self.up))

    @property
    def up(self) -> NDArray[np.float64] | None:
        """(3,) unit vector against gravity in the optical frame, for a camera that stands still.

        As given (with length 1), or else estimated from people who walk, see `gravity`; None while
        unknown.
        """
        if self._up is not None:
            return self._up.copy()
        return None if self.gravity is None else self.gravity.up

    @property
    def gravity(self) -> Gravity | None:
        """The estimate from people who walk, with its standard deviation; None while unknown."""
        return self._people_gravity.gravity

    @property
    def body_scales(self) -> Mapping[int, BodyScale]:
        """Track id → size of each person in the newest image, with the sources of the estimate."""
        return self._lifting.sizes.scales(FRAME_ID)

    @property
    def _floor(self) -> Floor | None:
        if self._camera_height is None or self.up is None:
            return None
        gravity = self.gravity if self._up is None else Gravity(self.up, GIVEN_SD, "given")
        return None if gravity is None else floor_below(gravity, self._camera_height)

    def _camera_of(self, image: NDArray[np.uint8]) -> Camera:
        check_image(image)
        height, width = image.shape[:2]
        if self.camera is None:
            self.camera = Camera.from_field_of_view(width, height, self._field_of_view)
        if (self.camera.width, self.camera.height) != (width, height):
            raise DiffhpeError(
                f"images of {self.camera.width}x{self.camera.height} are expected by the camera,"
                f" got {width}x{height}"
            )
        return self.camera


def _checked_stamp(stamp_ns: Any) -> int:
    """A stamp that ROS can hold.

    Raises:
        DiffhpeError: it is no whole number, or out of range.
    """
    is_whole = isinstance(stamp_ns, int | np.integer) and not isinstance(stamp_ns, bool)
    if not (is_whole and 0 <= stamp_ns < 2**63):
        raise DiffhpeError(f"stamp_ns must be a whole number of nanoseconds, got {stamp_ns!r}")
    return int(stamp_ns)

"""Images → people, with settings that can be changed between two images."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW, Camera
from diffhpe_ros.detection import Detector, People
from diffhpe_ros.errors import DiffhpeError, unknown
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter, ModelConfig, SamplingConfig
from diffhpe_ros.pipeline import LiftedPeople
from diffhpe_ros.pipeline.detection_stage import DetectionStage
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.options import OutputOptions, WindowOptions
from diffhpe_ros.pipeline.plausibility import plausibility_warnings
from diffhpe_ros.tracking import PeopleTracker

FRAME_ID = "camera"


@dataclass(frozen=True)
class Settings:
    """The settings that the page's controls change."""

    model: str = DEFAULT_MODEL
    """A name of models/, a model folder, or a released checkpoint."""
    preset: str | None = None
    """Preset of the model; None for its default."""
    detector: str = "blazepose"
    """Name of one of the estimator's detectors."""
    min_confidence: float | None = None
    """Joints below it count as unseen; None for the detector's default."""
    max_people: int = 4
    decode: str = "rigid"
    """rigid: bones keep their length; free: as the model predicts them."""
    output: OutputOptions = field(default_factory=OutputOptions)


@dataclass(frozen=True, eq=False)
class Estimate:
    """The people in one image."""

    stamp_ns: int
    detected: People
    """All detected people, in pixels."""
    people: LiftedPeople
    """The people whose window is complete, in metres."""
    warnings: tuple[str, ...]
    """For each of them the reason not to trust the pose; "" for none."""
    detect_ms: float
    lift_ms: float


class Estimator:
    """Detects and lifts people in the images of one camera.

    Args:
        detectors: name → function that makes the detector.
        settings: initial settings.
        camera: camera that takes the images; None to assume a field of view.
        field_of_view: degrees across the longer image side, if `camera` is None.
        device: device of the lifter: cpu, cuda or cuda:N.

    Raises:
        DiffhpeError: the model, the preset, the detector or the device does not exist.
    """

    def __init__(
        self,
        detectors: Mapping[str, Callable[[], Detector]],
        settings: Settings,
        *,
        camera: Camera | None = None,
        field_of_view: float = DEFAULT_FIELD_OF_VIEW,
        device: str = "cpu",
    ) -> None:
        self.detectors = detectors
        self.camera = camera
        """None until the first image, if none was given."""
        self._field_of_view, self._device = field_of_view, device
        self.settings = settings
        self.detector = self._detector(settings)
        self.lifter = self._lifter(settings)
        if settings.preset is not None and settings.preset not in self.config.presets:
            raise unknown("preset", settings.preset, self.config.presets)
        self.reset()

    @property
    def config(self) -> ModelConfig:
        """Configuration of the model."""
        return self.lifter.config

    def use(self, settings: Settings) -> None:
        """Change settings; tracks and windows are kept where only the lifter changes.

        Raises:
            DiffhpeError: the model, preset or detector cannot be used; the previous ones stay.
        """
        before = self.settings
        lifter, detector = self.lifter, self.detector
        if (settings.model, settings.decode) != (before.model, before.decode):
            lifter = self._lifter(settings)
        elif settings.preset != before.preset:
            lifter = lifter.sampled(SamplingConfig(preset=settings.preset)).captured()
        if settings.detector != before.detector:
            detector = self._detector(settings)
        self.settings = settings
        _set(detector, settings)
        self._tracker.max_people = settings.max_people
        rebuilt = lifter.config.spans_s != self.config.spans_s or detector is not self.detector
        self.lifter, self.detector = lifter, detector
        if rebuilt:
            self.reset()
        self._lifting.use(lifter)
        self._lifting.smooth(settings.output)

    def reset(self) -> None:
        """Drop all tracks: the next image does not follow the last one."""
        self.detector.reset()
        self._tracker = PeopleTracker(self.settings.max_people)
        windows = WindowOptions().of_model(self.config)
        self._detection = DetectionStage(self.detector, self._tracker, windows)
        self._lifting = LiftingStage(self.lifter, self.settings.output)

    def estimate(self, image: NDArray[np.uint8], stamp_ns: int) -> Estimate:
        """The people in the next image (H, W, 3) BGR.

        Raises:
            DiffhpeError: the detector or the lifter fails, or the image has another size than the
                camera's.
        """
        begin = time.perf_counter()
        camera = self._camera_of(image)
        found = self._detection.process(image, camera, FRAME_ID, stamp_ns)
        middle = time.perf_counter()
        lifted = self._lifting.process([found.windows] if found.windows is not None else [])
        people = next(filter(None, lifted), LiftedPeople.empty(FRAME_ID, stamp_ns))
        return Estimate(
            stamp_ns,
            found.people,
            people,
            tuple(plausibility_warnings(people, self.config)),
            detect_ms=1000 * (middle - begin),
            lift_ms=1000 * (time.perf_counter() - middle),
        )

    def _camera_of(self, image: NDArray[np.uint8]) -> Camera:
        height, width = image.shape[:2]
        if self.camera is None:
            self.camera = Camera.from_field_of_view(width, height, self._field_of_view)
        return self.camera.scaled(width, height)

    def _detector(self, settings: Settings) -> Detector:
        if settings.detector not in self.detectors:
            raise unknown("detector", settings.detector, self.detectors)
        detector = self.detectors[settings.detector]()
        _set(detector, settings)
        return detector

    def _lifter(self, settings: Settings) -> Lifter:
        lifter = Lifter.from_pretrained(settings.model, self._device, decode=settings.decode)
        if settings.preset in lifter.config.presets:
            lifter = lifter.sampled(SamplingConfig(preset=settings.preset))
        return lifter.captured()


def _set(detector: Detector, settings: Settings) -> None:
    detector.max_people = settings.max_people
    if settings.min_confidence is not None:
        detector.min_confidence = settings.min_confidence


def settings_with(settings: Settings, name: str, value: Any) -> Settings:
    """Settings with one value changed, which may also belong to `OutputOptions`.

    Raises:
        DiffhpeError: there is no setting with that name.
    """
    if name in vars(settings):
        return replace(settings, **{name: value})
    if name in vars(settings.output):
        return replace(settings, output=replace(settings.output, **{name: value}))
    raise DiffhpeError(f"there is no setting {name!r}")

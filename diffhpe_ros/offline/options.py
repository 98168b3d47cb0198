"""What the user specifies about a recording, and the request for a required value if missing."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW, Camera
from diffhpe_ros.camera.calibration import camera_of_video, read_camera
from diffhpe_ros.confidence import MIN_CONFIDENCE
from diffhpe_ros.errors import DiffhpeError

T = TypeVar("T")


@dataclass(frozen=True)
class SourceOptions:
    """Properties that a file may not give itself; None: not given."""

    fps: float | None = None
    """Frames per second, for images in a folder and for keypoints."""
    size: tuple[int, int] | None = None
    """Width and height in pixels of the images that keypoints were found in."""
    layout: str | None = None
    """Layout of keypoints, a key of `skeleton.LAYOUTS`."""
    sequence: str | None = None
    """The recording to use from a file that holds several."""
    topic: str | None = None
    """The image topic to use from a bag with several."""
    calibration: Path | None = None
    """A camera's YAML file."""
    field_of_view: float | None = None
    """Field of view in degrees across the longer image side, for an uncalibrated camera."""
    seconds: float | None = None
    """Seconds to process, from the beginning."""
    max_people: int = 4
    """Largest number of tracks at a time, for images."""
    blazepose_model: str = "auto"
    """The detector's model, for images: lite, full, heavy, or auto, the best available."""
    min_confidence: float | None = None
    """Joints with a lower confidence count as unseen; None: the detector's default for images,
    `MIN_CONFIDENCE` for recorded keypoints."""

    @property
    def least_confidence(self) -> float:
        """`min_confidence` for recorded keypoints."""
        return MIN_CONFIDENCE if self.min_confidence is None else self.min_confidence

    def refuse(self, path: object, what: str, goes_with: str, *names: str) -> None:
        """Refuse options that would be ignored.

        Args:
            path: the recording's path.
            what: what it is, such as "contains images".
            goes_with: the inputs that the options are for.
            names: fields that must have their defaults.

        Raises:
            DiffhpeError: one of them was given.
        """
        for name in names:
            if getattr(self, name) != getattr(SourceOptions, name):
                option = name.replace("_", "-")
                raise DiffhpeError(f"{path} {what}; --{option} is only for {goes_with}")


def required(value: T | None, what: str, option: str, path: object) -> T:
    """The value; if it is None, an error that asks for it in one line.

    Raises:
        DiffhpeError: the value is None.
    """
    if value is None:
        raise DiffhpeError(f"{path}: {what} is not in the file; give it with {option}")
    return value


def camera_of(
    size: tuple[int, int],
    own: Camera | None,
    options: SourceOptions,
    path: object,
    stored_size: tuple[int, int] | None = None,
) -> Camera:
    """The camera of a recording.

    Args:
        size: width and height of its images.
        own: the calibration that the recording contains, if any.
        options: what the user specified.
        path: the recording's path, for errors.
        stored_size: size in the file, for a video whose pixels are not square.

    Raises:
        DiffhpeError: there are two calibrations, or the calibration is for images of another shape.
    """
    if own is not None:
        if options.calibration is not None or options.field_of_view is not None:
            raise DiffhpeError(
                f"{path} already contains a calibration; leave out --calibration and"
                " --field-of-view"
            )
        return own.scaled(*size)
    if options.calibration is not None:
        if options.field_of_view is not None:
            raise DiffhpeError("give --calibration or --field-of-view, not both")
        return camera_of_video(read_camera(options.calibration), size, stored_size or size)
    degrees = options.field_of_view
    return Camera.from_field_of_view(*size, DEFAULT_FIELD_OF_VIEW if degrees is None else degrees)


def camera_guess(camera: Camera, options: SourceOptions) -> tuple[str, ...]:
    """Assumptions about a camera, for a warning."""
    if camera.calibrated or options.field_of_view is not None:
        return ()
    return (
        f"the camera is not calibrated: a field of view of {DEFAULT_FIELD_OF_VIEW:.0f} degrees is"
        " assumed; distances depend on it",
    )

"""What the user says of a recording, and what is asked for where neither they nor the file do."""

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
    """What a file may not say itself; None: not given."""

    fps: float | None = None
    """Frames per second, of images in a folder and of keypoints."""
    size: tuple[int, int] | None = None
    """Width and height of the images that keypoints are of, in pixels."""
    layout: str | None = None
    """Of keypoints, a key of `skeleton.LAYOUTS`."""
    sequence: str | None = None
    """The recording to take, of a file that holds several."""
    topic: str | None = None
    """The images to take, of a bag with several topics of them."""
    calibration: Path | None = None
    """A camera's YAML file."""
    field_of_view: float | None = None
    """Degrees across the longer image side, of a camera that is not calibrated."""
    seconds: float | None = None
    """How much to take, from the beginning."""
    max_people: int = 4
    """Tracks at a time, in images."""
    blazepose_model: str = "auto"
    """Of the detector, in images: lite, full, heavy, or auto, the best that can be had."""
    min_confidence: float = MIN_CONFIDENCE
    """Joints below it are unseen."""


def required(value: T | None, what: str, option: str, path: object) -> T:
    """A value, or the question for it in one line.

    Raises:
        DiffhpeError: there is none.
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
        own: the calibration that it holds; None where it holds none.
        options: what the user says.
        path: of the recording, for errors.
        stored_size: of a video whose pixels are not square in the file.

    Raises:
        DiffhpeError: there are two calibrations, or one for images of another shape.
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
    return Camera.from_field_of_view(*size, options.field_of_view or DEFAULT_FIELD_OF_VIEW)


def camera_guess(camera: Camera, options: SourceOptions) -> tuple[str, ...]:
    """What was guessed of a camera, for a warning."""
    if camera.calibrated or options.field_of_view is not None:
        return ()
    return (
        f"the camera is not calibrated: a field of view of {DEFAULT_FIELD_OF_VIEW:.0f} degrees is"
        " assumed; distances depend on it",
    )

"""Cameras from calibrations: ROS's camera_info messages and YAML files.

A message is any object with the fields of sensor_msgs/CameraInfo, whichever library read it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.camera.distortion_models import in_ros_terms
from diffhpe_ros.camera.image_size import is_of_stored
from diffhpe_ros.errors import DiffhpeError

_NO_DISTORTION = np.zeros(0)
_LEAST_FOCAL = 0.03
"""Least focal length as a share of the width: smaller values are not in pixels. A pinhole camera
with 173 degrees has this value."""
_ROUNDING = 1e-6


def camera_from_info(
    info: Any, rectified: bool = False, image_size: tuple[int, int] | None = None
) -> Camera | None:
    """The camera that took the images sent with a message.

    Args:
        info: the message. Its K, D and P are for the whole sensor. The region of interest and the
            binning, in this order, define the part that the images show.
        rectified: whether the images are already undistorted, so that P applies.
        image_size: width and height of the images. Some drivers leave them out of the message, and
            they show whether the images are of the region of interest.

    Returns:
        None if the message is `uncalibrated`.

    Raises:
        DiffhpeError: the values make no sense, or the distortion model is not known.
    """
    if uncalibrated(info, rectified, image_size):
        return None
    matrix = _without_rounding(np.array(info.k, np.float64).reshape(3, 3))
    model, distortion = in_ros_terms(info.distortion_model, np.array(info.d, np.float64))
    if rectified:
        if info.p[0] == 0:
            raise DiffhpeError("camera_info of rectified images needs P, got zeros")
        matrix = np.array(info.p, np.float64).reshape(3, 4)[:, :3]
        distortion, model = _NO_DISTORTION, "plumb_bob"
    width, height = _sensor_size(info, image_size)
    region = info.roi
    if region.width and region.height and not stale_region(info, image_size):
        matrix[:2, 2] -= region.x_offset, region.y_offset
        width, height = region.width, region.height
    camera = Camera(width, height, matrix, distortion, model)
    across, down = _binning(info)
    return camera.stretched(width // across, height // down) if across > 1 or down > 1 else camera


def uncalibrated(
    info: Any, rectified: bool = False, image_size: tuple[int, int] | None = None
) -> str:
    """Why a message says nothing about its camera; empty if it does. Arguments as above."""
    name, focal = ("P", info.p[0]) if rectified else ("K", info.k[0])
    if focal == 0 and info.k[0] == 0:
        usable = not rectified and info.p[0] > 0
        hint = ", but P is not: set rectified if the images are undistorted" if usable else ""
        return f"camera_info is uncalibrated ({name} is 0{hint})"
    width, _ = _sensor_size(info, image_size)
    if 0 < focal < _LEAST_FOCAL * width:
        return f"camera_info has a focal length of {focal:g} pixels for images {width} pixels wide"
    return ""


def stale_region(info: Any, image_size: tuple[int, int] | None = None) -> str:
    """Why the region of interest does not belong to the images; empty if it may.

    Some nodes that resize images do not update it.
    """
    region, (width, height) = info.roi, _sensor_size(info, image_size)
    if not (region.width and region.height):
        return ""
    found = f"camera_info's region of interest, {region.width}x{region.height},"
    if region.x_offset + region.width > width or region.y_offset + region.height > height:
        return f"{found} is not within its {width}x{height} pixels: it is ignored"
    across, down = _binning(info)
    sensor, shown = (width // across, height // down), (region.width, region.height)
    if image_size == sensor and shown != (width, height):
        return f"{found} does not apply to the images, which show the whole sensor: it is ignored"
    return ""


def _sensor_size(info: Any, image_size: tuple[int, int] | None) -> tuple[int, int]:
    """Width and height that K is for; those of the images if the message has none."""
    if (info.width and info.height) or image_size is None:
        return info.width, info.height
    across, down = _binning(info)
    return image_size[0] * across, image_size[1] * down


def _binning(info: Any) -> tuple[int, int]:
    return max(1, info.binning_x), max(1, info.binning_y)


def _without_rounding(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """K without a skew that is only a rounding error of the calibration."""
    if abs(matrix[0, 1]) < _ROUNDING * abs(matrix[0, 0]):
        matrix[0, 1] = 0
    return matrix


def camera_of_video(camera: Camera, shown: tuple[int, int], stored: tuple[int, int]) -> Camera:
    """Adapt a calibrated camera to a video's frames as they are shown.

    Args:
        camera: calibrated at any size with the aspect ratio of the shown or of the stored frames.
        shown: width and height with square pixels.
        stored: width and height in the file, whose pixels may not be square.

    Raises:
        DiffhpeError: it was calibrated for images of another aspect ratio.
    """
    if is_of_stored((camera.width, camera.height), shown, stored):
        return camera.scaled(*stored).stretched(*shown)
    return camera.scaled(*shown)


def read_camera(path: Path) -> Camera:
    """The camera of a calibration file from ROS's camera_calibration or a camera driver.

    Args:
        path: the YAML file.

    Raises:
        DiffhpeError: the file is missing, or is not such a calibration.
    """
    try:
        values = yaml.safe_load(path.read_text())
        model, distortion = in_ros_terms(
            str(values["distortion_model"]),
            np.array(values["distortion_coefficients"]["data"], np.float64),
        )
        matrix = np.reshape(np.array(values["camera_matrix"]["data"], np.float64), (3, 3))
        size = int(values["image_width"]), int(values["image_height"])
        return Camera(*size, _without_rounding(matrix), distortion, model)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise DiffhpeError(f"cannot read calibration {path}: {reason}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise DiffhpeError(
            f"{path} is no camera calibration: image_width, image_height, camera_matrix,"
            f" distortion_model and distortion_coefficients are expected ({error})"
        ) from None

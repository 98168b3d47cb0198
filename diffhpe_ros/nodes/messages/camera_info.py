"""Conversions between CameraInfo, calibration files and cameras."""

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sensor_msgs.msg import CameraInfo

from diffhpe_ros.camera import Camera
from diffhpe_ros.camera.calibration import camera_from_info
from diffhpe_ros.camera.image_size import is_of_stored, resizing
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.paths import expand


def info_from_camera(camera: Camera) -> CameraInfo:
    """A camera's message; K is 0 if the camera is not calibrated."""
    info = CameraInfo(width=camera.width, height=camera.height)
    if not camera.calibrated:
        return info
    info.distortion_model = camera.model
    info.d = camera.distortion.tolist()
    info.k = camera.matrix.ravel().tolist()
    info.r = np.eye(3).ravel().tolist()
    info.p = np.hstack([camera.matrix, np.zeros((3, 1))]).ravel().tolist()
    return info


def info_of_video(info: CameraInfo, shown: tuple[int, int], stored: tuple[int, int]) -> CameraInfo:
    """Adapt a calibration to a video's frames as they are shown; see `camera_of_video`.

    A calibration for another image shape is returned as it is: the detector reports the mismatch.
    """
    size = info.width, info.height
    if not is_of_stored(size, shown, stored):
        return info
    resize = resizing(size, shown)
    k, p = np.reshape(info.k, (3, 3)), np.reshape(info.p, (3, 4))
    return CameraInfo(
        width=shown[0],
        height=shown[1],
        distortion_model=info.distortion_model,
        d=info.d,
        k=(resize @ k).ravel().tolist(),
        r=info.r,
        p=(resize @ p).ravel().tolist(),
    )


def read_calibration(path: str) -> CameraInfo:
    """Read a calibration file in the format of the camera_calibration package and camera drivers.

    Args:
        path: the YAML file, also as a file:// URL.

    Raises:
        DiffhpeError: the file is missing, or is not such a calibration.
    """
    file = Path(expand(path.removeprefix("file://")))
    try:
        values = yaml.safe_load(file.read_text())
        info = CameraInfo(
            width=values["image_width"],
            height=values["image_height"],
            distortion_model=values["distortion_model"],
            d=_numbers(values, "distortion_coefficients"),
            k=_numbers(values, "camera_matrix"),
        )
        if "rectification_matrix" in values:
            info.r = _numbers(values, "rectification_matrix")
        if "projection_matrix" in values:
            info.p = _numbers(values, "projection_matrix")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise DiffhpeError(f"cannot read calibration {file}: {reason}") from None
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        raise DiffhpeError(
            f"{file} is no camera calibration: image_width, image_height, camera_matrix,"
            f" distortion_model and distortion_coefficients are expected ({error})"
        ) from None
    camera_from_info(info)  # a wrong calibration is an error here, not in another node
    return info


def write_calibration(camera: Camera, path: Path) -> None:
    """Write a calibration file that `read_calibration` and ROS camera drivers can read."""
    info = info_from_camera(camera)
    values: dict[str, Any] = {
        "image_width": camera.width,
        "image_height": camera.height,
        "camera_name": path.stem,
        "camera_matrix": {"rows": 3, "cols": 3, "data": [float(x) for x in info.k]},
        "distortion_model": camera.model,
        "distortion_coefficients": {
            "rows": 1,
            "cols": len(info.d),
            "data": [float(x) for x in info.d],
        },
        "rectification_matrix": {"rows": 3, "cols": 3, "data": [float(x) for x in info.r]},
        "projection_matrix": {"rows": 3, "cols": 4, "data": [float(x) for x in info.p]},
    }
    path.write_text(yaml.safe_dump(values, sort_keys=False, default_flow_style=None))


def _numbers(values: dict[str, Any], name: str) -> list[float]:
    return [float(value) for value in values[name]["data"]]

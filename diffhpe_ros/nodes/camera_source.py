"""The camera that takes the images: from camera_info, or assumed."""

import threading
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from diffhpe_ros.camera import Camera
from diffhpe_ros.camera.calibration import camera_from_info, stale_region, uncalibrated
from diffhpe_ros.keypoint_checks import camera_warnings
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics


class CameraSource:
    """The camera of a topic's images.

    The first image waits for the first camera_info. If none arrives in time, or the camera is not
    calibrated, the parameter's field of view is assumed, with a warning. Live, a changed
    camera_info takes effect at once. In replay the first one is used to the end, so that the
    result does not depend on which of the two topics is faster.
    """

    def __init__(
        self,
        field_of_view: float,
        rectified: bool,
        timeout_s: float,
        replay: bool,
        diagnostics: NodeDiagnostics,
    ) -> None:
        """Arguments as in `DetectorParameters`."""
        self._field_of_view = field_of_view
        self._rectified = rectified
        self._timeout_s = timeout_s
        self._replay = replay
        self._diagnostics = diagnostics
        self._info: CameraInfo | None = None
        self._arrived = threading.Event()
        self._closed = False
        self._known: tuple[object, ...] | None = None
        self._numbers = np.zeros(0)
        self._camera: Camera | None = None

    def put(self, info: CameraInfo) -> None:
        """Take a camera_info; called in the callback thread."""
        if not (self._replay and self._arrived.is_set()):
            self._info = info
            self._arrived.set()

    def close(self) -> None:
        """Unblock `camera`, which returns None from now on."""
        self._closed = True
        self._arrived.set()

    def camera(self, width: int, height: int) -> Camera | None:
        """The camera of images of this size; the same object as long as nothing changes.

        Returns:
            None after `close`.

        Raises:
            DiffhpeError: camera_info is invalid, or is for images of another aspect ratio.
        """
        if not self._arrived.wait(self._timeout_s):
            self._arrived.set()
        if self._closed:
            return None
        info = self._info
        known = (width, height, *_settings(info, self._rectified))
        numbers = _numbers(info, self._rectified)
        same = known == self._known and numbers.shape == self._numbers.shape
        if self._camera is None or not (same and np.allclose(numbers, self._numbers, rtol=1e-6)):
            self._camera = self._make(info, width, height)
            self._known, self._numbers = known, numbers
        return self._camera

    def _make(self, info: CameraInfo | None, width: int, height: int) -> Camera:
        size = (width, height)
        camera = None if info is None else camera_from_info(info, self._rectified, size)
        if info is not None and camera is not None:
            camera = camera.scaled(width, height)
            self._warn("; ".join(_implausible_values(info, camera)))
            return camera
        found = "no camera_info was received"
        if info is not None:
            found = uncalibrated(info, self._rectified, size)
        self._warn(
            f"{found}: a field of view of {self._field_of_view:g} degrees is assumed, distances"
            " may be wrong by 20 % or more; calibrate the camera, or set field_of_view",
        )
        return Camera.from_field_of_view(width, height, self._field_of_view)

    def _warn(self, text: str) -> None:
        if text:
            self._diagnostics.warn("camera", text)
        else:
            self._diagnostics.clear("camera")


def _implausible_values(info: CameraInfo, camera: Camera) -> Iterator[str]:
    """Implausible values of a camera_info. Cropped sensors may be off-centre: not checked."""
    if text := stale_region(info, (camera.width, camera.height)):
        yield text
    elif not (info.roi.width or camera.model == "equidistant"):
        yield from camera_warnings(camera)


def _settings(info: CameraInfo | None, rectified: bool) -> tuple[object, ...]:
    """All settings of a calibration except its numbers, for comparison."""
    if info is None:
        return ()
    roi = (info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height)
    model = "" if rectified else info.distortion_model
    return info.width, info.height, model, info.binning_x, info.binning_y, roi


def _numbers(info: CameraInfo | None, rectified: bool) -> NDArray[np.float64]:
    """The numbers of a calibration that are used; some drivers vary them slightly."""
    if info is None:
        return np.zeros(0)
    return np.array([*info.p] if rectified else [*info.k, *info.d])

"""Cameras from camera_info and calibration files, and without either."""

import threading
from pathlib import Path

import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo

from diffhpe_ros.camera import Camera
from diffhpe_ros.camera.calibration import camera_from_info, uncalibrated
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.camera_source import CameraSource
from diffhpe_ros.nodes.diagnostics.node_diagnostics import NodeDiagnostics
from diffhpe_ros.nodes.messages.camera_info import (
    info_from_camera,
    read_calibration,
    write_calibration,
)

MATRIX = np.array([[600.0, 0, 319], [0, 610, 241], [0, 0, 1]])
PLUMB_BOB = Camera(640, 480, MATRIX, np.array([-0.3, 0.1, 0.001, -0.001, 0.0]))
EQUIDISTANT = Camera(640, 480, MATRIX, np.array([0.1, 0.01, 0.0, 0.0]), "equidistant")
RATIONAL = Camera(640, 480, MATRIX, np.linspace(0.01, 0.08, 8), "rational_polynomial")


@pytest.mark.parametrize("camera", [PLUMB_BOB, EQUIDISTANT, RATIONAL])
def test_every_lens_survives_the_message(camera: Camera) -> None:
    back = camera_from_info(info_from_camera(camera))
    pixels = np.array([[10.0, 20], [400, 300]])
    np.testing.assert_array_equal(back.to_canonical(pixels), camera.to_canonical(pixels))
    assert back.calibrated


def test_k_of_zero_means_uncalibrated() -> None:
    assert camera_from_info(CameraInfo(width=640, height=480)) is None


def test_rectified_images_use_p_without_distortion() -> None:
    info = info_from_camera(PLUMB_BOB)
    info.p = [500.0, 0, 330, 0, 0, 500, 250, 0, 0, 0, 1, 0]
    camera = camera_from_info(info, rectified=True)
    assert camera.matrix[0].tolist() == [500, 0, 330]
    assert not camera.distortion.any()
    info.p = [0.0] * 12
    with pytest.raises(DiffhpeError, match="needs P"):
        camera_from_info(info, rectified=True)


def test_region_of_interest_and_binning_show_the_same_rays() -> None:
    info = info_from_camera(PLUMB_BOB)
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 100, 60, 400, 300
    info.binning_x = info.binning_y = 2
    camera = camera_from_info(info)
    assert (camera.width, camera.height) == (200, 150)
    # The centre of a binned pixel is the corner between four sensor pixels.
    np.testing.assert_allclose(
        camera.to_canonical(np.array([[50.0, 40.0]])),
        PLUMB_BOB.to_canonical(np.array([[100 + 100.5, 60 + 80.5]])),
    )


def test_binning_may_differ_across_and_down() -> None:
    info = info_from_camera(PLUMB_BOB)
    info.binning_x, info.binning_y = 2, 1
    camera = camera_from_info(info)
    assert (camera.width, camera.height) == (PLUMB_BOB.width // 2, PLUMB_BOB.height)
    assert camera.matrix[0, 0] == PLUMB_BOB.matrix[0, 0] / 2
    assert camera.matrix[1, 1] == PLUMB_BOB.matrix[1, 1]


def clip_info(**changes: object) -> CameraInfo:
    info = info_from_camera(Camera(640, 480, MATRIX, np.zeros(0)))
    for name, value in changes.items():
        setattr(info, name, value)
    return info


def with_region(info: CameraInfo, x: int, y: int, width: int, height: int) -> CameraInfo:
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = x, y, width, height
    return info


@pytest.mark.parametrize(
    ("size", "region"),
    [
        ((320, 240), (0, 0, 640, 480)),  # as before it was made smaller
        ((320, 240), (200, 0, 200, 240)),
        ((640, 480), (0, 0, 320, 240)),  # as before it was made larger
    ],
)
def test_region_of_another_image_size_is_ignored_with_a_warning(
    size: tuple[int, int], region: tuple[int, int, int, int]
) -> None:
    cameras, diagnostics = source()
    cameras.put(with_region(info_from_camera(PLUMB_BOB.scaled(*size)), *region))
    assert cameras.camera(*size).matrix[0].tolist() == PLUMB_BOB.scaled(*size).matrix[0].tolist()
    assert "region of interest" in diagnostics.report().warnings[0]


def test_region_of_the_image_is_used_without_a_warning() -> None:
    cameras, diagnostics = source()
    cameras.put(with_region(clip_info(), 100, 60, 400, 300))
    assert cameras.camera(400, 300).matrix[0].tolist() == [600, 0, 219]
    assert not diagnostics.report().warnings


def test_rectified_images_do_without_k() -> None:
    info = clip_info(k=[0.0] * 9, p=[700.0, 0, 319.5, 0, 0, 700, 239.5, 0, 0, 0, 1, 0])
    assert camera_from_info(info, rectified=True).matrix[0].tolist() == [700, 0, 319.5]
    assert camera_from_info(info) is None
    assert "set rectified" in uncalibrated(info)


@pytest.mark.parametrize("binning", [1, 2])
def test_size_that_camera_info_leaves_out_is_that_of_the_images(binning: int) -> None:
    cameras, _ = source()
    cameras.put(clip_info(width=0, height=0, binning_x=binning, binning_y=binning))
    camera = cameras.camera(640, 480)
    assert (camera.width, camera.height) == (640, 480)
    assert camera.matrix[0, 0] == 600 / binning


@pytest.mark.parametrize(
    "k",
    [
        [1.0, 0, 0, 0, 1, 0, 0, 0, 1],  # the identity
        [0.94, 0, 0.5, 0, 1.25, 0.5, 0, 0, 1],  # in image widths and heights
        [4.2, 0, 3.2, 0, 4.2, 2.4, 0, 0, 1],  # in millimetres
    ],
)
def test_k_that_is_not_in_pixels_is_not_used(k: list[float]) -> None:
    cameras, diagnostics = source()
    cameras.put(clip_info(k=k))
    assert not cameras.camera(640, 480).calibrated
    assert f"focal length of {k[0]:g} pixels" in diagnostics.report().warnings[0]


def test_k_of_another_resolution_is_warned_of() -> None:
    cameras, diagnostics = source()
    cameras.put(clip_info(k=[1800.0, 0, 960, 0, 1800, 720, 0, 0, 1]))
    assert cameras.camera(640, 480).calibrated
    assert "K of another resolution" in diagnostics.report().warnings[0]


def test_skew_that_is_a_rounding_error_is_left_out() -> None:
    assert camera_from_info(clip_info(k=[600.0, 1e-12, 319, 0, 610, 241, 0, 0, 1])) is not None


def test_plumb_bob_with_eight_coefficients_is_what_it_says() -> None:
    eight = camera_from_info(clip_info(d=[0.1, -0.1, 0, 0, 0.01, 0, 0, 0]))
    five = camera_from_info(clip_info(d=[0.1, -0.1, 0, 0, 0.01], distortion_model="Brown Conrady"))
    pixels = np.array([[10.0, 20], [400, 300]])
    np.testing.assert_allclose(eight.to_canonical(pixels), five.to_canonical(pixels), atol=1e-9)


def test_equidistant_without_coefficients_asks_what_is_meant() -> None:
    with pytest.raises(DiffhpeError, match="four zeros for an ideal fisheye"):
        camera_from_info(clip_info(distortion_model="equidistant", d=[]))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"distortion_model": "fov"}, "unknown distortion model 'fov'"),
        ({"d": [0.1, 0.2]}, "0 or 4 or 5 coefficients"),
        ({"d": [float("nan")] * 5}, "finite distortion"),
        ({"k": [-600.0, 0, 319, 0, 610, 241, 0, 0, 1]}, "positive focal lengths"),
        ({"k": [600.0, 0, 319, 0, 610, float("inf"), 0, 0, 1]}, "finite 3x3"),
        ({"width": 0}, "at least 1x1"),
    ],
)
def test_nonsense_is_refused(changes: dict[str, object], expected: str) -> None:
    info = info_from_camera(PLUMB_BOB)
    for name, value in changes.items():
        setattr(info, name, value)
    with pytest.raises(DiffhpeError, match=expected):
        camera_from_info(info)


@pytest.mark.parametrize("camera", [PLUMB_BOB, EQUIDISTANT])
def test_calibration_files(camera: Camera, tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    write_calibration(camera, path)
    back = camera_from_info(read_calibration(f"file://{path}"))
    np.testing.assert_allclose(back.matrix, camera.matrix)
    np.testing.assert_allclose(back.distortion, camera.distortion)
    assert back.model == camera.model


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "cannot read calibration"),
        ("a: [1", "cannot read calibration"),
        ("just text", "is no camera calibration"),
        ("image_width: 640", "is no camera calibration"),
        ("!!python/object/apply:os.system ['true']", "cannot read calibration"),
    ],
)
def test_what_is_no_calibration_is_refused(text: str | None, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(DiffhpeError, match=expected):
        read_calibration(str(path))


def source(timeout_s: float = 0.0, replay: bool = False) -> tuple[CameraSource, NodeDiagnostics]:
    diagnostics = NodeDiagnostics()
    return CameraSource(70.0, False, timeout_s, replay, diagnostics), diagnostics


def test_without_camera_info_a_stated_field_of_view_is_used_and_warned_of() -> None:
    cameras, diagnostics = source()
    camera = cameras.camera(640, 480)
    edges = camera.to_canonical(np.array([[-0.5, 0], [639.5, 0]]))[:, 0] / 2.29
    assert np.degrees(np.arctan(edges)).tolist() == pytest.approx([-35, 35])
    assert "field of view of 70 degrees" in diagnostics.report().warnings[0]


def test_camera_info_ends_the_warning_and_is_scaled_to_the_image() -> None:
    cameras, diagnostics = source()
    cameras.camera(320, 240)
    cameras.put(info_from_camera(PLUMB_BOB))
    camera = cameras.camera(320, 240)
    assert camera.calibrated and camera.matrix[0, 0] == 300
    assert not diagnostics.report().warnings
    assert cameras.camera(320, 240) is camera  # nothing has changed
    with pytest.raises(DiffhpeError, match="same aspect ratio"):
        cameras.camera(240, 240)


@pytest.mark.parametrize(("array", "index"), [("k", 0), ("p", 0)])
def test_camera_info_that_varies_by_a_hair_or_where_it_is_not_used_changes_nothing(
    array: str, index: int
) -> None:
    cameras, _ = source()
    info = info_from_camera(PLUMB_BOB)
    cameras.put(info)
    camera = cameras.camera(640, 480)
    varied = info_from_camera(PLUMB_BOB)
    getattr(varied, array)[index] += 1e-9 if array == "k" else 5.0
    cameras.put(varied)
    assert cameras.camera(640, 480) is camera


def test_a_zoom_in_camera_info_is_followed() -> None:
    cameras, _ = source()
    cameras.put(info_from_camera(PLUMB_BOB))
    focal = cameras.camera(640, 480).matrix[0, 0]
    zoomed = info_from_camera(PLUMB_BOB)
    zoomed.k[0] = 1.02 * focal
    cameras.put(zoomed)
    assert cameras.camera(640, 480).matrix[0, 0] == pytest.approx(1.02 * focal)


def test_the_first_image_waits_for_camera_info() -> None:
    cameras, _ = source(timeout_s=10.0)
    threading.Timer(0.05, cameras.put, [info_from_camera(PLUMB_BOB)]).start()
    assert cameras.camera(640, 480).calibrated


def test_waiting_ends_when_the_node_does() -> None:
    cameras, _ = source(timeout_s=10.0)
    threading.Timer(0.05, cameras.close).start()
    assert cameras.camera(640, 480) is None


def test_in_replay_the_first_camera_info_holds() -> None:
    live, _ = source()
    replayed, _ = source(replay=True)
    for cameras in (live, replayed):
        cameras.put(info_from_camera(PLUMB_BOB))
        cameras.put(info_from_camera(EQUIDISTANT))
    assert live.camera(640, 480).model == "equidistant"
    assert replayed.camera(640, 480).model == "plumb_bob"

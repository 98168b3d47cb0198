"""Pixels to the canonical view and back."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from diffhpe_ros.camera import CANONICAL_FOCAL, DEFAULT_FIELD_OF_VIEW, Camera
from diffhpe_ros.errors import DiffhpeError


def intrinsics(fx, fy, cx, cy):
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])


PINHOLE = Camera(640, 480, intrinsics(500, 510, 320, 240), np.zeros(5))
BARREL = Camera(
    1280, 720, intrinsics(700, 700, 640, 360), np.array([-0.28, 0.075, 2e-4, 1e-4, -0.0085])
)
KINECT = Camera(
    1280,
    720,
    intrinsics(607, 607, 638, 366),
    np.array([0.46, -2.6, 6e-4, -2e-4, 1.56, 0.34, -2.42, 1.48]),
    "rational_polynomial",
)
WIDE = Camera(
    1920,
    1080,
    intrinsics(800, 800, 960, 540),
    np.array([5.2, 2.1, 0, 0, 0.07, 5.55, 3.6, 0.5]),
    "rational_polynomial",
)
FISHEYE = Camera(
    1280,
    960,
    intrinsics(560, 560, 640, 480),
    np.array([-0.03, 0.01, -0.008, 0.002]),
    "equidistant",
)


def all_over(camera, count=40):
    """Pixels (count, count, 2) from corner to corner."""
    across, down = np.linspace(0, camera.width - 1, count), np.linspace(0, camera.height - 1, count)
    return np.stack(np.meshgrid(across, down), -1)


def degrees_off_axis(canonical):
    return np.degrees(np.arctan(np.linalg.norm(canonical, axis=-1) / CANONICAL_FOCAL))


def test_point_at_one_metre_lands_where_the_definition_says():
    np.testing.assert_allclose(PINHOLE.project(np.array([0.1, -0.2, 1.0])), [370, 138])
    np.testing.assert_allclose(
        PINHOLE.to_canonical(np.array([370.0, 138.0])), [0.1 * CANONICAL_FOCAL, -0.2 * 2.29]
    )


@pytest.mark.parametrize("camera", [PINHOLE, BARREL, KINECT, WIDE, FISHEYE])
def test_way_to_the_canonical_view_and_back_is_exact_all_over_the_image(camera):
    pixels = all_over(camera)
    np.testing.assert_allclose(camera.to_pixels(camera.to_canonical(pixels)), pixels, atol=1e-3)


def test_wide_cameras_of_these_tests_are_wide():
    assert degrees_off_axis(WIDE.to_canonical(all_over(WIDE))).max() > 80
    assert degrees_off_axis(FISHEYE.to_canonical(all_over(FISHEYE))).max() > 85


def qualisys_cameras(path):
    """The cameras of a Qualisys calibration, which counts in 64ths of a pixel."""
    for element in ElementTree.parse(path).iter("intrinsic"):
        value = {key: float(text) for key, text in element.attrib.items()}
        focal_and_centre = ("focalLengthU", "focalLengthV", "centerPointU", "centerPointV")
        names = ("radialDistortion1", "radialDistortion2", "tangentalDistortion1")
        names += ("tangentalDistortion2", "radialDistortion3")
        yield Camera(
            1088,
            1920,
            intrinsics(*(value[name] / 64 for name in focal_and_centre)),
            np.array([value[name] for name in names]),
        )


def test_real_calibration_goes_round_exactly(shared_data):
    for camera in qualisys_cameras(shared_data / "multiview" / "pose2sim_Calib.qca.txt"):
        pixels = all_over(camera)
        np.testing.assert_allclose(camera.to_pixels(camera.to_canonical(pixels)), pixels, atol=1e-3)


def test_barrel_lens_sees_wider_than_a_pinhole():
    straight = Camera(BARREL.width, BARREL.height, BARREL.matrix, np.zeros(0))
    corner = np.array([0.0, 0.0])
    bent_angle = degrees_off_axis(BARREL.to_canonical(corner))
    assert bent_angle > degrees_off_axis(straight.to_canonical(corner)) + 3


def test_fisheye_pixel_lies_at_its_angle():
    ideal = Camera(800, 800, intrinsics(300, 300, 400, 400), np.zeros(4), "equidistant")
    angle = np.radians(70)
    pixel = np.array([400 + 300 * angle, 400.0])
    np.testing.assert_allclose(ideal.to_canonical(pixel), [2.29 * np.tan(angle), 0], atol=1e-9)
    assert np.isnan(ideal.to_canonical(np.array([400 + 300 * np.radians(95), 400]))).all()


def test_pixels_that_no_ray_reaches_are_nan_not_wrong():
    folding = Camera(1280, 720, intrinsics(450, 450, 640, 360), BARREL.distortion)
    canonical = folding.to_canonical(all_over(folding))
    unreachable = np.isnan(canonical).any(-1)
    assert unreachable[0, 0]
    assert not unreachable[20, 20]
    # Beyond the fold, the lens model maps back towards the centre.
    assert np.isnan(folding.to_pixels(np.array([2.29 * 4, 0.0]))).all()


def test_unseen_stays_unseen_and_float32_stays_float32():
    for camera in (PINHOLE, BARREL, FISHEYE):
        pixels = np.array([[100, 120], [np.nan, 3], [np.nan, np.nan]], np.float32)
        canonical = camera.to_canonical(pixels)
        assert canonical.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(canonical).any(-1), [False, True, True])
        np.testing.assert_allclose(camera.to_pixels(canonical)[0], pixels[0], atol=1e-3)
        assert camera.to_canonical(np.zeros((0, 17, 2))).shape == (0, 17, 2)


def test_points_behind_the_camera_have_no_pixel():
    points = np.array([[0, 0, 2.0], [0, 0, -2.0], [0.1, 0, 0], [np.nan, 0, 1]])
    np.testing.assert_array_equal(
        np.isnan(PINHOLE.project(points)).any(-1), [False, True, True, True]
    )


def test_covariance_scales_with_the_focal_lengths():
    covariance = PINHOLE.covariance_to_canonical(np.array([[4.0, 1.0], [1.0, 9.0]]), np.zeros(2))
    across, down = 2.29 / 500, 2.29 / 510
    np.testing.assert_allclose(
        covariance, [[4 * across**2, across * down], [across * down, 9 * down**2]]
    )


@pytest.mark.parametrize("camera", [BARREL, FISHEYE])
def test_covariance_is_stretched_as_the_lens_does(camera: Camera):
    """By as much as nearby pixels move apart, which is many times more at a fisheye's border."""
    pixels = np.array([[320.0, 240.0], [60.0, 400.0], [np.nan, np.nan]])
    half = np.array([[0.7, 0.1], [0.1, 0.4]])
    canonical = camera.to_canonical(pixels)
    covariance = camera.covariance_to_canonical(
        np.broadcast_to(half @ half.T, (3, 2, 2)), canonical
    )
    for at, found in zip(pixels[:2], covariance, strict=False):
        moved = camera.to_canonical(at + half.T) - camera.to_canonical(at - half.T)
        np.testing.assert_allclose(found, moved.T @ moved / 4, rtol=0.02)
    assert np.isfinite(covariance).all()
    assert np.trace(covariance[1]) > np.trace(covariance[0])


def test_field_of_view_gives_the_angle_between_the_edges():
    camera = Camera.from_field_of_view(640, 480, 90)
    assert not camera.calibrated
    edges = camera.to_canonical(np.array([[-0.5, 239.5], [639.5, 239.5]]))
    np.testing.assert_allclose(degrees_off_axis(edges), 45)


def test_field_of_view_is_that_of_the_longer_side():
    upright, lying = (Camera.from_field_of_view(*size, 70) for size in ((480, 640), (640, 480)))
    assert upright.matrix[0, 0] == lying.matrix[0, 0]
    top = upright.to_canonical(np.array([239.5, -0.5]))
    np.testing.assert_allclose(degrees_off_axis(top), 35)


def test_field_of_view_has_a_default():
    edge = Camera.from_field_of_view(1920, 1080).to_canonical(np.array([-0.5, 539.5]))
    np.testing.assert_allclose(degrees_off_axis(edge), DEFAULT_FIELD_OF_VIEW / 2)


def test_resized_image_shows_the_same_rays():
    half = BARREL.scaled(640, 360)
    # A pixel's centre in the half-size image is the corner of four pixels in the full one.
    np.testing.assert_allclose(
        half.to_canonical(np.array([100.0, 50.0])), BARREL.to_canonical(np.array([200.5, 100.5]))
    )
    assert BARREL.scaled(1280, 720) is BARREL
    assert BARREL.scaled(853, 480).height == 480  # rounded


def test_stretched_camera_sees_the_same_rays():
    wide = BARREL.stretched(1280, 540)
    canonical = BARREL.to_canonical(np.array([[0.0, 0.0], [640.0, 359.5], [1000.0, 200.0]]))
    # The edges of the first pixel stay at -0.5.
    there = np.array([[0.0, -0.125], [640.0, 269.5], [1000.0, 149.875]])
    np.testing.assert_allclose(wide.to_canonical(there), canonical, atol=1e-9)


def test_cropped_image_cannot_be_scaled_to():
    with pytest.raises(DiffhpeError, match="calibrated at 1280x720, the image is 720x720"):
        BARREL.scaled(720, 720)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "1x1 pixels is expected, got 0x480"),
        ({"matrix": np.zeros((3, 3))}, "positive focal lengths"),
        ({"matrix": intrinsics(-500, 500, 1, 1)}, "positive focal lengths"),
        ({"matrix": intrinsics(np.nan, 500, 1, 1)}, "finite 3x3"),
        ({"matrix": np.eye(4)}, "finite 3x3"),
        ({"matrix": np.eye(3) + np.eye(3, k=1)}, "as the camera matrix"),
        ({"matrix": [[1, 2], [3]]}, "expected numbers for the camera's matrix"),
        ({"distortion": np.zeros(8)}, "plumb_bob has 0 or 4 or 5 coefficients"),
        ({"distortion": np.zeros((1, 5))}, "coefficients"),
        ({"distortion": np.array([np.inf, 0, 0, 0])}, "finite distortion"),
        ({"distortion": np.zeros(0), "model": "equidistant"}, "equidistant has 4"),
        ({"model": "fov"}, "unknown distortion model 'fov'; known: plumb_bob"),
    ],
)
def test_invalid_calibrations_are_refused(changes, message):
    values = {
        "width": 640,
        "height": 480,
        "matrix": PINHOLE.matrix,
        "distortion": np.zeros(5),
        "model": "plumb_bob",
    }
    with pytest.raises(DiffhpeError, match=message):
        Camera(**{**values, **changes})


def test_invalid_requests_are_refused():
    with pytest.raises(DiffhpeError, match="1 to 170 degrees"):
        Camera.from_field_of_view(640, 480, 0)
    with pytest.raises(DiffhpeError, match=r"\(..., 2\) are expected, got \(17, 3\)"):
        PINHOLE.to_canonical(np.zeros((17, 3)))


def test_camera_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        PINHOLE.matrix[0, 0] = 1

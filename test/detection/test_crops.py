"""Crops of a person in a normal and in a wide image."""

import numpy as np
import pytest

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection.blazepose.crops import FlatCrop, RectifiedCrop
from diffhpe_ros.detection.blazepose.regions import Region
from diffhpe_ros.detection.blazepose.wide_lens import WideLens

SIDE = 256
PINHOLE = Camera.from_field_of_view(640, 480, 120)
FISHEYE = Camera(
    640,
    480,
    np.array([[204.0, 0, 319.5], [0, 204.0, 239.5], [0, 0, 1]]),
    np.zeros(4),
    "equidistant",
)
AT_THE_BORDER = Region(np.array([90.0, 330.0]), 150.0, -0.4)
MIDDLE_AND_TOP = np.array([[SIDE / 2, SIDE / 2], [SIDE / 2, SIDE / 2 - 0.4 * SIDE]])
BODY = np.random.default_rng(0).uniform(40, SIDE - 40, (20, 2))


def rectified(region: Region, camera: Camera) -> RectifiedCrop:
    crop = RectifiedCrop.of(region, camera, SIDE)
    assert crop is not None
    return crop


@pytest.mark.parametrize("camera", [PINHOLE, FISHEYE], ids=["pinhole", "fisheye"])
def test_hips_and_envelope_are_where_they_are_in_a_flat_crop(camera: Camera) -> None:
    expected = FlatCrop(AT_THE_BORDER, SIDE).to_image(MIDDLE_AND_TOP)
    found = rectified(AT_THE_BORDER, camera).to_image(MIDDLE_AND_TOP)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("camera", [PINHOLE, FISHEYE], ids=["pinhole", "fisheye"])
def test_cut_shows_what_its_points_say(camera: Camera) -> None:
    """The image's pixel values encode their position."""
    x, y = np.meshgrid(np.arange(640), np.arange(480))
    image = np.stack([x / 3, y / 3, 0 * x], -1).round().astype(np.uint8)
    crop = rectified(Region(np.array([150.0, 300.0]), 150.0, -0.2), camera)
    places = crop.to_image(BODY.round())
    column, row = BODY.round().astype(int).T
    shown = crop.cut(image)[row, column, :2]
    inside = ((places > 1) & (places < (638, 478))).all(-1)
    assert inside.sum() > 10
    np.testing.assert_allclose(3.0 * shown[inside], places[inside], atol=3.5)


@pytest.mark.parametrize("camera", [PINHOLE, FISHEYE], ids=["pinhole", "fisheye"])
def test_slopes_are_the_derivatives_of_the_map(camera: Camera) -> None:
    crop = rectified(AT_THE_BORDER, camera)
    step = np.array([0.3, -0.2])
    moved = crop.to_image(BODY + step) - crop.to_image(BODY - step)
    np.testing.assert_allclose((crop.slopes(BODY) @ (2 * step)), moved, atol=0.02)


def test_ball_is_round_in_a_rectified_crop() -> None:
    """At any distance from the axis, since the crop's virtual camera looks at it."""
    ray = np.array([-1.2, 0.5, 1.0]) / np.linalg.norm([-1.2, 0.5, 1.0])
    beside = np.cross(ray, [0.0, 1.0, 0.0])
    across = np.stack([beside, np.cross(ray, beside)]) / np.linalg.norm(beside)
    angles = np.linspace(0, 2 * np.pi, 12)
    ball = ray + 0.2 * np.stack([np.cos(angles), np.sin(angles)], -1) @ across
    pixels = PINHOLE.project(ball)
    region = Region(PINHOLE.project(ray[None])[0], 160.0, 0.0)
    flat, looking = FlatCrop(region, SIDE), rectified(region, PINHOLE)
    # The mapping is one to one, so a pixel is at the nearest of many points of the crop.
    grid = np.stack(np.meshgrid(*[np.linspace(0, SIDE, 400)] * 2), -1).reshape(-1, 2)
    radii = []
    for crop in (flat, looking):
        mapped = crop.to_image(grid)
        at = grid[[np.linalg.norm(mapped - pixel, axis=-1).argmin() for pixel in pixels]]
        radii.append(np.linalg.norm(at - SIDE / 2, axis=-1))
    assert radii[0].max() / radii[0].min() > 1.5
    assert radii[1].max() / radii[1].min() < 1.05


def test_whoever_stands_before_a_level_camera_is_not_rolled() -> None:
    hips = np.array([-2.0, 1.4, 1.0])
    ends = FISHEYE.project(hips + np.array([[0.0, 0.0, 0.0], [0.0, -1.0, 0.0]]))
    region = Region.around(*ends)
    assert region is not None and abs(region.rotation) > 0.2
    np.testing.assert_allclose(rectified(region, FISHEYE).roll, np.eye(2), atol=1e-6)


def test_points_without_a_ray_have_a_place_beyond_the_border() -> None:
    crop = rectified(Region(np.array([20.0, 239.5]), 150.0, 0.0), FISHEYE)
    left = np.array([[0.0, SIDE / 2]])
    assert not crop.has_rays(left)
    assert crop.to_image(left)[0, 0] < 0
    assert np.isfinite(crop.slopes(left)).all()


def test_usual_lens_is_not_wide() -> None:
    assert WideLens.of(Camera.from_field_of_view(640, 480, 75)) is None


@pytest.mark.parametrize("camera", [PINHOLE, FISHEYE], ids=["pinhole", "fisheye"])
def test_wide_lens_rectifies_people_at_the_border_alone(camera: Camera) -> None:
    lens = WideLens.of(camera)
    assert lens is not None
    assert lens.rectified(FlatCrop(Region(np.array([320.0, 240.0]), 100.0, 0.0), SIDE)) is None
    assert lens.rectified(FlatCrop(AT_THE_BORDER, SIDE)) is not None


def test_person_at_the_camera_is_not_rectified() -> None:
    near = FlatCrop(Region(np.array([200.0, 240.0]), 900.0, 0.0), SIDE)
    lens = WideLens.of(PINHOLE)
    assert lens is not None and lens.rectified(near) is None

"""Distance and size from a depth camera's view of a person."""

import numpy as np
import pytest
from standing_person import STANDING, SURE, look

from diffhpe_ros.camera import Camera
from diffhpe_ros.geometry import localize_windows
from diffhpe_ros.placement import measure, sample_depth
from diffhpe_ros.placement.depth import FLESH_M
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView
from diffhpe_ros.rendering.walk import CircleWalk


def surface(pose: np.ndarray, distance: float) -> np.ndarray:
    """A depth camera's view of an unoccluded person."""
    return pose[:, 2] + distance - FLESH_M


@pytest.mark.parametrize("size", [0.6, 1.0, 1.1])
def test_size_and_distance_are_measured(size: float) -> None:
    depth = surface(size * STANDING, 4.0)
    found, _ = measure(STANDING, 4.0 / size, depth)
    assert found == pytest.approx(size)
    _, distance = measure(STANDING, 4.0 / size, depth, found)
    assert distance == pytest.approx(4.0)


def test_depths_of_wall_and_table_are_left_out() -> None:
    depth = surface(STANDING, 4.0)
    depth[[13, 16]] = 6.0  # the wrists were missed
    depth[[3, 6]] = 2.0
    depth[[2, 5]] = np.nan
    size, distance = measure(STANDING, 3.8, depth)
    assert size == pytest.approx(4.0 / 3.8, abs=0.01)
    assert distance == pytest.approx(4.0, abs=0.01)


def test_too_few_depths_give_nan() -> None:
    depth = np.full(17, np.nan)
    depth[:2] = 4
    assert np.isnan(measure(STANDING, 4.0, depth)).all()


def test_depth_is_sampled_robustly() -> None:
    image = np.full((40, 60), 3.0, np.float32)
    image[10, 10], image[11, 11] = 0, np.nan  # holes
    image[20:, :] = 0
    keypoints = np.array([[10, 10], [59, 0], [30, 30], [60.2, 5], [np.nan, 5], [-9, 5]])
    sampled = sample_depth(image, keypoints)
    np.testing.assert_array_equal(sampled, [3, 3, np.nan, np.nan, np.nan, np.nan])
    assert sample_depth(image, keypoints[:0]).shape == (0,)
    image[:] = np.inf
    assert np.isnan(sample_depth(image, keypoints)).all()


@pytest.mark.parametrize("time_s", [0.2, 1.4, 3.0, 4.6])
def test_rendered_person_of_misjudged_size_is_placed_within_a_few_cm(time_s: float) -> None:
    camera = Camera.from_field_of_view(320, 240, 56)
    view = CameraView.looking_at(camera, np.array([0.0, 0.0, 1.3]), np.array([0.0, 4.0, 0.93]))
    walker = CircleWalk().pose(time_s)
    joints = view.to_optical(walker.joints)
    seen = sample_depth(Renderer(view, samples=1).depth([walker]), camera.project(joints))
    misjudged = 0.9 * (joints - joints[0])
    image = look(joints[None] - joints[0], joints[0])
    by_picture = localize_windows(misjudged[None], image, SURE[:1]).root[0, 2]
    assert by_picture == pytest.approx(0.9 * joints[0, 2], rel=0.02)
    size, _ = measure(misjudged, by_picture, seen)
    _, distance = measure(misjudged, by_picture, seen, size)
    assert size == pytest.approx(1 / 0.9, rel=0.04)
    assert distance == pytest.approx(joints[0, 2], abs=0.06)

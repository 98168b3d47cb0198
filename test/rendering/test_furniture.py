"""Tables and desks hide what is behind them, and nothing else."""

import numpy as np
import pytest

from diffhpe_ros.camera import Camera
from diffhpe_ros.rendering.furniture import WOOD, Box, desk, nearest, table
from diffhpe_ros.rendering.render import Renderer
from diffhpe_ros.rendering.scene import CameraView
from diffhpe_ros.rendering.walk import CircleWalk

HIPS, LEGS = [0, 1, 4], [2, 3, 5, 6]
POSE = CircleWalk(centre=(0.0, 4.0), radius=0.1).pose(0.0)
WHERE = POSE.joints[0]
EYE = np.array([0.0, 0.0, 1.3])


@pytest.fixture(scope="module")
def view() -> CameraView:
    camera = Camera.from_field_of_view(120, 90, 52.0)
    return CameraView.looking_at(camera, EYE, np.array([0.0, 4.0, 0.9]))


def shown(view: CameraView, furniture: list[Box]) -> np.ndarray:
    """Which joints (17,) of the pose are seen behind furniture."""
    mask = Renderer(view, samples=1, furniture=furniture).mask(POSE)
    u, v = np.round(view.camera.project(view.to_optical(POSE.joints))).astype(int).T
    return mask[v, u]


def test_desk_hides_the_legs_of_who_stands_behind_it(view: CameraView) -> None:
    seen = shown(view, desk(WHERE[0] + 0.6, WHERE[1] - 0.6, 2.0, 0.6, 0.75))
    assert not seen[LEGS].any()
    assert seen[[8, 9, 10, 11, 14]].all()


def test_table_shows_the_feet_below_its_top(view: CameraView) -> None:
    seen = shown(view, table(WHERE[0], WHERE[1] - 0.6, 1.6, 0.6, 0.75))
    assert seen[[3, 6]].all()


def test_furniture_behind_a_person_hides_nothing(view: CameraView) -> None:
    assert shown(view, desk(WHERE[0], WHERE[1] + 1.0, 1.6, 0.6, 0.75)).all()


def test_depth_camera_sees_the_furniture(view: CameraView) -> None:
    box = Box((-1.0, 2.0, 0.0), (1.0, 2.5, 1.0), WOOD)
    depth = Renderer(view, samples=1, furniture=[box]).depth([])
    front = np.array([0.0, 2.0, 0.5])
    u, v = np.round(view.camera.project(view.to_optical(front))).astype(int)
    assert depth[v, u] == pytest.approx(view.to_optical(front)[2], abs=0.03)


def test_nearest_box_hides_the_others_and_empty_space_is_infinitely_far() -> None:
    near, far = (Box((-1, y, 0), (1, y + 1, 2), (y / 10, 0, 0)) for y in (2, 5))
    rays = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]], np.float32)
    distance, colours = nearest([far, near], EYE, rays)
    np.testing.assert_allclose(distance, [2.0, np.inf])
    assert colours[0, 0] == pytest.approx(0.2 * 0.9)
    assert not colours[1].any()

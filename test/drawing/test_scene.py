"""The 3D view: what is drawn where, and that the view is stable."""

import numpy as np
import pytest

from diffhpe_ros.drawing import SkeletonView
from diffhpe_ros.drawing.scene import BACKGROUND
from diffhpe_ros.drawing.style import COLOURS, LEFT, RIGHT
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.clip import walking_clip


@pytest.fixture(scope="module")
def people() -> np.ndarray:
    return walking_clip().joints[:60].astype(np.float64)


def test_joint_is_drawn_where_it_projects(people: np.ndarray) -> None:
    view = SkeletonView(640, 480)
    image = view.draw(people[:1])
    for joint in (3, 10, 13, 16):
        u, v = np.round(view.project(people[0, joint])).astype(int)
        assert np.abs(image[v, u].astype(int) - COLOURS[joint]).max() < 60


def test_seen_from_the_side_depth_runs_across_and_up_stays_up() -> None:
    view = SkeletonView(640, 480, azimuth=90, elevation=0)
    view.draw(np.tile([0.0, 0.5, 4.0], (1, 17, 1)))
    near, far, high = view.project(np.array([[0, 0, 3.0], [0, 0, 5.0], [0, -1.0, 3.0]]))
    assert far[0] > near[0] + 50  # the camera at the left looks to the right
    assert far[1] == pytest.approx(near[1], abs=1e-6)
    assert high[1] < near[1] - 50
    assert high[0] == pytest.approx(near[0], abs=1e-6)


def test_from_behind_the_camera_left_and_right_are_as_in_the_image(people: np.ndarray) -> None:
    view = SkeletonView(640, 480, azimuth=0, elevation=0, show_camera=False)
    view.draw(people[:1])
    left, right = view.project(people[0, [11, 14]])
    assert np.sign(left[0] - right[0]) == np.sign(people[0, 11, 0] - people[0, 14, 0])


def test_everybody_and_the_camera_are_in_the_picture(people: np.ndarray) -> None:
    view = SkeletonView(640, 480)
    both = np.stack([people[0], people[30] + [1.0, 0.0, 2.0]])
    view.draw(both)
    pixels = view.project(np.concatenate([both.reshape(-1, 3), np.zeros((1, 3))]))
    assert (pixels > 0).all()
    assert (pixels < [640, 480]).all()


def test_view_moves_slowly(people: np.ndarray) -> None:
    view = SkeletonView(640, 480)
    still = np.array([0.0, 1.0, 4.0])
    seen = []
    for pose in people:
        view.draw(pose[None])
        seen.append(view.project(still))
    assert np.abs(np.diff(seen, axis=0)).max() < 4


def test_unknown_joints_people_and_nobody_do_no_harm(people: np.ndarray) -> None:
    view = SkeletonView(320, 240)
    unknown = np.full((1, 17, 3), np.nan)
    assert view.draw(np.zeros((0, 17, 3))).shape == (240, 320, 3)
    view.draw(unknown, np.full((1, 17, 3, 3), np.nan))
    some = people[:1].copy()
    some[0, [3, 9]] = np.nan
    image = view.draw(some, np.tile(np.eye(3) * 1e-3, (1, 17, 1, 1)))
    assert (image != BACKGROUND).any()
    view.draw(-some)  # behind the camera


def test_ellipse_is_as_long_as_the_uncertainty(people: np.ndarray) -> None:
    """Across the view, one sigma of 30 cm reaches 30 cm."""
    view = SkeletonView(640, 480, azimuth=90, elevation=0)
    plain = view.draw(people[:1])
    covariance = np.zeros((1, 17, 3, 3))
    covariance[0, 10] = np.diag([1e-6, 1e-4, 0.3**2])
    changed = (view.draw(people[:1], covariance) != plain).any(2)
    for away, reached in ((0.25, True), (0.36, False)):
        u, v = np.round(view.project(people[0, 10] + [0, 0, away])).astype(int)
        assert changed[v, u] == reached


def test_colours_of_left_and_right_are_both_there(people: np.ndarray) -> None:
    image = SkeletonView(640, 480).draw(people[:1]).reshape(-1, 3)
    assert (image == LEFT).all(1).any()
    assert (image == RIGHT).all(1).any()


def test_other_shapes_are_refused(people: np.ndarray) -> None:
    with pytest.raises(DiffhpeError, match=r"\(P, 17, 3\)"):
        SkeletonView(64, 48).draw(people[0])
    with pytest.raises(DiffhpeError, match="covariance"):
        SkeletonView(64, 48).draw(people[:1], np.zeros((17, 3, 3)))

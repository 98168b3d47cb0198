"""2D joints over an image."""

import numpy as np
import pytest

from diffhpe_ros.drawing import draw_keypoints
from diffhpe_ros.drawing.style import COLOURS, LEFT, RIGHT
from diffhpe_ros.errors import DiffhpeError

GREY = np.full((200, 300, 3), 128, np.uint8)


def spread() -> np.ndarray:
    """Joints on a grid, far from each other."""
    index = np.arange(17)
    return np.stack([20 + 60 * (index % 5), 20 + 50 * (index // 5)], 1).astype(np.float64)


def test_each_joint_has_the_colour_of_its_side() -> None:
    points = spread()
    image = draw_keypoints(GREY, points, np.ones(17))
    for joint, (u, v) in enumerate(points.astype(int)):
        assert np.abs(image[v, u].astype(int) - COLOURS[joint]).max() <= 2
    assert COLOURS[12] == LEFT
    assert COLOURS[15] == RIGHT


def test_bone_joins_its_joints_and_the_image_given_stays() -> None:
    points = np.full((17, 2), np.nan)
    points[[4, 5]] = [50.25, 40.5], [150.0, 40.5]
    image = draw_keypoints(GREY, points, np.ones(17))
    assert np.abs(image[40, 100].astype(int) - LEFT).max() < 40
    assert (GREY == 128).all()


def test_unseen_joints_leave_no_trace() -> None:
    points = spread()
    points[10] = np.nan
    image = draw_keypoints(GREY, points, np.ones(17))
    u, v = spread()[10].astype(int)
    assert (image[v - 3 : v + 4, u - 3 : u + 4] == 128).all()
    np.testing.assert_array_equal(draw_keypoints(GREY, np.full((17, 2), np.nan), np.ones(17)), GREY)


def test_less_certain_is_fainter() -> None:
    points = spread()
    u, v = points[12].astype(int)
    sure, unsure = (
        np.abs(draw_keypoints(GREY, points, np.full(17, c))[v, u].astype(int) - 128).sum()
        for c in (1.0, 0.1)
    )
    assert 0 < unsure < 0.5 * sure


def test_joints_far_outside_of_the_image_do_no_harm() -> None:
    points = spread()
    points[[3, 6]] = [1e9, -1e9], [-500.0, 100.0]
    assert draw_keypoints(GREY, points, np.ones(17)).shape == GREY.shape
    np.testing.assert_array_equal(draw_keypoints(GREY, spread() + 1e4, np.ones(17)), GREY)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(DiffhpeError, match=r"\(17, 2\)"):
        draw_keypoints(GREY, np.zeros((33, 2)), np.ones(33))

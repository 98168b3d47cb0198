"""Frames with z up for cameras with any direction."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from diffhpe_ros.geometry.upright import LEVEL, levelling, tilt_deg, up_of_tilt, upright_axes


def test_a_level_camera_has_x_forward_y_left_and_z_up() -> None:
    np.testing.assert_allclose(upright_axes(LEVEL), [[0, -1, 0], [0, 0, -1], [1, 0, 0]])
    np.testing.assert_allclose(levelling(LEVEL), np.eye(3))
    assert tilt_deg(LEVEL) == (0, 0)


@pytest.mark.parametrize(("down", "roll"), [(30, 0), (-20, 0), (0, 15), (40, -25)])
def test_tilt_is_taken_out(down: float, roll: float) -> None:
    """A point on the floor ahead of the camera is level ahead after the correction."""
    # Axes of the camera in a level one: pitched about x, then rolled about its own axis.
    camera = Rotation.from_euler("XZ", [-down, roll], degrees=True).as_matrix()
    up = camera.T @ LEVEL
    np.testing.assert_allclose(tilt_deg(up), (down, roll), atol=1e-9)
    np.testing.assert_allclose(levelling(up), camera, atol=1e-9)


def test_axes_of_a_level_camera_are_forward_left_up() -> None:
    forward, left, up = upright_axes(up_of_tilt(0.0)).T
    assert forward == pytest.approx([0, 0, 1])
    assert left == pytest.approx([-1, 0, 0])
    assert up == pytest.approx([0, -1, 0])


@pytest.mark.parametrize("degrees", [-20.0, 0.0, 35.0])
def test_axes_are_a_rotation_that_undoes_the_tilt(degrees: float) -> None:
    up = up_of_tilt(degrees)
    axes = upright_axes(up).T
    assert axes @ axes.T == pytest.approx(np.eye(3))
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert axes @ up == pytest.approx([0, 0, 1])
    assert tilt_deg(up)[0] == pytest.approx(degrees)


@pytest.mark.parametrize("z", [1.0, -1.0])
def test_a_camera_that_looks_straight_down_or_up_has_axes(z: float) -> None:
    axes = upright_axes(np.array([0.0, 0.0, z]))
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(axes), 1.0)
    np.testing.assert_allclose(axes[:, 0], LEVEL)

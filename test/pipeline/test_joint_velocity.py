"""The velocity of joints that move in a known way."""

from dataclasses import replace

import numpy as np
import pytest
from standing import STANDING, standing_windows

from diffhpe_ros.lifting import LiftResult
from diffhpe_ros.pipeline.joint_velocity import UNKNOWN, joint_velocities
from diffhpe_ros.pipeline.root_localizer import LocalizedWindows

TIMES_S = np.arange(-26, 1) * 0.02
WRIST = 13


def moving(hip: list[float], wrist: list[float], filter_sd: float = 0.3) -> LocalizedWindows:
    """A person 4 m away whose hip and, relative to it, left wrist have constant velocities."""
    poses = np.tile(STANDING, (1, 27, 1, 1))
    poses[0, :, WRIST] += (TIMES_S[:, None] * np.array(wrist)).astype(np.float32)
    root = np.array([0.0, 0.1, 4.0]) + TIMES_S[:, None] * np.array(hip)
    covariance = np.tile(1e-4 * np.eye(3, dtype=np.float32), (1, 27, 17, 1, 1))
    return LocalizedWindows(
        standing_windows([1]),
        LiftResult(poses, poses[:, None], covariance),
        root[None].astype(np.float32),
        covariance[:, :, 0],
        np.array([[hip[2], filter_sd**2]]),
    )


@pytest.mark.parametrize("frame", [-1, -4])
def test_velocity_is_that_of_the_hip_and_of_the_pose(frame: int) -> None:
    velocity, _ = joint_velocities(moving([1.0, 0, -0.5], [0, -2.0, 0]), frame)
    np.testing.assert_allclose(velocity[0, 0], [1, 0, -0.5], atol=1e-4)
    np.testing.assert_allclose(velocity[0, 3], [1, 0, -0.5], atol=1e-4)
    np.testing.assert_allclose(velocity[0, WRIST], [1, -2, -0.5], atol=1e-4)


def test_filter_counts_the_more_the_surer_it_is() -> None:
    def speed(filter_sd: float) -> float:
        windows = moving([0, 0, 1.0], [0, 0, 0], filter_sd)
        slower = replace(windows, speed=windows.speed * [0, 1])
        return float(joint_velocities(slower, -1)[0][0, 0, 2])

    assert speed(0.01) == pytest.approx(0, abs=0.01)
    assert 0.3 < speed(0.4) < 0.7
    assert speed(5.0) == pytest.approx(1, abs=0.02)


def test_fast_joints_and_uncertain_ones_have_a_larger_covariance() -> None:
    windows = moving([0, 0, 0], [0, -2.0, 0])
    _, covariance = joint_velocities(windows, -1)
    assert np.linalg.eigvalsh(covariance).min() > 0
    size = np.trace(covariance[0], axis1=-2, axis2=-1)
    assert size[WRIST] > 10 * size[16]  # the wrist that is still
    hidden = windows.lifted.covariance.copy()
    hidden[:, :, 3] *= 16
    unsure = replace(windows, lifted=replace(windows.lifted, covariance=hidden))
    assert np.trace(joint_velocities(unsure, -1)[1][0, 3]) == pytest.approx(16 * size[3], rel=1e-4)


def test_velocity_of_a_person_whose_place_was_known_once_is_uncertain() -> None:
    windows = moving([1.0, 0, 0], [0, 0, 0])
    windows.root[:, :-1] = np.nan
    velocity, covariance = joint_velocities(replace(windows, speed=np.full((1, 2), np.nan)), -1)
    np.testing.assert_allclose(velocity[0, 0], 0, atol=1e-6)
    assert np.linalg.eigvalsh(covariance[0, 0]).max() == pytest.approx(UNKNOWN**2)


def test_person_without_a_place_has_no_velocity() -> None:
    windows = moving([0, 0, 0], [0, 0, 0])
    windows.root[:] = np.nan
    velocity, _ = joint_velocities(replace(windows, speed=np.full((1, 2), np.nan)), -1)
    assert np.isnan(velocity).all()

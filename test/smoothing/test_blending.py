"""The published poses of overlapping windows."""

import numpy as np
import pytest
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.smoothing import Blending

GRID_NS = np.arange(-26, 1) * 20_000_000
IMAGE_NS = 33_333_333


def walk_at(times_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Two joints (L, 2, 3) with steady but different motion."""
    velocity = np.array([[1.0, 0, 0], [0, -0.5, 2.0]])
    return times_ns[:, None, None] / 1e9 * velocity


def show(
    blending: Blending, offsets_m: list[float], frame: int = -1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Blend windows of the walk with independent errors; returns shown and true poses (N, 2, 3)."""
    shown, truth = [], []
    for number, offset in enumerate(offsets_m):
        times = number * IMAGE_NS + GRID_NS
        shown.append(blending(times, walk_at(times) + offset, frame))
        truth.append(walk_at(times)[frame])
    return np.array(shown), np.array(truth)


def test_motion_is_followed_without_delay() -> None:
    shown, truth = show(Blending(0.2), [0.0] * 30)
    np.testing.assert_allclose(shown, truth, atol=1e-12)


def test_error_that_a_window_has_alone_is_spread_over_time() -> None:
    blended, truth = show(Blending(0.1), [0.0, 0.1, 0.0, 0.0])
    new = 1 - np.exp(-IMAGE_NS / 1e8)
    expected = 0.1 * new * np.array([0, 1, 1 - new, (1 - new) ** 2])
    np.testing.assert_allclose(
        blended - truth, np.broadcast_to(expected[:, None, None], (4, 2, 3)), atol=1e-9
    )


def test_error_that_all_windows_have_from_now_on_is_taken_over() -> None:
    blended, truth = show(Blending(0.1), [0.0] + [0.1] * 40)
    np.testing.assert_allclose(blended[-1] - truth[-1], 0.1, atol=1e-6)


def test_blending_over_no_time_changes_nothing() -> None:
    shown, truth = show(Blending(0.0), [0.0, 0.1, -0.1])
    np.testing.assert_allclose(shown[1] - truth[1], 0.1)
    np.testing.assert_allclose(shown[2] - truth[2], -0.1)


def test_frame_to_show_may_be_any_of_the_window() -> None:
    shown, truth = show(Blending(0.1), [0.0] * 5, frame=-4)
    np.testing.assert_allclose(shown, truth, atol=1e-12)


@pytest.mark.parametrize("jump_ns", [-(10**9), 600_000_000], ids=["back", "beyond the window"])
def test_jump_of_the_clock_restarts_the_blending(jump_ns: int) -> None:
    blending = Blending(10.0)
    show(blending, [0.5, 0.5])
    times = jump_ns + GRID_NS
    np.testing.assert_allclose(blending(times, walk_at(times), -1), walk_at(times)[-1])


def test_pose_that_is_not_known_is_not_carried_on() -> None:
    blending = Blending(10.0)
    shown, truth = show(blending, [0.0, np.nan, 0.1])
    assert np.isnan(shown[1]).all()
    np.testing.assert_allclose(shown[2] - truth[2], 0.1)


def test_negative_time_is_refused() -> None:
    with pytest.raises(DiffhpeError, match="0 s or more, got -1 s"):
        Blending(-1)

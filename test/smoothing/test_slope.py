"""The slope of values at a frame of a window."""

import numpy as np
import pytest

from diffhpe_ros.smoothing import slope_at

TIMES = np.tile(np.arange(-26, 1) * 0.02, (2, 1))


@pytest.mark.parametrize("frame", [-1, -4, -14])
def test_slope_of_a_straight_line_is_its_own_at_every_frame(frame: int) -> None:
    speeds = np.array([[1.0, 0, -2], [0.5, 3, 0]])
    places = 7 + TIMES[..., None] * speeds[:, None]
    np.testing.assert_allclose(slope_at(TIMES, places, frame, 5), speeds, atol=1e-9)


def test_slope_in_the_middle_of_a_parabola_is_exact() -> None:
    slope = slope_at(TIMES, TIMES**2, -4, 5)
    np.testing.assert_allclose(slope, [-0.12, -0.12])


def test_frames_that_are_nan_count_for_nothing() -> None:
    places = np.stack([2 * TIMES[0], 2 * TIMES[0]])
    places[0, -2] = np.nan
    places[1, -4:] = np.nan
    slope = slope_at(TIMES, places, -1, 5)
    assert slope[0] == pytest.approx(2)
    assert np.isnan(slope[1])  # one frame has no slope

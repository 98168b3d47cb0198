"""A video file's own times, and implausible ones."""

import pytest

from diffhpe_ros.video.times import FrameTimes


def times(own, fps=25.0, tick_s=0.001):
    each = FrameTimes(fps, tick_s)
    return [each.next(time) for time in own]


def test_times_start_at_the_first_frame():
    assert times([3600.0, 3600.04, 3600.09]) == pytest.approx([0, 0.04, 0.09])


def test_rounding_of_a_constant_rate_is_undone():
    assert times([0, 0.033, 0.067, 0.1], fps=30.0) == [0, 1 / 30, 2 / 30, 3 / 30]


def test_frames_that_were_lost_leave_a_gap():
    assert times([0, 0.04, 0.2]) == pytest.approx([0, 0.04, 0.2])


@pytest.mark.parametrize("jump", [95_443.7, -7.0])
def test_time_goes_on_where_recordings_were_cut_together(jump):
    assert times([10, 10.04, 10.04 + jump, 10.08 + jump]) == pytest.approx([0, 0.04, 0.08, 0.12])


def test_without_times_the_rate_is_constant():
    assert times([None] * 4) == pytest.approx([0, 0.04, 0.08, 0.12])

"""From a recorded track to windows and back."""

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.windows import Observation, WindowBuilder
from diffhpe_ros.windows.track import at_times, blend_windows, windows_of_track


def motion(times_s, size=2):
    """A smooth motion (..., 17, size) at 0.5 Hz."""
    phase = np.pi * np.asarray(times_s)[..., None, None] + np.arange(17 * size).reshape(17, size)
    return 0.5 * np.sin(phase)


def cut(times, keypoints=None, **options):
    keypoints = motion(times) if keypoints is None else keypoints
    confidence = np.where(np.isnan(keypoints[..., 0]), 0.0, 0.9)
    return windows_of_track(times, keypoints, confidence, **options)


@pytest.mark.parametrize("fps", [20, 30, 50, 60, 119.88])
def test_windows_hold_the_motion_on_the_grid(fps):
    times = 12.5 + np.arange(round(2.3 * fps)) / fps
    track = cut(times)
    rows = track.starts[:, None] + np.arange(27)
    bound = 0.5 * np.pi**2 / fps**2 / 8 + 1e-6
    assert np.abs(track.keypoints - motion(track.grid_times_s[rows])).max() < bound
    np.testing.assert_allclose(track.confidence, 0.9, rtol=1e-6)


def test_windows_cover_the_track_and_the_last_ends_with_it():
    track = cut(np.arange(100) / 50)
    assert track.starts.tolist() == [0, 9, 18, 27, 36, 45, 54, 63, 72, 73]
    np.testing.assert_allclose(track.keypoints[-1, -1], motion(99 / 50), atol=1e-6)
    assert cut(np.arange(27) / 50).starts.tolist() == [0]


def test_grid_ends_where_the_track_ends():
    times = np.arange(40) / 29.97
    track = cut(times)
    assert track.grid_times_s[0] == times[0]
    np.testing.assert_allclose(track.grid_times_s[-1], times[-1])
    np.testing.assert_allclose(np.diff(track.grid_times_s), 0.02, rtol=0.02)


def test_track_windows_interpolate_as_live_windows_do():
    rng = np.random.default_rng(0)
    times = np.linspace(0, 0.52, 20)  # as long as a whole number of grid steps
    times[1:-1] = np.round(times[1:-1] + rng.uniform(-0.01, 0.01, 18), 9)
    keypoints = motion(times).astype(np.float32)
    keypoints[rng.uniform(size=(20, 17)) < 0.3] = np.nan
    confidence = np.where(np.isnan(keypoints[..., 0]), 0.0, 0.9)
    builder = WindowBuilder(restart_s=1.0)
    for time, points, sure in zip(times, keypoints, confidence, strict=True):
        nothing = np.full((17, 2, 2), np.nan)
        window = builder.add(Observation(round(time * 1e9), points, sure, nothing))
    track = windows_of_track(times, keypoints, confidence)
    assert np.isnan(window.keypoints).any()
    np.testing.assert_allclose(track.keypoints[0], window.keypoints, atol=1e-6)


@pytest.mark.parametrize("fps", [30, 50, 60])
def test_perfect_lifter_gives_the_motion_back_at_the_tracks_own_times(fps):
    times = np.arange(2 * fps) / fps + 3
    track = cut(times, stride=7)
    rows = track.starts[:, None] + np.arange(27)
    poses = track.to_track(motion(track.grid_times_s[rows], size=3))
    assert poses.shape == (len(times), 17, 3)
    np.testing.assert_allclose(poses, motion(times, size=3), atol=1e-3)


def test_frames_in_which_nobody_was_seen_have_no_pose():
    times = np.arange(120) / 60
    keypoints = motion(times)
    keypoints[40:60] = np.nan
    keypoints[80, 3] = np.nan
    track = cut(times, keypoints)
    poses = track.to_track(np.zeros((len(track.starts), 27, 17, 3)))
    np.testing.assert_array_equal(
        np.isnan(poses).all((-1, -2)), (np.arange(120) >= 40) & (np.arange(120) < 60)
    )
    assert np.isnan(track.keypoints[:, :, 5, 0]).any()


def test_windows_blend_without_a_step():
    """Two windows that disagree by 1 m: the blend moves gradually from one to the other."""
    windows = np.stack([np.zeros((27, 17, 3)), np.ones((27, 17, 3))])
    blended = blend_windows(windows, np.array([0, 13]), 40)[:, 0, 0]
    assert (blended[:13] == 0).all()
    assert (blended[27:] == 1).all()
    steps = np.diff(blended[12:28])
    assert (steps > 0).all()
    assert steps.max() < 0.11


def test_blending_keeps_the_type_and_leaves_uncovered_frames_unknown():
    blended = blend_windows(np.ones((1, 27, 17, 3), np.float32), np.array([2]), 30)
    assert blended.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(blended).all((1, 2)), [True] * 2 + [False] * 27 + [True])
    assert (blended[2:29] == 1).all()


def test_interpolating_to_other_times():
    poses = np.array([0.0, 1.0, np.nan, 3.0])[:, None]
    times = np.array([-0.5, 0, 0.25, 1, 1.5, 3, 3.0005, 3.5])
    got = at_times(poses, np.arange(4.0), times)[:, 0]
    np.testing.assert_allclose(got, [np.nan, 0, 0.25, 1, np.nan, 3, 3, np.nan])


def test_twice_as_many_images_as_grid_frames_show_the_same_motion():
    """A swing of 1 m, twice a second: a straight line between grid frames would be 22 mm off."""
    grid, times = np.arange(30) / 30, np.arange(2, 56) / 60
    swing = [np.sin(4 * np.pi * each)[:, None] for each in (grid, times)]
    np.testing.assert_allclose(at_times(swing[0], grid, times), swing[1], atol=1e-3)


def test_track_shorter_than_a_window_is_refused_with_the_length_it_needs():
    with pytest.raises(DiffhpeError, match=r"at least 0.52 s \(27 frames at 50 per second\).*0.47"):
        cut(np.arange(15) / 30)
    with pytest.raises(DiffhpeError, match=r"got 0.00 s in 0 frames"):
        cut(np.zeros(0), np.zeros((0, 17, 2)))


def test_invalid_tracks_are_named():
    times = np.arange(60) / 30
    with pytest.raises(DiffhpeError, match="rising times"):
        cut(times[::-1])
    with pytest.raises(DiffhpeError, match="times in seconds"):
        cut(times * 1e3)
    with pytest.raises(DiffhpeError, match=r"got \(60,\), \(59, 17, 2\)"):
        cut(times, motion(times)[1:])
    with pytest.raises(DiffhpeError, match="stride of 1 to 27"):
        cut(times, stride=28)
    with pytest.raises(DiffhpeError, match="windows of 27 frames within 0 to 30"):
        blend_windows(np.zeros((1, 27, 17, 3)), np.array([5]), 30)

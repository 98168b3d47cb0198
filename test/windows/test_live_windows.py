"""Windows on the uniform grid from frames at any rate."""

import dataclasses

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.windows import Observation, WindowBuilder

START = 1_700_000_000_000_000_000  # stamps are as large as today's
SPAN_S = 26 / 50
WRIST = 13


def motion(times_s):
    """Keypoints (..., 17, 2) of a smooth motion: each joint swings at its own phase, at 0.5 Hz."""
    phase = np.pi * np.asarray(times_s)[..., None, None] + np.arange(34).reshape(17, 2)
    return 0.5 * np.sin(phase)


def observe(time_s, hidden=(), confidence=0.8):
    keypoints = motion(time_s).astype(np.float32)
    keypoints[list(hidden)] = np.nan
    confidences = np.where(np.isnan(keypoints[:, 0]), 0, confidence)
    covariance = np.broadcast_to(1e-4 * np.eye(2), (17, 2, 2))
    return Observation(START + round(time_s * 1e9), keypoints, confidences, covariance)


def feed(builder, times_s, **options):
    return [builder.add(observe(time, **options)) for time in times_s]


def regular(fps, seconds=1.2):
    return np.arange(round(fps * seconds)) / fps


def irregular(fps, seconds=1.2):
    rng = np.random.default_rng(0)
    kept = regular(fps, seconds)[rng.uniform(size=round(fps * seconds)) > 0.2]
    return kept + rng.uniform(0, 0.3 / fps, len(kept))


@pytest.mark.parametrize(
    ("times", "interval"),
    [
        (regular(15), 1 / 15),
        (regular(30), 1 / 30),
        (regular(60), 1 / 60),
        (regular(240), 1 / 120),  # thinned
        (irregular(30), 4.3 / 30),
        (irregular(100), 4.3 / 100),
    ],
    ids=["15 fps", "30 fps", "60 fps", "240 fps", "irregular 30", "irregular 100"],
)
def test_windows_hold_the_motion_at_the_grid_times(times, interval):
    builder = WindowBuilder(bridge_s=0.15)
    windows = [window for window in feed(builder, times) if window]
    # Linear interpolation over an interval h errs by at most h²/8 times the acceleration.
    bound = interval**2 / 8 * 0.5 * np.pi**2 + 1e-6
    assert windows
    for window in windows:
        grid_s = (window.stamp_ns - START + window.offsets_ns) / 1e9
        assert np.abs(window.keypoints - motion(grid_s)).max() < bound
        np.testing.assert_allclose(window.confidence, 0.8, rtol=1e-6)
        np.testing.assert_allclose(window.covariance[3, 4], 1e-4 * np.eye(2), rtol=1e-5)


def test_frames_at_the_grids_rate_pass_unchanged():
    windows = feed(WindowBuilder(), regular(50))
    np.testing.assert_array_equal(windows[40].keypoints, motion(regular(50)[14:41]).astype("f4"))


def test_newest_frame_is_the_newest_observation_and_the_grid_is_uniform():
    times = irregular(30)
    window = feed(WindowBuilder(), times)[-1]
    assert window.stamp_ns == START + round(times[-1] * 1e9)
    np.testing.assert_array_equal(window.offsets_ns, np.arange(-26, 1) * 20_000_000)
    np.testing.assert_allclose(window.keypoints[-1], motion(times[-1]), atol=1e-6)
    assert window.keypoints.dtype == window.confidence.dtype == np.float32


@pytest.mark.parametrize("fps", [12, 30, 50, 60])
def test_windows_begin_when_the_history_spans_one(fps):
    times = regular(fps)
    given = [window is not None for window in feed(WindowBuilder(), times)]
    assert given == [bool(time >= SPAN_S - 1e-3) for time in times]


def test_fifty_hertz_with_jitter_gets_its_window_with_the_27th_frame():
    times = regular(50)[:27].copy()
    times[0] += 0.0007
    windows = feed(WindowBuilder(), times)
    assert windows[-1] is not None
    np.testing.assert_allclose(windows[-1].keypoints[0], motion(times[0]), atol=1e-6)
    times[0] += 0.0007
    assert feed(WindowBuilder(), times)[-1] is None


def test_windows_depend_on_nothing_but_what_came_before():
    times = irregular(30, seconds=2)
    whole = feed(WindowBuilder(), times)
    part = feed(WindowBuilder(), times[times > times[-1] - 0.75])
    np.testing.assert_array_equal(whole[-1].keypoints, part[-1].keypoints)
    # A published observation is not changed by later ones.
    fresh = feed(WindowBuilder(), times[:30])[-1]
    np.testing.assert_array_equal(whole[29].keypoints, fresh.keypoints)


def test_joint_hidden_for_a_frame_is_bridged():
    times, builder = regular(30), WindowBuilder()
    for time in times[:-1]:
        builder.add(observe(time, hidden=[WRIST] if time == times[-5] else []))
    window = builder.add(observe(times[-1]))
    grid_s = (window.stamp_ns - START + window.offsets_ns) / 1e9
    assert np.isfinite(window.keypoints).all()
    assert np.abs(window.keypoints - motion(grid_s)).max() < (2 / 30) ** 2 / 8 * 5


def test_joint_hidden_for_longer_is_unseen_in_between_and_only_that_joint():
    times, builder = regular(50), WindowBuilder()
    gone = (times > 0.745) & (times < 0.945)
    for time, hide in zip(times, gone, strict=True):
        window = builder.add(observe(time, hidden=[WRIST] if hide else []))
    grid_s = (window.stamp_ns - START + window.offsets_ns) / 1e9
    unseen = np.isnan(window.keypoints[:, WRIST]).all(-1)
    np.testing.assert_array_equal(unseen, (grid_s > 0.745) & (grid_s < 0.945))
    np.testing.assert_array_equal(window.confidence[:, WRIST] == 0, unseen)
    assert np.isnan(window.covariance[unseen, WRIST]).all()
    others = np.delete(window.keypoints, WRIST, axis=1)
    assert np.isfinite(others).all()


def test_joint_that_is_not_seen_now_is_not_guessed():
    builder = WindowBuilder()
    feed(builder, regular(30)[:-1])
    window = builder.add(observe(regular(30)[-1], hidden=[WRIST]))
    # 33 ms since the last sighting: the newest grid frames have no sighting after them.
    np.testing.assert_array_equal(np.isnan(window.keypoints[-3:, WRIST, 0]), [False, True, True])


def test_low_confidence_is_unseen_and_confidence_is_interpolated_with_the_position():
    builder = WindowBuilder()
    for k, time in enumerate(regular(25, 1.0)):
        window = builder.add(observe(time, confidence=0.2 if k % 2 else 0.8))
    np.testing.assert_allclose(
        window.confidence[-5:, 0], [0.8, 0.5, 0.2, 0.5, 0.8][::-1], rtol=1e-5
    )
    zero = WindowBuilder()
    assert np.isnan(feed(zero, regular(25, 1.0), confidence=0.0)[-1].keypoints).all()


def test_covariance_is_unknown_between_a_known_and_an_unknown_one():
    builder, times = WindowBuilder(), regular(25, 1.0)
    feed(builder, times[:-1])
    last = observe(times[-1])
    window = builder.add(
        Observation(last.stamp_ns, last.keypoints, last.confidence, np.full((17, 2, 2), np.nan))
    )
    known = np.isfinite(window.covariance[-3:, 0]).all((-1, -2))
    np.testing.assert_array_equal(known, [True, False, False])
    assert np.isfinite(window.keypoints).all()


def test_repeated_stamp_is_ignored():
    builder, times = WindowBuilder(), regular(30)
    feed(builder, times)
    assert builder.add(observe(times[-1], hidden=range(17))) is None
    after = builder.add(observe(times[-1] + 1 / 30))
    assert np.isfinite(after.keypoints).all()
    assert builder.restarts == 0


@pytest.mark.parametrize(("jump", "restarts"), [(0.45, 0), (0.55, 1), (-0.2, 1), (-100, 1)])
def test_gap_or_a_clock_that_goes_back_restarts(jump, restarts):
    builder, times = WindowBuilder(), regular(30)
    feed(builder, times)
    resumed = times[-1] + jump + regular(30)
    windows = feed(builder, resumed)
    assert builder.restarts == restarts
    waits = next(k for k, window in enumerate(windows) if window)
    assert (waits == 0) == (restarts == 0)
    if restarts:  # nothing of the earlier history remains
        fresh = feed(WindowBuilder(), resumed)
        np.testing.assert_array_equal(windows[waits].keypoints, fresh[waits].keypoints)


def test_gap_within_the_window_is_unseen():
    builder = WindowBuilder()
    times = np.concatenate([regular(50, 0.6), 0.9 + regular(50, 0.1)])
    window = feed(builder, times)[-1]
    grid_s = (window.stamp_ns - START + window.offsets_ns) / 1e9
    unseen = np.isnan(window.keypoints).all((-1, -2))
    np.testing.assert_array_equal(unseen, (grid_s > 0.585) & (grid_s < 0.895))
    assert builder.restarts == 0


def test_slow_cameras_get_windows_whose_joints_are_seen_only_when_they_were():
    windows = feed(WindowBuilder(), regular(4, 3.0))
    assert windows[-1] is not None
    assert np.isfinite(windows[-1].keypoints[-1]).all()
    assert np.isnan(windows[-1].keypoints).any()
    bridged = feed(WindowBuilder(bridge_s=0.3), regular(4, 3.0))
    assert np.isfinite(bridged[-1].keypoints).all()


def test_reset_forgets_and_is_no_restart():
    builder = WindowBuilder()
    feed(builder, regular(30))
    builder.reset()
    assert builder.add(observe(1.3)) is None
    assert builder.restarts == 0


def test_stride_gives_every_third_window():
    given = [window is not None for window in feed(WindowBuilder(stride=3), regular(50, 0.8))]
    assert given == [k >= 26 and (k - 26) % 3 == 0 for k in range(40)]


def test_memory_is_bounded_at_absurd_rates_and_windows_stay_right():
    builder = WindowBuilder(stride=100)
    windows = [window for window in feed(builder, regular(10_000, 0.7)) if window]
    assert len(builder) < 200
    grid_s = (windows[-1].stamp_ns - START + windows[-1].offsets_ns) / 1e9
    assert np.abs(windows[-1].keypoints - motion(grid_s)).max() < 1e-3


def test_other_grids():
    builder = WindowBuilder(frames=9, rate=25.0)
    window = feed(builder, regular(30))[-1]
    assert window.keypoints.shape == (9, 17, 2)
    assert window.offsets_ns[0] == -320_000_000


def test_windows_of_a_new_person_grow_to_their_usual_length():
    builder = WindowBuilder(rate=30.0, first_rate=50.0)
    windows = [window for window in feed(builder, regular(60, 1.5)) if window]
    spans = np.array([-window.offsets_ns[0] for window in windows]) / 1e9
    assert windows[0].stamp_ns - START == pytest.approx(1e9 * SPAN_S, abs=1e9 / 60)
    assert spans[0] == pytest.approx(SPAN_S, abs=1 / 60)
    np.testing.assert_allclose(np.diff(spans[:20]), 1 / 60, atol=1e-6)
    np.testing.assert_allclose(spans[25:], 26 / 30, atol=1e-6)
    for window in windows:
        grid_s = (window.stamp_ns - START + window.offsets_ns) / 1e9
        np.testing.assert_allclose(window.keypoints, motion(grid_s), atol=2e-3)


def test_first_rate_below_the_usual_one_counts_as_that():
    times = regular(30, 1.5)
    low, none = (WindowBuilder(rate=30.0, first_rate=first) for first in (13.0, None))
    for one, other in zip(feed(low, times), feed(none, times), strict=True):
        assert (one is None) == (other is None)
        assert one is None or (one.offsets_ns == other.offsets_ns).all()


@pytest.mark.parametrize(
    "options",
    [
        {"frames": 1},
        {"rate": 0.0},
        {"rate": float("nan")},
        {"rate": 1e9},
        {"first_rate": 1e9},
        {"stride": 0},
        {"bridge_s": -0.1},
        {"bridge_s": float("nan")},
        {"restart_s": 0.0},
    ],
)
def test_invalid_settings_are_refused(options):
    with pytest.raises(DiffhpeError, match="expected, got"):
        WindowBuilder(**options)


def test_wrong_shapes_are_named():
    wrong = Observation(START, np.zeros((16, 2)), np.zeros(17), np.zeros((17, 2, 2)))
    with pytest.raises(DiffhpeError, match=r"got \(16, 2\)"):
        WindowBuilder().add(wrong)


def test_joints_of_kept_observations_are_reordered():
    order = np.roll(np.arange(17), 1)
    builder, expected = WindowBuilder(), WindowBuilder()
    for time in regular(50, 0.8):
        seen = observe(time)
        builder.add(seen)
        changed = dataclasses.replace(
            seen, keypoints=seen.keypoints[order], confidence=seen.confidence[order]
        )
        expected.add(changed if time in (0.5, 0.7) else seen)
    for time in (-1.0, 0.5, 0.7, 0.705):  # the first is forgotten, the last was never seen
        builder.reorder(START + round(time * 1e9), order)
    np.testing.assert_array_equal(builder.window().keypoints, expected.window().keypoints)


def test_reordered_observations_have_no_world_landmarks_until_they_are_put_back():
    builder, order = WindowBuilder(), np.arange(17)[::-1]
    for frame, time in enumerate(regular(50, 0.8)):
        world = np.full((17, 3), 5.0 if frame == 30 else 1.0)
        builder.add(dataclasses.replace(observe(time), world_landmarks=world))
    stamp_ns = START + round(0.6 * 1e9)
    before = builder.window().world_landmarks
    assert before.max() == 5
    builder.reorder(stamp_ns, order)
    assert builder.window().world_landmarks.max() == 1  # values before and after are interpolated
    builder.reorder(stamp_ns, order)
    np.testing.assert_array_equal(builder.window().world_landmarks, before)

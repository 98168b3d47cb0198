"""Fixed bone lengths: over a window, and of a person over time."""

import numpy as np
import pytest

from diffhpe_ros.coherence import bone_lengths, segment_std
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.pipeline.bone_lengths import (
    create_bone_length_rule,
    fixed_lengths,
    with_lengths,
)
from diffhpe_ros.lifting.streaming.bone_length_tracker import BoneLengthTracker, tracked_lengths
from diffhpe_ros.rendering.walk import CircleWalk
from diffhpe_ros.track_registry import STREAM_S

WINDOW_S = 0.52
SECOND = 10**9
ANN = ("camera", 0)


def walk(scale: float = 1.0, breathing: float = 0.0) -> np.ndarray:
    """(1, 27, 17, 3), a walk; all bones grow and shrink by a share over the window."""
    joints = np.array([CircleWalk().pose(k / 50).joints for k in range(27)])
    size = scale * (1 + breathing * np.sin(np.linspace(0, 2 * np.pi, 27, endpoint=False)))
    return (size[:, None, None] * (joints - joints[:, :1]))[None]


def test_rigid_person_stays_as_it_is():
    np.testing.assert_allclose(fixed_lengths(walk()), walk(), atol=1e-3)  # its neck bends a little


def test_bones_keep_their_mean_length_and_joints_stay_near():
    breathing = walk(breathing=0.02)
    assert segment_std(breathing)[0] > 2e-3
    decoded = fixed_lengths(breathing)
    assert segment_std(decoded)[0] < 1e-6
    np.testing.assert_allclose(bone_lengths(decoded), bone_lengths(walk()), atol=1e-3)
    assert np.linalg.norm(decoded - breathing, axis=-1).max() < 0.03
    assert (decoded[:, :, 0] == 0).all()


def test_free_poses_are_not_touched():
    np.testing.assert_array_equal(create_bone_length_rule("free")(walk()), walk())


def test_who_is_not_there_stays_away():
    poses = np.concatenate([walk(), np.full((1, 27, 17, 3), np.nan)])
    decoded = fixed_lengths(poses)
    assert np.isfinite(decoded[0]).all() and np.isnan(decoded[1]).all()


def test_frame_that_holds_nan_spoils_no_other():
    poses, lengths = walk(), bone_lengths(walk()).mean(-2)
    poses[0, 5, 3] = np.nan
    decoded = with_lengths(poses, lengths)[0]
    np.testing.assert_array_equal(np.isnan(decoded).all((1, 2)), np.arange(27) == 5)
    assert np.isfinite(np.delete(decoded, 5, 0)).all()


def test_unknown_decodes_are_refused():
    with pytest.raises(DiffhpeError, match="unknown decode 'stiff'; expected one of free, rigid"):
        create_bone_length_rule("stiff")


def height(poses: np.ndarray) -> float:
    return float(bone_lengths(poses).sum(-1).mean() / bone_lengths(walk()).sum(-1).mean())


def test_lengths_are_a_mean_over_time():
    """Half a second at 1.0, then half a second at 1.1: the mean over all of it."""
    body = [BoneLengthTracker(WINDOW_S)]
    assert height(tracked_lengths(body, [0])(walk(1.0))) == pytest.approx(1.0)
    half = tracked_lengths(body, [round(WINDOW_S * SECOND)])(walk(1.1))
    assert height(half) == pytest.approx(1.05)
    for second in range(1, 61):
        late = tracked_lengths(body, [second * SECOND])(walk(1.1))
    assert height(late) == pytest.approx(1.1, abs=0.01)
    assert segment_std(late)[0] < 1e-6


def test_people_do_not_share_a_body():
    bodies = [BoneLengthTracker(WINDOW_S), BoneLengthTracker(WINDOW_S)]
    decoded = tracked_lengths(bodies, [0, 0])(np.concatenate([walk(1.0), walk(0.8)]))
    assert height(decoded[:1]) == pytest.approx(1.0)
    assert height(decoded[1:]) == pytest.approx(0.8)


def test_nobody_has_no_lengths():
    assert len(tracked_lengths([], [])(np.zeros((0, 27, 17, 3)))) == 0


@pytest.mark.parametrize(
    ("later_s", "kept"), [(0.04, True), (STREAM_S, True), (STREAM_S + 1, False), (-1.0, False)]
)
def test_stream_forgets_a_body_after_a_minute_and_when_the_clock_goes_back(
    wrapper_folder, windows, later_s, kept
):
    lifter = Lifter.from_pretrained(wrapper_folder, decode="rigid")
    stream, stamp = lifter.stream(), 10 * SECOND
    stream.lift(windows[:1], [ANN], [stamp])
    later = [stamp + round(later_s * SECOND)]
    found = stream.lift(windows[1:2], [ANN], later).poses
    anew = lifter.stream().lift(windows[1:2], [ANN], later).poses
    assert np.allclose(found, anew, atol=1e-5) != kept


def test_lifter_decodes_and_its_stream_remembers(wrapper_folder, windows):
    lifter = Lifter.from_pretrained(wrapper_folder, hypotheses=2, decode="rigid")
    assert segment_std(lifter.lift(windows).poses).max() < 1e-5
    stream = lifter.stream()
    first = stream.lift(windows[:1], [ANN], [0]).poses
    second = stream.lift(windows[1:2], [ANN], [SECOND // 25]).poses
    alone = lifter.stream().lift(windows[1:2], [ANN], [SECOND // 25]).poses
    change = np.abs(bone_lengths(second)[0, 0] - bone_lengths(first)[0, 0]).max()
    assert change < np.abs(bone_lengths(alone)[0, 0] - bone_lengths(first)[0, 0]).max()

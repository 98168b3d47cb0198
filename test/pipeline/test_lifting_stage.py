"""Windows of people → people in metres, of one or several cameras."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from standing import standing_at, standing_windows

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.options import OutputOptions
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.placement.depth import FLESH_M

FRAME_NS = 33_333_333


def usual(windows: PeopleWindows) -> PeopleWindows:
    """Windows as long as those of people who have been seen for a while."""
    return replace(windows, offsets_ns=windows.offsets_ns // 20_000_000 * FRAME_NS)


@pytest.fixture(scope="module")
def lifting(standing_model: Path) -> LiftingStage:
    return LiftingStage(Lifter.from_pretrained(standing_model, device="cpu"), OutputOptions())


def test_people_of_several_cameras_are_lifted_together(lifting: LiftingStage) -> None:
    left, nobody = standing_windows([3, 7], "left"), standing_windows([], "empty")
    right = standing_windows([3], "right", stamp_ns=9)
    results = lifting.process([left, nobody, right])
    assert [(each.frame_id, each.track_ids) for each in results] == [
        ("left", (3, 7)), ("empty", ()), ("right", (3,)),
    ]  # fmt: skip
    np.testing.assert_allclose(results[0].joints[1], standing_at(0.5, 0.1, 4), atol=0.02)
    np.testing.assert_allclose(results[2].joints[0], standing_at(0, 0.1, 4), atol=0.02)
    assert (results[0].confidence[:, 3] == 0).all()
    assert results[0].segment_std == pytest.approx([0, 0], abs=1e-4)
    assert results[0].hypothesis_spread.tolist() == [0, 0]


def test_person_with_two_seen_joints_has_no_root(lifting: LiftingStage) -> None:
    windows = standing_windows([3])
    windows.keypoints[:, -1, 2:] = np.nan
    windows.confidence[:, -1, 2:] = 0
    (people,) = lifting.process([windows])
    assert people.located.tolist() == [False]


def test_unseen_person_has_no_root(lifting: LiftingStage) -> None:
    unseen = standing_windows([3])
    unseen.keypoints[:] = np.nan
    unseen.confidence[:] = 0
    (people,) = lifting.process([unseen])
    assert people.located.tolist() == [False]


def test_lag_shows_an_earlier_frame_at_its_own_time(standing_model: Path) -> None:
    stage = LiftingStage(Lifter.from_pretrained(standing_model, device="cpu"), OutputOptions(lag=3))
    windows = usual(standing_windows([3], stamp_ns=10**9))
    windows.confidence[:, -4] = 0.5
    (people,) = stage.process([windows])
    assert people.stamp_ns == 10**9 - 3 * FRAME_NS
    assert people.confidence[0, 0] == 0.5
    np.testing.assert_allclose(people.joints[0], standing_at(0, 0.1, 4), atol=0.02)


def test_lag_leaves_out_people_whose_windows_are_still_short(standing_model: Path) -> None:
    """Three frames before the newest, they would be at another time than the others."""
    stage = LiftingStage(Lifter.from_pretrained(standing_model, device="cpu"), OutputOptions(lag=3))
    windows = standing_windows([3, 7])
    windows.offsets_ns[1] = usual(windows).offsets_ns[1]
    (people,) = stage.process([windows])
    assert people.track_ids == (7,)
    np.testing.assert_allclose(people.joints[0], standing_at(0.5, 0.1, 4), atol=0.02)


def test_lag_keeps_those_who_are_hidden_while_only_newcomers_are_in_view(
    standing_model: Path,
) -> None:
    """What is known of the hidden person's size remains, and nobody is said to have left."""
    stage = LiftingStage(Lifter.from_pretrained(standing_model, device="cpu"), OutputOptions(lag=3))
    stage.process([usual(standing_windows([3], stamp_ns=10**9))])
    known = stage.sizes.scales("camera")
    assert stage.process([standing_windows([7], stamp_ns=11 * 10**8)]) == [None]
    assert stage.sizes.scales("camera") == known
    (people,) = stage.process([standing_windows([], stamp_ns=12 * 10**8)])
    assert people is not None and not len(people) and not stage.sizes.scales("camera")


def test_smoothed_people_are_forgotten_when_they_leave(standing_model: Path) -> None:
    lifter = Lifter.from_pretrained(standing_model, device="cpu")
    options = OutputOptions(blend_s=0.1, one_euro_min_cutoff=0.1)
    stage = LiftingStage(lifter, options)
    first, later = standing_windows([3], stamp_ns=10**9), standing_windows([3], stamp_ns=2 * 10**9)
    beside = replace(later, keypoints=later.keypoints + np.float32(0.2))
    (there,) = stage.process([first])
    stage.process([standing_windows([], stamp_ns=11 * 10**8)])
    (back,) = stage.process([beside])
    fresh = LiftingStage(lifter, options)
    np.testing.assert_array_equal(back.joints, fresh.process([beside])[0].joints)
    assert back.joints[0, 0, 0] > there.joints[0, 0, 0] + 0.2


def test_covariance_of_the_hip_is_that_of_its_position(lifting: LiftingStage) -> None:
    """Mostly the distance's, since the person's height is not known."""
    (people,) = lifting.process([standing_windows([3])])
    across, along = people.covariance[0, 0, 0, 0], people.covariance[0, 0, 2, 2]
    assert 0.01 < across**0.5 < 0.05
    assert 0.036 * 4 < along**0.5 < 0.3


def test_outlier_does_not_make_a_person_jump(lifting: LiftingStage) -> None:
    lifting.process([standing_windows([])])  # all people have left
    distances = []
    for k in range(12):
        windows = standing_windows([3], stamp_ns=5_000_000_000 + 33_000_000 * k)
        if k == 10:
            windows = replace(windows, keypoints=2 * windows.keypoints)  # as if at 2 m
        (people,) = lifting.process([windows])
        distances.append(float(people.joints[0, 0, 2]))
    assert np.ptp(distances) < 0.35
    (stranger,) = lifting.process(
        [replace(windows, track_ids=(4,), keypoints=2 * windows.keypoints)]
    )
    assert stranger.joints[0, 0, 2] < 3


def test_depth_gives_distance_and_size_of_a_person(lifting: LiftingStage) -> None:
    """A child of 0.6 times the average size, who looks like an adult farther away."""
    windows = standing_windows([5])
    surface = (0.6 * standing_at(0, 0.1, 4)[:, 2] - FLESH_M).astype(np.float32)
    (people,) = lifting.process([replace(windows, depth=surface[None])])
    np.testing.assert_allclose(people.joints[0], 0.6 * standing_at(0, 0.1, 4), atol=0.06)
    assert people.covariance[0, 0, 2, 2] ** 0.5 < 0.06
    # In the next image, without depth, the size is still known, and so is the distance.
    (people,) = lifting.process([replace(windows, stamp_ns=windows.stamp_ns + FRAME_NS)])
    np.testing.assert_allclose(people.joints[0], 0.6 * standing_at(0, 0.1, 4), atol=0.06)


def test_windows_at_another_rate_are_refused(lifting: LiftingStage) -> None:
    windows = standing_windows([3])
    lifting.check(windows)
    lifting.check(usual(windows))
    expected = r"camera camera: windows of 0\.520 to 0\.867 s .* got 1\.040 s: .* rate to 30"
    with pytest.raises(DiffhpeError, match=expected):
        lifting.check(replace(windows, offsets_ns=2 * windows.offsets_ns))


def followed(stage: LiftingStage, rate: float) -> list[tuple[int, str]]:
    """Number of people and warning, for a second of one person's windows of a rate."""
    found = []
    for k in range(31):
        span_ns = min(520_000_000 + k * FRAME_NS, round(26e9 / rate))
        windows = replace(
            standing_windows([3], "left", stamp_ns=10**9 + k * FRAME_NS),
            offsets_ns=np.linspace(-span_ns, 0, 27).round().astype(np.int64)[None],
        )
        stage.check(windows)
        (people,) = stage.process([windows])
        found.append((0 if people is None else len(people), stage.span_warnings["left"]))
    return found


@pytest.mark.parametrize(("rate", "span"), [(50.0, "0.520"), (40.0, "0.650")])
def test_windows_that_stay_shorter_than_the_models_are_a_warning(
    standing_model: Path, rate: float, span: str
) -> None:
    """The detector's rate is another one than the model's; with a lag, people are lifted anyway."""
    text = (
        f"camera left: windows stay {span} s long, 0.867 s are expected by this model: set the"
        " detector's parameter rate to 30"
    )
    lifter = Lifter.from_pretrained(standing_model, device="cpu")
    results = followed(LiftingStage(lifter), rate)
    assert results == [(1, "")] * 11 + [(1, text)] * 20
    results = followed(LiftingStage(lifter, OutputOptions(lag=2)), rate)
    assert results == [(0, "")] * 11 + [(1, text)] * 20


def test_windows_that_grow_to_the_models_are_no_warning(standing_model: Path) -> None:
    stage = LiftingStage(Lifter.from_pretrained(standing_model, device="cpu"))
    assert followed(stage, 30.0) == [(1, "")] * 31


def test_person_whose_windows_start_over_is_no_warning(standing_model: Path) -> None:
    """Seen for just long enough for one window, twice: the span is the same by chance."""
    stage = LiftingStage(Lifter.from_pretrained(standing_model, device="cpu"))
    for stamp_ns in (10**9, 3 * 10**9):
        windows = standing_windows([3], stamp_ns=stamp_ns)
        stage.process([windows])
        assert stage.span_warnings == {windows.camera: ""}

"""The detection and the lifting stage, without nodes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from standing import STANDING, standing_at, standing_windows

from diffhpe_ros.camera import Camera
from diffhpe_ros.coherence import bone_lengths
from diffhpe_ros.detection import People
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import DEFAULT_MODEL
from diffhpe_ros.nodes.model_loading import load
from diffhpe_ros.nodes.parameters.tables import LifterParameters
from diffhpe_ros.pipeline.detection_stage import DetectionStage
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.options import WindowOptions
from diffhpe_ros.pipeline.output_smoothing import TrackSmoother
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.placement.depth import FLESH_M
from diffhpe_ros.tracking import PeopleTracker

CAMERA = Camera.from_field_of_view(640, 480)
IMAGE = np.zeros((480, 640, 3), np.uint8)
FRAME_NS = 33_333_333


class FixedDetector:
    """Returns people who stand at given places, whatever the image."""

    name, device = "fixed", "none"
    min_confidence, max_people = 0.5, 2
    follows_people = True

    def __init__(self) -> None:
        self.places = [0.0]
        """Metres to the right of the camera's axis."""
        self.resets = 0

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        if not self.places:
            return People.empty()
        keypoints = np.stack([CAMERA.project(standing_at(x, 0, 4)) for x in self.places])
        count = len(keypoints)
        return People(
            keypoints.astype(np.float32),
            np.ones((count, 17), np.float32),
            np.full((count, 17, 2, 2), np.nan, np.float32),
        )

    def reset(self) -> None:
        self.resets += 1


class SwayingDetector(FixedDetector):
    """Returns a person who sways, in images of a given rate."""

    def __init__(self, images_per_s: float) -> None:
        super().__init__()
        self.times = iter(np.arange(1000) / images_per_s)

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        people = super().detect(image_bgr)
        keypoints = CAMERA.project(swaying_at(next(self.times))).astype(np.float32)
        return replace(people, keypoints=keypoints[None])


def swaying_at(seconds: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Joints (..., 17, 3) of a person who sways by 0.3 m to both sides, every 2 s."""
    x = 0.3 * np.sin(np.pi * np.asarray(seconds))
    return STANDING + np.array([0, 0, 4.0]) + x[..., None, None] * np.array([1.0, 0, 0])


@pytest.fixture
def detector() -> FixedDetector:
    return FixedDetector()


@pytest.fixture
def stage(detector: FixedDetector) -> DetectionStage:
    return DetectionStage(detector, PeopleTracker(max_people=2))


def look(stage: DetectionStage, frames: range, camera: Camera = CAMERA) -> list[PeopleWindows]:
    sightings = [stage.process(IMAGE, camera, "cam", 10**9 + FRAME_NS * k) for k in frames]
    return [sighting.windows for sighting in sightings if sighting.windows is not None]


def test_windows_begin_when_27_frames_of_time_have_passed(stage: DetectionStage) -> None:
    assert look(stage, range(15)) == []
    (first,) = look(stage, range(15, 17))
    assert first.track_ids == (0,)
    assert first.stamp_ns == 10**9 + 16 * FRAME_NS
    expected = 2.29 * STANDING[:, 0] / (4 + STANDING[:, 2])
    np.testing.assert_allclose(first.keypoints[0, :, :, 0], np.tile(expected, (27, 1)), atol=1e-4)


def sway(
    images_per_s: float, options: WindowOptions | None = None
) -> tuple[DetectionStage, list[PeopleWindows]]:
    stage = DetectionStage(SwayingDetector(images_per_s), PeopleTracker(), options)
    stamps = [round(k / images_per_s * 1e9) for k in range(40)]
    sightings = [stage.process(IMAGE, CAMERA, "cam", stamp) for stamp in stamps]
    return stage, [each.windows for each in sightings if each.windows is not None]


def test_windows_of_a_slow_camera_are_complete_and_follow_the_motion() -> None:
    stage, windows = sway(8.0)
    assert len(windows) == 40 - 5  # 0.52 s are over with the sixth image
    assert stage.images_per_s == pytest.approx(8)
    assert stage.bridged_s == pytest.approx(1.5 / 8)
    for each in windows:
        truth = swaying_at((each.stamp_ns + each.offsets_ns[0]) / 1e9)
        view = 2.29 * truth[..., :2] / truth[..., 2:]
        # A straight line over h departs from x by at most h²/8·max|x''|: 6 mm at 4 m, 0.0033.
        np.testing.assert_allclose(each.keypoints[0], view, atol=0.0035)


def test_bridged_gaps_follow_the_image_rate_within_limits() -> None:
    default, patient = WindowOptions(), WindowOptions(bridge_s=0.8)
    bridged = [sway(rate, default)[0].bridged_s for rate in (30, 10, 4)]
    assert bridged == pytest.approx([0.1, 0.15, 0.3])
    assert sway(4, patient)[0].bridged_s == 0.8
    assert sway(4, default)[0].least_images_per_s == pytest.approx(5)
    assert sway(4, patient)[0].least_images_per_s == pytest.approx(2)  # 1 / restart_s


def test_empty_windows_come_once_after_the_last_person_has_left(
    stage: DetectionStage, detector: FixedDetector
) -> None:
    detector.places = []
    assert look(stage, range(60)) == []
    detector.places = [0.0]
    assert len(look(stage, range(60, 80))) == 4
    detector.places = []
    (on_stopped,) = look(stage, range(80, 140))
    assert len(on_stopped) == 0
    assert on_stopped.keypoints.shape == (0, 27, 17, 2)


def test_each_track_has_windows_while_the_person_is_in_view(
    stage: DetectionStage, detector: FixedDetector
) -> None:
    detector.places = [0.5]
    assert [each.track_ids for each in look(stage, range(20))] == [(0,)] * 4
    detector.places = [-0.5, 0.5]  # the new one first
    assert [each.track_ids for each in look(stage, range(20, 40))] == [(0,)] * 16 + [(0, 1)] * 4
    detector.places = [-0.5]
    windows = look(stage, range(40, 80))
    assert {each.track_ids for each in windows} == {(1,)}
    np.testing.assert_allclose(windows[-1].keypoints[0, -1, 0, 0], 2.29 * -0.5 / 4, atol=1e-4)
    detector.places = [-0.5, 0.5]  # after more than a second it may be anybody
    assert look(stage, range(80, 100))[-1].track_ids == (1, 2)


def test_window_continues_after_a_short_occlusion(
    stage: DetectionStage, detector: FixedDetector
) -> None:
    look(stage, range(20))
    detector.places = []
    look(stage, range(20, 30))
    detector.places = [0.02]
    (window,) = look(stage, range(30, 31))
    assert window.track_ids == (0,)
    # Unseen between the last sighting, 11 images ago, and this one.
    unseen = np.isnan(window.keypoints[0, :, 0, 0])
    assert unseen[-15:-1].all()
    assert not unseen[[0, -1]].any()


def test_tracks_start_anew_when_the_clock_jumps_back(
    stage: DetectionStage, detector: FixedDetector
) -> None:
    look(stage, range(20))
    assert look(stage, range(15)) == []
    assert (stage.resets, detector.resets) == (1, 1)
    (window,) = look(stage, range(15, 17))
    assert window.track_ids == (1,)  # perhaps somebody else


def test_tracks_start_anew_with_another_camera(stage: DetectionStage) -> None:
    look(stage, range(20))
    assert look(stage, range(20, 30), Camera.from_field_of_view(640, 480, 90)) == []
    assert stage.resets == 1


def test_windows_continue_during_a_zoom(stage: DetectionStage) -> None:
    look(stage, range(20))
    for k in range(20, 30):
        zoom = np.array([[1 + k / 1000], [1 + k / 1000], [1]])
        zoomed = Camera(640, 480, CAMERA.matrix * zoom, np.zeros(5))
        assert len(look(stage, range(k, k + 1), zoomed)) == 1
    assert stage.resets == 0


def test_images_out_of_order_are_counted_and_ignored(stage: DetectionStage) -> None:
    look(stage, range(20))
    assert look(stage, range(17, 19)) == []
    assert len(look(stage, range(20, 22))) == 2
    assert (stage.late, stage.resets) == (2, 0)


def test_repeated_stamps_are_counted_and_ignored(stage: DetectionStage) -> None:
    look(stage, range(20))
    assert look(stage, range(19, 20)) == []
    assert (stage.repeated, stage.resets) == (1, 0)


@pytest.fixture(scope="module")
def lifting(standing_model: Path) -> LiftingStage:
    parameters = LifterParameters(model=str(standing_model), device="cpu")
    return LiftingStage(load(parameters).lifter, parameters.output_options)


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


def test_person_with_few_joints_seen_has_no_position(lifting: LiftingStage) -> None:
    windows = standing_windows([3])
    windows.keypoints[:, -1, 2:] = np.nan
    windows.confidence[:, -1, 2:] = 0
    (people,) = lifting.process([windows])
    assert people.placed.tolist() == [False]


def test_person_without_joints_seen_has_no_position(lifting: LiftingStage) -> None:
    unseen = standing_windows([3])
    unseen.keypoints[:] = np.nan
    unseen.confidence[:] = 0
    (people,) = lifting.process([unseen])
    assert people.placed.tolist() == [False]


def test_lag_gives_an_earlier_frame_with_its_own_stamp(standing_model: Path) -> None:
    parameters = LifterParameters(model=str(standing_model), device="cpu", lag=3)
    windows = standing_windows([3], stamp_ns=10**9)
    windows.confidence[:, -4] = 0.5
    (people,) = LiftingStage(load(parameters).lifter, parameters.output_options).process([windows])
    assert people.stamp_ns == 10**9 - 60_000_000
    assert people.confidence[0, 0] == 0.5
    np.testing.assert_allclose(people.joints[0], standing_at(0, 0.1, 4), atol=0.02)


def test_smoothed_bones_are_as_long_as_those_of_the_window() -> None:
    steady = TrackSmoother(blend_s=0.2, min_cutoff=1.0, beta=0.0)
    grid_ns, root = np.arange(-26, 1) * 20_000_000, np.array([0.0, 0.1, 4.0])
    for number, angle in enumerate((0.0, 0.6, 1.2)):
        turn = np.array(
            [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
        )
        poses = np.tile(STANDING @ turn.T, (27, 1, 1))
        shown = steady(number * FRAME_NS + grid_ns, poses, -1, root)
        np.testing.assert_allclose(bone_lengths(shown), bone_lengths(STANDING), atol=1e-6)
    assert np.abs(shown - poses[-1] - root).max() > 0.02  # not yet where the newest window is


def test_smoothing_starts_anew_after_people_have_left(standing_model: Path) -> None:
    parameters = LifterParameters(
        model=str(standing_model), device="cpu", blend_s=0.1, one_euro_min_cutoff=0.1
    )
    stage = LiftingStage(load(parameters).lifter, parameters.output_options)
    first, later = standing_windows([3], stamp_ns=10**9), standing_windows([3], stamp_ns=2 * 10**9)
    beside = replace(later, keypoints=later.keypoints + np.float32(0.2))
    (there,) = stage.process([first])
    stage.process([standing_windows([], stamp_ns=11 * 10**8)])
    (back,) = stage.process([beside])
    fresh = LiftingStage(load(parameters).lifter, parameters.output_options)
    np.testing.assert_array_equal(back.joints, fresh.process([beside])[0].joints)
    assert back.joints[0, 0, 0] > there.joints[0, 0, 0] + 0.2


def test_covariance_of_the_hip_is_that_of_the_position(lifting: LiftingStage) -> None:
    """Mostly of the distance, since nobody knows how tall the person is."""
    (people,) = lifting.process([standing_windows([3])])
    across, along = people.covariance[0, 0, 0, 0], people.covariance[0, 0, 2, 2]
    assert 0.01 < across**0.5 < 0.05
    assert 0.036 * 4 < along**0.5 < 0.3


def test_distance_does_not_jump_with_one_wrong_image(lifting: LiftingStage) -> None:
    lifting.process([standing_windows([])])  # everybody has left
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


def test_depth_gives_distance_and_body_scale(lifting: LiftingStage) -> None:
    """A child of 0.6 of the usual size: in the picture alone like a grown-up farther away."""
    windows = standing_windows([5])
    surface = (0.6 * standing_at(0, 0.1, 4)[:, 2] - FLESH_M).astype(np.float32)
    (people,) = lifting.process([replace(windows, depth=surface[None])])
    np.testing.assert_allclose(people.joints[0], 0.6 * standing_at(0, 0.1, 4), atol=0.06)
    assert people.covariance[0, 0, 2, 2] ** 0.5 < 0.06
    # One image without depth later the size is still known, and with it the distance.
    (people,) = lifting.process([replace(windows, stamp_ns=windows.stamp_ns + FRAME_NS)])
    np.testing.assert_allclose(people.joints[0], 0.6 * standing_at(0, 0.1, 4), atol=0.06)


def test_depth_is_taken_at_the_joints_of_the_newest_image(detector: FixedDetector) -> None:
    asked = []

    def depth_at(stamp_ns: int, width: int, height: int) -> NDArray[np.float32] | None:
        asked.append(stamp_ns)
        return np.tile(np.linspace(1, 2, width, dtype=np.float32), (height, 1))

    stage = DetectionStage(detector, PeopleTracker(), depth_at=depth_at)
    (windows,) = look(stage, range(17))
    assert asked == [windows.stamp_ns]
    assert windows.depth is not None
    across = CAMERA.project(standing_at(0, 0, 4))[:, 0]
    np.testing.assert_allclose(windows.depth[0], 1 + across / 639, atol=0.002)


def test_windows_at_another_rate_are_refused(lifting: LiftingStage) -> None:
    windows = standing_windows([3])
    with pytest.raises(DiffhpeError, match=r"windows of 0\.520 s are expected.*got 1\.040 s"):
        lifting.check(replace(windows, offsets_ns=2 * windows.offsets_ns))


def test_default_model_is_that_of_the_command_line() -> None:
    # Written twice, since the parameters are also the detector's, which does without torch.
    assert LifterParameters().model == DEFAULT_MODEL


def test_unknown_model_is_named() -> None:
    with pytest.raises(DiffhpeError, match="unknown model 'nosuch'"):
        load(LifterParameters(model="nosuch"))

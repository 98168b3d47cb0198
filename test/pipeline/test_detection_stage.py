"""Images → windows of people: tracks start, continue and end."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from numpy.typing import NDArray
from standing import STANDING, standing_at

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection import People
from diffhpe_ros.detection.types import Check
from diffhpe_ros.pipeline.detection_stage import DetectionStage
from diffhpe_ros.pipeline.options import WindowOptions
from diffhpe_ros.pipeline.people import PeopleWindows
from diffhpe_ros.skeleton import MIRRORED
from diffhpe_ros.tracking import PeopleTracker

CAMERA = Camera.from_field_of_view(640, 480)
IMAGE = np.zeros((480, 640, 3), np.uint8)
FRAME_NS = 33_333_333


class WrittenDetector:
    """A fake detector that returns given people for a black image, or none."""

    name, device = "written", "none"
    min_confidence, max_people = 0.5, 2

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


class LensDetector(WrittenDetector):
    """A detector that needs the camera."""

    def __init__(self) -> None:
        super().__init__()
        self.cameras: list[Camera] = []

    def use_camera(self, camera: Camera) -> None:
        self.cameras.append(camera)


class SwayingDetector(WrittenDetector):
    """A detector of a swaying person, in images at a given rate."""

    def __init__(self, images_per_s: float) -> None:
        super().__init__()
        self.times = iter(np.arange(1000) / images_per_s)

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        people = super().detect(image_bgr)
        keypoints = CAMERA.project(swaying_at(next(self.times))).astype(np.float32)
        return replace(people, keypoints=keypoints[None])


class ConfusedDetector(SwayingDetector):
    """Swaps left and right in some images."""

    def __init__(self, images_per_s: float, confused: range) -> None:
        super().__init__(images_per_s)
        self.confused, self.images = confused, count()

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        people = super().detect(image_bgr)
        if next(self.images) not in self.confused:
            return people
        return replace(people, keypoints=people.keypoints[:, list(MIRRORED)])


class CheckedDetector(ConfusedDetector):
    """Checks every tenth image with a better network, whose result comes five images later."""

    def __init__(self, images_per_s: float, confused: range) -> None:
        super().__init__(images_per_s, confused)
        self.seen: list[NDArray[np.float32]] = []

    def detect(self, image_bgr: NDArray[np.uint8]) -> People:
        people = super().detect(image_bgr)
        self.seen.append(people.keypoints[0])
        if len(self.seen) % 10 != 6:
            return people
        return replace(people, check=Check(5, 0, self.seen[-6][list(MIRRORED)]))


def swaying_at(seconds: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Joints (..., 17, 3) of a person who sways by 0.3 m to both sides, every 2 s."""
    x = 0.3 * np.sin(np.pi * np.asarray(seconds))
    return STANDING + np.array([0, 0, 4.0]) + x[..., None, None] * np.array([1.0, 0, 0])


@pytest.fixture
def detector() -> WrittenDetector:
    return WrittenDetector()


@pytest.fixture
def stage(detector: WrittenDetector) -> DetectionStage:
    return DetectionStage(detector, PeopleTracker(max_people=2))


def look(stage: DetectionStage, frames: range, camera: Camera = CAMERA) -> list[PeopleWindows]:
    sightings = [stage.process(IMAGE, camera, "cam", 10**9 + FRAME_NS * k) for k in frames]
    return [sighting.windows for sighting in sightings if sighting.windows is not None]


def test_windows_begin_after_27_frames_of_time(stage: DetectionStage) -> None:
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


def test_slow_camera_gives_whole_windows_that_follow_the_motion() -> None:
    stage, windows = sway(8.0)
    assert len(windows) == 40 - 5  # 0.52 s are over with the sixth image
    assert stage.images_per_s == pytest.approx(8)
    assert stage.bridged_s == pytest.approx(1.5 / 8)
    for each in windows:
        truth = swaying_at((each.stamp_ns + each.offsets_ns[0]) / 1e9)
        view = 2.29 * truth[..., :2] / truth[..., 2:]
        # A straight line over h departs from x by at most h²/8·max|x''|: 6 mm at 4 m, 0.0033.
        np.testing.assert_allclose(each.keypoints[0], view, atol=0.0035)


@pytest.mark.parametrize("confused", [range(20, 27), range(6)], ids=["later", "at first"])
def test_left_and_right_are_kept_where_the_detector_confuses_them(confused: range) -> None:
    stage = DetectionStage(ConfusedDetector(30.0, confused), PeopleTracker())
    results = [stage.process(IMAGE, CAMERA, "cam", k * FRAME_NS) for k in range(40)]
    _, without = sway(30.0)
    windows = [each.windows for each in results if each.windows is not None]
    for each, expected in list(zip(windows, without, strict=True))[-20:]:
        np.testing.assert_allclose(each.keypoints, expected.keypoints, atol=1e-3)
    if 0 not in confused:
        assert stage.exchanged == len(confused)
        shown = results[confused[0]].people.keypoints[0]
        np.testing.assert_allclose(shown, results[confused[0] - 1].people.keypoints[0], atol=20)


def test_check_by_another_network_mends_a_detector_that_is_always_wrong() -> None:
    stage = DetectionStage(CheckedDetector(30.0, range(1000)), PeopleTracker())
    results = [stage.process(IMAGE, CAMERA, "cam", k * FRAME_NS) for k in range(40)]
    _, without = sway(30.0)
    assert results[-1].windows is not None
    np.testing.assert_allclose(results[-1].windows.keypoints, without[-1].keypoints, atol=1e-3)
    assert stage.checked == 4


def test_bridge_follows_the_image_rate_within_limits() -> None:
    default, patient = WindowOptions(), WindowOptions(bridge_s=0.8)
    bridged = [sway(rate, default)[0].bridged_s for rate in (30, 10, 4)]
    assert bridged == pytest.approx([0.1, 0.15, 0.3])
    assert sway(4, patient)[0].bridged_s == 0.8
    assert sway(4, default)[0].least_images_per_s == pytest.approx(5)
    assert sway(4, patient)[0].least_images_per_s == pytest.approx(2)  # 1 / restart_s


def test_empty_images_give_no_windows_but_the_end_of_a_track(
    stage: DetectionStage, detector: WrittenDetector
) -> None:
    """At first, too: those who receive the windows may know people of a detector that ended."""
    detector.places = []
    (at_first,) = look(stage, range(60))
    assert len(at_first) == 0 and at_first.stamp_ns == 10**9
    detector.places = [0.0]
    assert len(look(stage, range(60, 80))) == 4
    detector.places = []
    (on_stopped,) = look(stage, range(80, 140))
    assert len(on_stopped) == 0
    assert on_stopped.keypoints.shape == (0, 27, 17, 2)


def test_tracks_have_windows_from_their_first_image_to_their_last(
    stage: DetectionStage, detector: WrittenDetector
) -> None:
    detector.places = [0.5]
    assert [each.track_ids for each in look(stage, range(20))] == [(0,)] * 4
    detector.places = [-0.5, 0.5]  # the new one first
    assert [each.track_ids for each in look(stage, range(20, 40))] == [(0,)] * 16 + [(0, 1)] * 4
    detector.places = [-0.5]
    windows = look(stage, range(40, 80))
    assert {each.track_ids for each in windows} == {(1,)}
    np.testing.assert_allclose(windows[-1].keypoints[0, -1, 0, 0], 2.29 * -0.5 / 4, atol=1e-4)
    detector.places = [-0.5, 0.5]  # in the same clothes, black
    assert look(stage, range(80, 100))[-1].track_ids == (0, 1)
    assert (stage.returned, stage.last_return.track_id) == (1, 0)


class ExchangingTracker(PeopleTracker):
    """Finds in the 30th image that its two tracks had swapped people."""

    images = 0

    def update(self, people: People, stamp_ns: int) -> NDArray[np.int64]:
        ids = super().update(people, stamp_ns)
        self.images += 1
        self.exchanges = [(0, 1)] if self.images == 30 else []
        return 1 - ids if self.images >= 30 else ids


def test_windows_go_with_the_bodies_where_two_ids_are_exchanged(detector: WrittenDetector) -> None:
    stage = DetectionStage(detector, ExchangingTracker(2))
    detector.places = [-0.5, 0.5]
    windows = look(stage, range(40))
    assert all(each.track_ids == (0, 1) for each in windows)
    x = np.array([each.keypoints[:, :, 0, 0] for each in windows])  # (images, people, frames)
    np.testing.assert_allclose(x, x[:, :, :1].repeat(27, -1), atol=1e-4)  # no window has a jump
    sides = np.sign(x[:, :, 0])
    first = sides[0]
    assert (sides[-1] == -first).all()
    assert stage.tracks_exchanged == 1


def test_track_hidden_for_a_moment_keeps_its_window(
    stage: DetectionStage, detector: WrittenDetector
) -> None:
    look(stage, range(20))
    detector.places = []
    look(stage, range(20, 30))
    detector.places = [0.02]
    (window,) = look(stage, range(30, 31))
    assert window.track_ids == (0,)
    # Unseen between the last sighting, 11 images ago, and this one.
    unseen = np.isnan(window.keypoints[0, :, 0, 0])
    assert unseen[-11:-1].all()
    assert not unseen[[0, -1]].any()


def test_clock_that_jumps_back_restarts_the_windows(
    stage: DetectionStage, detector: WrittenDetector
) -> None:
    look(stage, range(20))
    assert look(stage, range(15)) == []
    assert (stage.resets, detector.resets) == (1, 1)
    (window,) = look(stage, range(15, 17))
    assert window.track_ids == (1,)  # perhaps somebody else


def test_other_camera_restarts_the_windows(stage: DetectionStage) -> None:
    look(stage, range(20))
    assert look(stage, range(20, 30), Camera.from_field_of_view(640, 480, 90)) == []
    assert stage.resets == 1


def test_zoom_is_followed_without_a_new_window(stage: DetectionStage) -> None:
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


def test_depth_is_taken_at_the_joints_of_the_newest_image(detector: WrittenDetector) -> None:
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


def test_detector_knows_the_camera_of_the_images() -> None:
    detector = LensDetector()
    stage = DetectionStage(detector, PeopleTracker(2))
    zoomed = replace(CAMERA, matrix=CAMERA.matrix * [[1.01, 1, 1], [1, 1.01, 1], [1, 1, 1]])
    for frame, camera in enumerate((CAMERA, CAMERA, zoomed)):
        stage.process(IMAGE, camera, "camera", frame * FRAME_NS)
    assert detector.cameras == [CAMERA, zoomed]

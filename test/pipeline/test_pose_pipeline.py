"""`PosePipeline`: images of one camera → people in metres, without ROS."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.metrics import mpjpe
from diffhpe_ros.pipeline import LiftedPeople, PosePipeline
from diffhpe_ros.pipeline.options import ObstacleOptions, OutputOptions, WindowOptions
from diffhpe_ros.rendering.clip import Clip, walking_clip
from diffhpe_ros.video import VideoReader


@pytest.fixture(scope="module")
def clip() -> Clip:
    return walking_clip()


@pytest.fixture(scope="module")
def pipeline(clip: Clip) -> PosePipeline:
    return PosePipeline.from_pretrained(camera=clip.camera)


def images(clip: Clip, count: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    with VideoReader(clip.video_path) as video:
        for index, time_s, image in video:
            if index == count:
                return
            yield round(time_s * 1e9), image


def run(pipeline: PosePipeline, clip: Clip, count: int = 60) -> list[LiftedPeople]:
    pipeline.reset()
    assert pipeline.up is None
    return [pipeline(image, stamp_ns) for stamp_ns, image in images(clip, count)]


def test_person_in_a_video_is_lifted_in_metres(pipeline, clip):
    people = run(pipeline, clip)
    assert [len(each) for each in people[:10]] == [0] * 10  # a window is half a second
    assert {each.track_ids for each in people[20:]} == {(0,)}
    found = np.stack([each.joints[0] for each in people[20:]])
    truth = clip.joints[20:60]
    assert mpjpe(found - found[:, :1], truth - truth[:, :1]) < 0.06
    assert np.abs(found[:, 0] - truth[:, 0]).max() < 0.3  # metres, of 4
    assert people[-1].covariance.shape == (1, 17, 3, 3)
    assert people[-1].confidence.shape == (1, 17)
    assert people[20].states[0].posture == "UNKNOWN"  # gravity is not known yet
    assert people[-1].states[0].posture == "STANDING"
    assert not any(each.states[0].gestures for each in people[20:])
    assert pipeline.up is not None and pipeline.up[1] < -0.98  # the camera looks 5 degrees down


def test_same_images_give_the_same_people_again(pipeline, clip):
    once, again = run(pipeline, clip, 30), run(pipeline, clip, 30)
    np.testing.assert_array_equal(once[-1].joints, again[-1].joints)


def test_camera_that_is_not_known_is_assumed_and_says_so(clip):
    pipeline = PosePipeline.from_pretrained("mixste", field_of_view=70.0)
    ((stamp_ns, image),) = images(clip, 1)
    assert len(pipeline(image, stamp_ns)) == 0
    assert pipeline.camera is not None
    assert not pipeline.camera.calibrated
    assert (pipeline.camera.width, pipeline.camera.height) == (image.shape[1], image.shape[0])


def test_images_of_another_size_than_the_cameras_are_refused(pipeline):
    with pytest.raises(DiffhpeError, match=r"images of \d+x\d+ are expected.*got 20x10"):
        pipeline(np.zeros((10, 20, 3), np.uint8), 0)


@pytest.mark.parametrize("stamp", [float("nan"), 1.5e9, 10**30, -1, "1", True])
def test_stamps_that_are_no_whole_numbers_are_refused_and_change_nothing(pipeline, clip, stamp):
    people = run(pipeline, clip, 30)[-1]
    assert len(people) == 1
    ((_, image),) = images(clip, 1)
    with pytest.raises(DiffhpeError, match="stamp_ns must be a whole number of nanoseconds"):
        pipeline(image, stamp)
    assert len(pipeline(list(images(clip, 31))[-1][1], 31 * 33_333_333)) == 1


def test_stamps_that_do_not_rise_are_refused(pipeline, clip):
    run(pipeline, clip, 2)
    ((_, image),) = images(clip, 1)
    with pytest.raises(DiffhpeError, match="stamps must rise: 0 ns"):
        pipeline(image, 0)


def test_up_that_is_given_is_known_at_once(clip):
    pipeline = PosePipeline.from_pretrained(camera=clip.camera, up=(0.0, -1.0, 0.0))
    people = [pipeline(image, stamp_ns) for stamp_ns, image in images(clip, 30)]
    assert people[-1].states[0].posture == "STANDING"
    np.testing.assert_array_equal(pipeline.up, (0.0, -1.0, 0.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: OutputOptions(lag=-1), "lag is -1; a whole number from 0 to 13 is expected"),
        (lambda: OutputOptions(lag=30), "lag is 30; a whole number from 0 to 13 is expected"),
        (lambda: OutputOptions(lag=1.5), "lag is 1.5; a whole number from 0 to 13 is expected"),
        (lambda: OutputOptions(blend_s=-1), "blend_s is -1; 0 to 1 is expected"),
        (lambda: OutputOptions(forget_s=True), "forget_s is True; 0.05 to 60 is expected"),
        (lambda: WindowOptions(rate="30"), "rate is '30'; 13 to 1000 is expected"),
        (lambda: WindowOptions(first_rate=float("nan")), "first_rate is nan; 13 to 1000 is expe"),
        (lambda: WindowOptions(stride=0), "stride is 0; a whole number from 1 to 1000 is expected"),
        (lambda: ObstacleOptions(spacing=0), "spacing is 0; 0.02 to 1 is expected"),
    ],
)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(DiffhpeError, match=message):
        make()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"windows": WindowOptions(rate=50.0)}, "rate is 50; 30, the model's, is expected"),
        ({"windows": WindowOptions(first_rate=60.0)}, "first_rate is 60; at most 50, the model's"),
        ({"max_people": 0}, "max_people must be a whole number of at least 1, got 0"),
        ({"max_people": -1}, "max_people must be a whole number of at least 1, got -1"),
        ({"up": (0, 0, 0)}, r"up is \(0, 0, 0\); a vector of 3 numbers is expected"),
        ({"up": (0, -1)}, r"up is \(0, -1\); a vector of 3 numbers is expected"),
        ({"up": (0, float("nan"), 0)}, r"up is \(0, nan, 0\); a vector of 3 numbers is expected"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options, message):
    with pytest.raises(DiffhpeError, match=message):
        PosePipeline.from_pretrained(**options)


def test_up_may_have_any_length():
    """For example that of an accelerometer's vector, in m/s²."""
    pipeline = PosePipeline.from_pretrained(up=(0.0, -9.81, 0.0))
    np.testing.assert_array_equal(pipeline.up, (0.0, -1.0, 0.0))


@pytest.mark.parametrize(("model", "rates"), [("mixste", (50, 50)), ("mixste-robust", (30, 50))])
def test_windows_have_the_models_rates_unless_others_are_given(model, rates):
    windows = WindowOptions(stride=2).of_model(Lifter.from_pretrained(model, device="cpu").config)
    assert (windows.rate, windows.first_rate, windows.stride) == (*rates, 2)

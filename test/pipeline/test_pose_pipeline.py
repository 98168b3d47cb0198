"""`PosePipeline`: images of one camera → people in metres, without ROS."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.metrics import mpjpe
from diffhpe_ros.pipeline import LiftedPeople, PosePipeline
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

"""A bag's images are a recording, with the camera of its camera_info."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="reading a bag's messages needs ROS 2")

from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.camera_info import info_from_camera
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.images import ImagePacker
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.view.bag import BagRecording
from diffhpe_ros.view.recordings import VideoRecording

FRAMES = 6
START_NS = 1_700_000_000_000_000_000


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bag(tmp_path_factory.mktemp("bag") / "walk", range(FRAMES))


def write_bag(path: Path, order: Sequence[int]) -> Path:
    """Images of the clip on /camera/image_raw, recorded in this order, and its camera_info."""
    clip = walking_clip()
    recording, store = VideoRecording(clip.video_path), get_typestore(Stores.LATEST)
    packer, info = ImagePacker(), info_from_camera(clip.camera)
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        images, infos = (
            writer.add_connection(f"/camera/{topic}", f"sensor_msgs/msg/{kind}", typestore=store)
            for topic, kind in (("image_raw", "Image"), ("camera_info", "CameraInfo"))
        )
        for index, recorded in zip(order, recording.stamps_ns.tolist(), strict=False):
            stamp = START_NS + int(recording.stamps_ns[index])
            info.header = make_header("camera", stamp)
            writer.write(infos, START_NS + recorded, serialize_message(info))
            image = packer.pack(recording.image(index), "camera", stamp)
            writer.write(images, START_NS + recorded, serialize_message(image))
    return path


def test_images_of_a_bag_are_read_in_any_order(bag: Path) -> None:
    recording, truth = BagRecording(bag), VideoRecording(walking_clip().video_path)
    assert recording.stamps_ns.tolist() == truth.stamps_ns[:FRAMES].tolist()
    for index in (4, 1, 2, 0):
        assert np.array_equal(recording.image(index), truth.image(index))


def test_images_that_were_recorded_in_another_order_are_sorted_by_their_stamps(
    tmp_path: Path,
) -> None:
    recording = BagRecording(write_bag(tmp_path / "walk", [1, 0, 2, 4, 3, 5]))
    truth = VideoRecording(walking_clip().video_path)
    for index in range(FRAMES):
        assert np.array_equal(recording.image(index), truth.image(index)), index


def test_camera_is_that_of_the_camera_info(bag: Path) -> None:
    camera = BagRecording(bag).camera
    assert camera is not None
    assert np.array_equal(camera.matrix, walking_clip().camera.matrix)


def test_topic_that_is_not_in_the_bag_is_refused_with_those_that_are(bag: Path) -> None:
    with pytest.raises(DiffhpeError, match=r"no images on /left; .*: /camera/image_raw"):
        BagRecording(bag, "/left")


def test_what_is_no_bag_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiffhpeError, match="cannot read bag"):
        BagRecording(tmp_path / "none")

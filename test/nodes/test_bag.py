"""A recorded bag, played twice, gives the same bytes twice."""

from pathlib import Path

import pytest
from graph import EVERYTHING, TOPICS, Graph
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CameraInfo, Image

from diffhpe_ros.nodes.base import StageNode
from diffhpe_ros.nodes.detector import DetectorNode
from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.camera_info import read_calibration, write_calibration
from diffhpe_ros.nodes.messages.images import ImagePacker
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]
FRAMES = 24  # 8 of them have a full window


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A walking person, as ros2 bag would record the driver's topics."""
    folder = tmp_path_factory.mktemp("bag")
    clip, packer, types = walking_clip(), ImagePacker(), get_typestore(Stores.ROS2_KILTED)
    write_calibration(clip.camera, folder / "camera.yaml")
    info = read_calibration(str(folder / "camera.yaml"))
    with (
        Writer(folder / "walk", version=9, storage_plugin=StoragePlugin.MCAP) as writer,
        VideoReader(clip.video_path) as video,
    ):
        images = writer.add_connection("/image", "sensor_msgs/msg/Image", typestore=types)
        infos = writer.add_connection("/camera_info", "sensor_msgs/msg/CameraInfo", typestore=types)
        for index, _, image in video:
            if index == FRAMES:
                break
            stamp_ns = 10**9 + round(index * 1e9 / clip.fps)
            message = packer.pack(image, "camera", stamp_ns)
            info.header = message.header
            writer.write(infos, stamp_ns, serialize_message(info))
            writer.write(images, stamp_ns, serialize_message(message))
    return folder / "walk"


@pytest.fixture
def nodes(graph: Graph, diffusion_model: Path) -> tuple[StageNode, StageNode]:
    """Detector and lifter in replay mode, configured."""
    both = (
        graph.make(DetectorNode, replay=True),
        graph.make(LifterNode, replay=True, model=diffusion_model, sampler="ddim", steps=2),
    )
    for node in both:
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    return both


def test_a_bag_played_twice_gives_the_same_bytes(
    graph: Graph, bag: Path, nodes: tuple[StageNode, StageNode]
) -> None:
    image = graph.node.create_publisher(Image, "image", EVERYTHING)
    info = graph.node.create_publisher(CameraInfo, "camera_info", EVERYTHING)
    publishers = {"/image": image, "/camera_info": info}

    def play() -> dict[str, list[bytes]]:
        for node in nodes:
            assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        for publisher in publishers.values():
            graph.until(publisher.get_subscription_count, "detector")
        with Reader(bag) as reader:
            for connection, _, data in reader.messages():
                publishers[connection.topic].publish(bytes(data))
                graph.executor.spin_once(timeout_sec=0)
        graph.until(lambda: len(graph.raw["coherence"]) == FRAMES - 16, "all results")
        enqueue = {topic: list(graph.raw[topic]) for topic in TOPICS}
        for node in nodes:
            assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
        graph.forget()
        return enqueue

    first, second = play(), play()
    assert all(first.values())
    assert second == first

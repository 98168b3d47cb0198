"""lift.mcap, read by another library than the one that wrote it."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from mcap.reader import make_reader
from rclpy.serialization import deserialize_message
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo, CompressedImage, PointCloud2
from visualization_msgs.msg import MarkerArray

from diffhpe_ros.demo.bag import write_bag
from diffhpe_ros.demo.bag_messages import TYPES, bag_messages
from diffhpe_ros.demo.images import stamped_jpegs
from diffhpe_ros.demo.recording import DemoSettings, GraphRecording, record
from diffhpe_ros.demo.source import DemoSource
from diffhpe_ros.geometry.upright import LEVEL
from diffhpe_ros.lifting import DEFAULT_MODEL
from diffhpe_ros.nodes.messages.header import stamp_to_ns
from diffhpe_ros.video import VideoReader

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.timeout(600)]  # of busy machines
ROOT = Path(__file__).resolve().parents[2]
START_NS = 1_000_000_000
Contents = dict[str, list[tuple[int, bytes]]]


def replay(clip: DemoSource, folder: Path) -> GraphRecording:
    return record(clip, DemoSettings(DEFAULT_MODEL), folder, replay=True)


def write(path: Path, recording: GraphRecording, clip: DemoSource) -> Path:
    jpegs = stamped_jpegs(clip, START_NS, recording.images)
    write_bag(path, bag_messages(recording, jpegs, LEVEL))
    return path


def contents(path: Path) -> Contents:
    """(log time, data) of every message, by topic."""
    found: Contents = defaultdict(list)
    with path.open("rb") as file:
        for _, channel, message in make_reader(file, validate_crcs=True).iter_messages():
            found[channel.topic].append((message.log_time, message.data))
    return found


@pytest.fixture(scope="module")
def recording(short_clip: DemoSource, tmp_path_factory: pytest.TempPathFactory) -> GraphRecording:
    return replay(short_clip, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def bag(
    recording: GraphRecording, short_clip: DemoSource, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    yield write(tmp_path_factory.mktemp("bag") / "lift.mcap", recording, short_clip)


def test_topics_have_their_plain_names_and_types(bag: Path) -> None:
    with bag.open("rb") as file:
        summary = make_reader(file).get_summary()
    kinds = {
        channel.topic: summary.schemas[channel.schema_id].name
        for channel in summary.channels.values()
    }
    assert kinds == TYPES
    assert {schema.encoding for schema in summary.schemas.values()} == {"ros2msg"}
    assert {channel.message_encoding for channel in summary.channels.values()} == {"cdr"}


def test_chunks_are_compressed(bag: Path) -> None:
    with bag.open("rb") as file:
        chunks = make_reader(file).get_summary().chunk_indexes
    assert {chunk.compression for chunk in chunks} == {"zstd"}
    whole = sum(chunk.uncompressed_size for chunk in chunks)
    assert bag.stat().st_size < 0.7 * whole < 5_000_000


def test_every_image_is_there_as_jpeg(bag: Path, short_clip: DemoSource) -> None:
    images = contents(bag)["/image/compressed"]
    with VideoReader(short_clip.path) as video:
        frames = [image for _, _, image in video]
    assert len(images) == len(frames) == short_clip.frames
    for (_, data), frame in zip(images, frames, strict=True):
        message = deserialize_message(data, CompressedImage)
        assert message.format == "jpeg"
        image = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)
        assert np.abs(image.astype(float) - frame).mean() < 3


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("/camera_info", CameraInfo),
        ("/image/compressed", CompressedImage),
        ("/windows", PointCloud2),
        ("/joints", PointCloud2),
        ("/skeletons", MarkerArray),
    ],
)
def test_messages_are_logged_at_their_stamps(bag: Path, topic: str, kind: type) -> None:
    messages = contents(bag)[topic]
    assert len(messages) > 20
    for log_ns, data in messages:
        message = deserialize_message(data, kind)
        header = message.markers[0].header if kind is MarkerArray else message.header
        assert stamp_to_ns(header.stamp) == log_ns
        assert header.frame_id == "camera_optical_frame"


def test_time_is_that_of_the_clip(bag: Path, short_clip: DemoSource) -> None:
    """Also for diagnostics, although the nodes that send them use wall time."""
    times = {topic: [when for when, _ in messages] for topic, messages in contents(bag).items()}
    end_ns = START_NS + round((short_clip.frames - 1) / short_clip.fps * 1e9)
    assert times["/camera_info"] == times["/image/compressed"]
    for each in times.values():
        assert each == sorted(each)
        assert each[0] >= START_NS and each[-1] <= end_ns
    assert times["/diagnostics"]


def test_no_name_tells_of_the_process_that_recorded(bag: Path, recording: GraphRecording) -> None:
    assert not any(
        recording.namespace.encode() in data
        for messages in contents(bag).values()
        for _, data in messages
    )


def test_upright_frame_has_z_up(bag: Path) -> None:
    types = get_typestore(Stores.ROS2_KILTED)
    ((_, data),) = contents(bag)["/tf_static"]
    (transform,) = types.deserialize_cdr(data, "tf2_msgs/msg/TFMessage").transforms
    assert transform.header.frame_id == "camera_optical_frame"
    assert transform.child_frame_id == "camera_optical_frame_upright"
    rotation = transform.transform.rotation
    turn = Rotation.from_quat([rotation.x, rotation.y, rotation.z, rotation.w])
    axes = turn.as_matrix().T.round(6)  # axes of the upright frame in the optical frame
    np.testing.assert_array_equal(axes, [[0, 0, 1], [-1, 0, 0], [0, -1, 0]])


def test_second_replay_gives_the_same_messages(
    bag: Path, short_clip: DemoSource, tmp_path: Path
) -> None:
    again = contents(write(tmp_path / "again.mcap", replay(short_clip, tmp_path), short_clip))
    first = contents(bag)
    for topic in TYPES.keys() - {"/diagnostics"}:  # diagnostics contain durations
        assert first[topic] == again[topic], topic


def test_foxglove_layout_shows_what_the_bag_holds(bag: Path) -> None:
    layout = json.loads((ROOT / "config" / "lift.foxglove.json").read_text())
    panels = layout["configById"]
    assert set(re.findall(r"\w+!\w+", json.dumps(layout["layout"]))) == set(panels)
    assert panels["3D!people"]["followTf"] == "camera_optical_frame_upright"
    camera = panels["Image!camera"]
    topics = {*panels["3D!people"]["topics"], *camera["topics"], *camera["imageMode"].values()}
    assert topics <= TYPES.keys()
    found = {topic: b"".join(data for _, data in each) for topic, each in contents(bag).items()}
    for panel in panels.values():
        for path in panel.get("paths", []):
            topic = path["value"].partition(".")[0]
            for name in re.findall(r'=="(\w+)"', path["value"]):
                live_alone = name == "latency_ms_p50"
                assert live_alone or name.encode() in found[topic]

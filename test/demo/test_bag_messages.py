"""The content of a bag from the handmade record of a run."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage

from diffhpe_ros.demo.bag_messages import TYPES, BagMessage, bag_messages
from diffhpe_ros.demo.images import encode_jpeg, stamped_jpegs
from diffhpe_ros.demo.progress import Progress
from diffhpe_ros.demo.recorder import DIAGNOSTICS, Record
from diffhpe_ros.demo.recording import GraphRecording
from diffhpe_ros.demo.source import webcam
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.upright import LEVEL
from diffhpe_ros.nodes.messages.cdr import serialize
from diffhpe_ros.nodes.messages.header import make_header

pytestmark = pytest.mark.ros
SECOND = 10**9
NOON = 1_000_000 * SECOND
"""Wall clock time at which the first image arrived."""


def camera_info(stamp_ns: int, received_ns: int) -> Record:
    message = CameraInfo(header=make_header("camera", stamp_ns))
    return Record("camera_info", received_ns, serialize(message))


def diagnostics(stamp_ns: int, *names: str) -> Record:
    status = [DiagnosticStatus(name=name, message="no messages on /demo_7/image") for name in names]
    message = DiagnosticArray(header=make_header("", stamp_ns), status=status)
    return Record(DIAGNOSTICS, stamp_ns, serialize(message))


def recording(records: list[Record], start_ns: int | None = None) -> GraphRecording:
    return GraphRecording("demo_7", records, {}, start_ns, Progress())


def on(topic: str, messages: list[BagMessage]) -> list[BagMessage]:
    return [each for each in messages if list(TYPES)[each.place] == topic]


def test_webcams_images_are_kept_as_they_were_recorded() -> None:
    jpeg = encode_jpeg(np.full((48, 64, 3), 90, np.uint8))
    stamps = [NOON, NOON + SECOND]
    images = stamped_jpegs(webcam(0), NOON, {NOON: jpeg, NOON + 5: jpeg, NOON + SECOND: jpeg})
    found = list(
        bag_messages(recording([camera_info(each, each) for each in stamps]), images, LEVEL)
    )
    written = on("/image/compressed", found)
    assert [each.time_ns for each in written] == stamps  # the image between them has no camera_info
    assert bytes(deserialize_message(written[0].data, CompressedImage).data) == jpeg
    assert found == sorted(found, key=lambda each: each[:2])


def test_diagnostics_of_a_replay_move_to_the_time_of_its_images() -> None:
    records = [
        diagnostics(NOON - SECOND, "demo_7/lifter"),  # while loading
        camera_info(SECOND, received_ns=NOON),
        camera_info(3 * SECOND, received_ns=NOON + 2 * SECOND),
        diagnostics(NOON + SECOND, "demo_7/lifter"),
        diagnostics(NOON + 9 * SECOND, "demo_7/lifter"),  # long after the last image
    ]
    found = on(DIAGNOSTICS, list(bag_messages(recording(records, start_ns=SECOND), [], LEVEL)))
    assert [each.time_ns for each in found] == [2 * SECOND, 3 * SECOND]


def test_diagnostics_of_other_programs_are_left_out_and_ours_have_plain_names() -> None:
    records = [
        camera_info(NOON, NOON),
        diagnostics(NOON, "a_robot/battery", "demo_7/lifter"),
        diagnostics(NOON, "demo_77/lifter"),
    ]
    (message,) = on(DIAGNOSTICS, list(bag_messages(recording(records), [], LEVEL)))
    (status,) = deserialize_message(message.data, DiagnosticArray).status
    assert (status.name, status.message) == ("lifter", "no messages on /image")


def test_run_without_an_image_has_no_bag() -> None:
    with pytest.raises(DiffhpeError, match="published nothing"):
        list(bag_messages(recording([diagnostics(NOON, "demo_7/lifter")]), [], LEVEL))

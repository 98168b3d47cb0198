"""Equal messages have equal bytes, which the middleware can read."""

from array import array
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CameraInfo, Image
from standing import standing_windows
from std_msgs.msg import Header

from diffhpe_ros.nodes.messages.cdr import serialize
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.markers import delete_skeletons
from diffhpe_ros.nodes.messages.windows import pack_windows

pytestmark = pytest.mark.jazzy
STATUS = DiagnosticStatus(
    level=DiagnosticStatus.WARN, name="a", message="°", values=[KeyValue(key="k", value="1.5")]
)
MESSAGES = [
    pack_windows(standing_windows([3, 7], frame_id="seven77")),
    pack_windows(standing_windows([])),
    delete_skeletons("camera", make_header("camera", 10**9 + 5), [1, 2]),
    DiagnosticArray(header=Header(frame_id="ab"), status=[STATUS, DiagnosticStatus(), STATUS]),
    Image(width=3, height=1, step=9, encoding="bgr8", data=array("B", range(9))),
    CameraInfo(width=3, d=[0.1] * 5, k=[0.5] * 9, distortion_model="plumb_bob"),
    CameraInfo(),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_the_middleware_reads_what_was_written(message: Any) -> None:
    ours = serialize(message)
    assert len(ours) == len(serialize_message(message))
    assert deserialize_message(ours, type(message)) == message
    assert serialize(deserialize_message(ours, type(message))) == ours

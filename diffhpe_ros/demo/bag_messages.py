"""The content of the demo's bag: messages as a robot without a namespace would record them."""

import heapq
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import CompressedImage

from diffhpe_ros.demo.recorder import DIAGNOSTICS, Record
from diffhpe_ros.demo.recording import GraphRecording
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.upright import upright_axes
from diffhpe_ros.nodes.messages.cdr import serialize
from diffhpe_ros.nodes.messages.header import make_header, stamp_to_ns
from diffhpe_ros.nodes.messages.rotation import quaternions
from diffhpe_ros.nodes.rviz import upright_frame

TYPESTORE = get_typestore(Stores.ROS2_KILTED)
IMAGE, TF_STATIC = "/image/compressed", "/tf_static"
TYPES = {
    TF_STATIC: "tf2_msgs/msg/TFMessage",
    "/camera_info": "sensor_msgs/msg/CameraInfo",
    IMAGE: "sensor_msgs/msg/CompressedImage",
    "/windows": "sensor_msgs/msg/PointCloud2",
    "/joints": "sensor_msgs/msg/PointCloud2",
    "/skeletons": "visualization_msgs/msg/MarkerArray",
    "/coherence": "diagnostic_msgs/msg/DiagnosticArray",
    DIAGNOSTICS: "diagnostic_msgs/msg/DiagnosticArray",
}
"""Types by topic; messages with the same time are in this order."""
_PLACES = {topic: place for place, topic in enumerate(TYPES)}


class BagMessage(NamedTuple):
    """One message."""

    time_ns: int
    """The stamp in its header."""
    place: int
    """Index of its topic in `TYPES`."""
    data: bytes
    """The serialized message."""


def bag_messages(
    recording: GraphRecording,
    jpegs: Iterable[tuple[int, bytes]],
    up: NDArray[np.float64],
) -> Iterator[BagMessage]:
    """The messages of a run in the order of their stamps.

    In a replay, whose images have stamps of their own, the stamps of `/diagnostics` are moved to
    the images' time.

    Args:
        recording: recording of the run.
        jpegs: the images by rising stamp; images that were not sent are left out.
        up: (3,) unit vector against gravity in the optical frame.

    Raises:
        DiffhpeError: no image was sent.
    """
    infos = [each for each in recording.records if each.topic == "camera_info"]
    if not infos:
        raise DiffhpeError("the video source published nothing")
    stamps = [stamp_to_ns(each.message().header.stamp) for each in infos]
    frame_id = infos[0].message().header.frame_id
    shift_ns = 0 if recording.start_ns is None else stamps[0] - infos[0].received_ns
    messages = [
        _upright_frame(frame_id, stamps[0], up),
        *(_as_recorded(each) for each in recording.records if each.topic != DIAGNOSTICS),
        *_diagnostics(recording, shift_ns, stamps[0], stamps[-1]),
    ]
    sent = set(stamps)
    images = (_image(frame_id, stamp, jpeg) for stamp, jpeg in jpegs if stamp in sent)
    # Sorted by time and topic; messages with equal keys keep the order of their arrival.
    return heapq.merge(sorted(messages, key=_when), images, key=_when)


def _when(message: BagMessage) -> tuple[int, int]:
    return message.time_ns, message.place


def _upright_frame(frame_id: str, stamp_ns: int, up: NDArray[np.float64]) -> BagMessage:
    """A frame at the camera whose z axis points up. PyPI has no tf2_msgs, but rosbags knows it."""
    types = TYPESTORE.types
    seconds, nanoseconds = divmod(stamp_ns, 10**9)
    stamp = types["builtin_interfaces/msg/Time"](seconds, nanoseconds)
    transform = types["geometry_msgs/msg/TransformStamped"](
        header=types["std_msgs/msg/Header"](stamp, frame_id),
        child_frame_id=upright_frame(frame_id),
        transform=types["geometry_msgs/msg/Transform"](
            translation=types["geometry_msgs/msg/Vector3"](0.0, 0.0, 0.0),
            rotation=types["geometry_msgs/msg/Quaternion"](
                *quaternions(upright_axes(up)[None])[0].tolist()
            ),
        ),
    )
    message = types[TYPES[TF_STATIC]]([transform])
    data = TYPESTORE.serialize_cdr(message, TYPES[TF_STATIC])
    return BagMessage(stamp_ns, _PLACES[TF_STATIC], bytes(data))


def _as_recorded(record: Record) -> BagMessage:
    message = record.message()
    header = message.markers[0].header if record.topic == "skeletons" else message.header
    return BagMessage(stamp_to_ns(header.stamp), _PLACES[f"/{record.topic}"], record.data)


def _image(frame_id: str, stamp_ns: int, jpeg: bytes) -> BagMessage:
    header = make_header(frame_id, stamp_ns)
    message = CompressedImage(header=header, format="jpeg", data=jpeg)
    return BagMessage(stamp_ns, _PLACES[IMAGE], serialize(message))


def _diagnostics(
    recording: GraphRecording, shift_ns: int, first_ns: int, last_ns: int
) -> Iterator[BagMessage]:
    """The graph's diagnostics from the first image on; later ones get the last image's time."""
    for record in recording.records:
        if record.topic != DIAGNOSTICS:
            continue
        message = record.message()
        stamp_ns = min(stamp_to_ns(message.header.stamp) + shift_ns, last_ns)
        status = [
            _without(recording.namespace, each)
            for each in message.status
            if each.name.startswith(f"{recording.namespace}/")
        ]
        if status and stamp_ns >= first_ns:
            moved = DiagnosticArray(header=make_header("", stamp_ns), status=status)
            yield BagMessage(stamp_ns, _PLACES[DIAGNOSTICS], serialize(moved))


def _without(namespace: str, status: Any) -> Any:
    """A status with the namespace removed from the names of nodes and topics."""
    status.name = status.name.removeprefix(f"{namespace}/")
    status.message = status.message.replace(f"/{namespace}/", "/")
    for pair in status.values:
        pair.value = pair.value.replace(f"/{namespace}/", "/")
    return status

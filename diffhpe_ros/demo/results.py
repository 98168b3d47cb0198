"""The content of the recorded messages, as plain arrays by stamp."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from diffhpe_ros.camera import Camera
from diffhpe_ros.camera.calibration import camera_from_info
from diffhpe_ros.demo.progress import node_reports
from diffhpe_ros.demo.recorder import DIAGNOSTICS, Record
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.header import stamp_to_ns
from diffhpe_ros.nodes.messages.joints import UnpackedJoints, unpack_joints
from diffhpe_ros.nodes.messages.windows import unpack_windows
from diffhpe_ros.pipeline.people import PeopleWindows


@dataclass(frozen=True)
class Results:
    """The results of one run of the graph."""

    first_stamp_ns: int
    """Stamp of the first image."""
    stamps_ns: Sequence[int]
    """Stamps of the recorded images, rising."""
    camera: Camera
    """The camera that the detector used to turn pixels into rays."""
    windows: Mapping[int, PeopleWindows]
    """Windows by stamp of the newest image."""
    joints: Mapping[int, UnpackedJoints]
    """Joints by stamp; only messages with people."""
    latency_ms: NDArray[np.float64]
    """From image stamp to marker, of every `skeletons` message with people."""
    symmetry_gap_mm: NDArray[np.float64]
    """Symmetry gap of every lifted window."""
    segment_std_mm: NDArray[np.float64]
    """Segment std of every lifted window."""
    diagnostics: Mapping[str, Mapping[str, str]]
    """The last values of each node, by its name."""

    def frame_of(self, stamp_ns: int, fps: float) -> int:
        """Index of the frame with that stamp."""
        return round((stamp_ns - self.first_stamp_ns) * fps / 1e9)


def read_results(
    namespace: str, records: Sequence[Record], first_stamp_ns: int | None = None
) -> Results:
    """Read what was recorded in a namespace.

    Args:
        namespace: namespace of the graph.
        records: the recorded messages.
        first_stamp_ns: stamp of the first image, if known; else that of the first recorded one.

    Raises:
        DiffhpeError: no image was published.
    """
    by_topic: dict[str, list[Record]] = {}
    for record in records:
        by_topic.setdefault(record.topic, []).append(record)
    infos = [record.message() for record in by_topic.get("camera_info", [])]
    if not infos:
        raise DiffhpeError("the video source published nothing")
    windows = [unpack_windows(record.message()) for record in by_topic.get("windows", [])]
    joints = [unpack_joints(record.message()) for record in by_topic.get("joints", [])]
    coherence = [
        {pair.key: float(pair.value) for pair in status.values}
        for record in by_topic.get("coherence", [])
        for status in record.message().status
    ]
    stamps = sorted({stamp_to_ns(info.header.stamp) for info in infos})
    return Results(
        first_stamp_ns=stamps[0] if first_stamp_ns is None else first_stamp_ns,
        stamps_ns=stamps,
        camera=_camera(infos[-1]),
        windows={each.stamp_ns: each for each in windows if len(each)},
        joints={each.stamp_ns: each for each in joints if each.track_ids},
        latency_ms=_latencies_ms(by_topic.get("skeletons", [])),
        symmetry_gap_mm=np.array([each["symmetry_gap_mm"] for each in coherence]),
        segment_std_mm=np.array([each["segment_std_mm"] for each in coherence]),
        diagnostics=_last_diagnostics(namespace, by_topic.get(DIAGNOSTICS, [])),
    )


def _camera(info: CameraInfo) -> Camera:
    """The camera that the detector makes from a camera_info."""
    return camera_from_info(info) or Camera.from_field_of_view(info.width, info.height)


def _latencies_ms(records: Sequence[Record]) -> NDArray[np.float64]:
    times = []
    for record in records:
        added = [marker for marker in record.message().markers if marker.action == marker.ADD]
        if added:
            times.append((record.received_ns - stamp_to_ns(added[0].header.stamp)) / 1e6)
    return np.array(times)


def _last_diagnostics(namespace: str, records: Sequence[Record]) -> dict[str, dict[str, str]]:
    last: dict[str, dict[str, str]] = {}
    for record in records:
        last.update(node_reports(namespace, record.message()))
    return last

"""MCAP: a ROS 2 bag with the topic `/joints`, as the live lifter publishes it."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats.pose_recording import PoseRecording, joints_of
from diffhpe_ros.joint_cloud import JOINT_POINT
from diffhpe_ros.skeleton import NUM_JOINTS

TOPIC, TYPE = "/joints", "sensor_msgs/msg/PointCloud2"
FRAME_ID = "camera"
_DATATYPES = {np.dtype(np.uint8): 2, np.dtype(np.uint32): 6, np.dtype(np.float32): 7}
"""Datatypes of sensor_msgs/PointField."""


def write(path: Path, recording: PoseRecording) -> None:
    """Write a message for each frame with at least one person of known position.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    typestore = get_typestore(Stores.ROS2_KILTED)
    try:
        with tempfile.TemporaryDirectory(dir=path.absolute().parent) as scratch:
            folder = Path(scratch) / path.stem
            writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
            writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
            with writer:
                topic = writer.add_connection(TOPIC, TYPE, typestore=typestore)
                for time_s, _, people in recording.by_frame():
                    stamp_ns = recording.start_ns + round(time_s * 1e9)
                    message = _message(typestore.types, stamp_ns, _points(people))
                    writer.write(topic, stamp_ns, typestore.serialize_cdr(message, TYPE))
            shutil.move(next(folder.glob("*.mcap")), path)
    except OSError as error:
        raise DiffhpeError(f"cannot write {path}: {error.strerror or error}") from None


def _points(people: list[tuple[int, Any]]) -> NDArray[Any]:
    """(P, 17) of `JOINT_POINT`, for the people whose position is known."""
    placed = [each for each in people if np.isfinite(joints_of(each[1])).all()]
    points = np.zeros((len(placed), NUM_JOINTS), JOINT_POINT)
    for point, (track_id, row) in zip(points, placed, strict=True):
        point["x"], point["y"], point["z"] = joints_of(row).T
        point["confidence"], point["seen"] = row["confidence"], row["confidence"] > 0
        point["person"], point["joint"] = track_id, np.arange(NUM_JOINTS)
    for name in points.dtype.names or ():
        if name.startswith("v") or "cov_" in name:
            points[name] = np.nan  # velocities and covariances are not known offline
    return points


def _message(types: Any, stamp_ns: int, points: NDArray[Any]) -> Any:
    seconds, nanoseconds = divmod(stamp_ns, 10**9)
    stamp = types["builtin_interfaces/msg/Time"](seconds, nanoseconds)
    assert JOINT_POINT.fields is not None
    fields = [
        types["sensor_msgs/msg/PointField"](name, offset, _DATATYPES[kind], 1)
        for name, (kind, offset, *_) in JOINT_POINT.fields.items()
    ]
    step = JOINT_POINT.itemsize
    return types[TYPE](
        header=types["std_msgs/msg/Header"](stamp, FRAME_ID),
        height=points.shape[0],
        width=points.shape[1],
        fields=fields,
        is_bigendian=False,
        point_step=step,
        row_step=step * points.shape[1],
        data=np.frombuffer(points.tobytes(), np.uint8),
        is_dense=False,
    )

"""Writes the messages of the graph to one MCAP file."""

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rosbags.interfaces import (
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from diffhpe_ros.demo.bag_messages import TF_STATIC, TYPES, TYPESTORE, BagMessage
from diffhpe_ros.errors import DiffhpeError

_LATCHED = Qos(
    QosHistory.KEEP_LAST,
    1,
    QosReliability.RELIABLE,
    QosDurability.TRANSIENT_LOCAL,
    *(QosTime(0, 0),) * 2,
    QosLiveliness.AUTOMATIC,
    QosTime(0, 0),
    False,
)
"""With it `ros2 bag play` also sends the frame to late subscribers."""


def write_bag(path: Path, messages: Iterable[BagMessage]) -> None:
    """Write messages; the time at which each is logged is its stamp.

    Args:
        path: path of the .mcap file; an existing file is replaced.
        messages: the messages in the order of their times.

    Raises:
        DiffhpeError: it cannot be written, as on a full disk; no partial file is left.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            folder = Path(scratch) / path.stem
            _write(folder, messages)
            shutil.move(next(folder.glob("*.mcap")), path)
    except OSError as error:
        raise DiffhpeError(f"cannot write {path}: {error.strerror or error}") from None


def _write(folder: Path, messages: Iterable[BagMessage]) -> None:
    writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)  # compresses the chunks
    with writer:
        connections = [
            writer.add_connection(
                topic,
                kind,
                typestore=TYPESTORE,
                offered_qos_profiles=[_LATCHED] if topic == TF_STATIC else [],
            )
            for topic, kind in TYPES.items()
        ]
        for message in messages:
            writer.write(connections[message.place], message.time_ns, message.data)

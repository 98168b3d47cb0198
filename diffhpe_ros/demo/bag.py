"""Writes what the graph published as one MCAP file."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from diffhpe_ros.demo.recorder import TOPICS, Record
from diffhpe_ros.errors import DiffhpeError


def write_bag(path: Path, namespace: str, records: Sequence[Record]) -> None:
    """Write records, in the order in which they came.

    Args:
        path: of the .mcap file; replaced if it is there.
        namespace: that relative topics are in.
        records: the messages.

    Raises:
        DiffhpeError: it cannot be written, as on a full disk; nothing is left of it then.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            folder = Path(scratch) / "bag"
            _write(folder, namespace, records)
            shutil.move(next(folder.glob("*.mcap")), path)
    except OSError as error:
        raise DiffhpeError(f"cannot write {path}: {error.strerror or error}") from error


def _write(folder: Path, namespace: str, records: Sequence[Record]) -> None:
    types = get_typestore(Stores.ROS2_KILTED)
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {
            topic: writer.add_connection(
                topic if topic.startswith("/") else f"/{namespace}/{topic}",
                f"{kind.__module__.split('.')[0]}/msg/{kind.__name__}",
                typestore=types,
            )
            for topic, kind in TOPICS.items()
        }
        for record in records:
            writer.write(connections[record.topic], record.received_ns, record.data)

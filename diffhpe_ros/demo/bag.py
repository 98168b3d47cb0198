"""Writes what the graph published as one MCAP file."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from diffhpe_ros.demo.recorder import TOPICS, Record


def write_bag(path: Path, namespace: str, records: Sequence[Record]) -> None:
    """Write records, in the order in which they came.

    Args:
        path: of the .mcap file; replaced if it is there.
        namespace: that relative topics are in.
        records: the messages.
    """
    types = get_typestore(Stores.ROS2_KILTED)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        folder = Path(scratch) / "bag"
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
        shutil.move(next(folder.glob("*.mcap")), path)

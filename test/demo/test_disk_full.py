"""A disk that fills up while results are written: one clear line, and no partial files."""

import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="the recorder needs ROS 2")

from diffhpe_ros.demo.bag import write_bag
from diffhpe_ros.demo.bag_messages import BagMessage
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.video import VideoWriter


@pytest.fixture(autouse=True)
def full_disk() -> Iterator[None]:
    """No file of this process may be larger than 64 kB."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_bag(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    messages = [BagMessage(stamp, 0, noise.bytes(10_000)) for stamp in range(300)]
    with pytest.raises(DiffhpeError, match=r"cannot write .*lift\.mcap: File too large"):
        write_bag(tmp_path / "lift.mcap", messages)
    assert not list(tmp_path.iterdir())


def test_video(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)

    def write() -> None:
        with VideoWriter(tmp_path / "overlay.mp4", 320, 240, 30) as video:
            for shift in range(60):
                video.write(np.roll(noise, 7 * shift, axis=1))

    with pytest.raises(DiffhpeError, match=r"cannot write video .*overlay\.mp4"):
        write()
    assert not list(tmp_path.iterdir())

"""Devices that block, vanish and return, and servers that never answer."""

import socket
import threading
import time
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes import live_frames
from diffhpe_ros.nodes.live_frames import LiveFrames, Stamped, stream_images, webcam_images
from diffhpe_ros.video import reader

PATIENCE_S = 60.0
IMAGE = np.zeros((4, 6, 3), np.uint8)


class Cable:
    """A camera that gives images while it is plugged in, and blocks while it is stuck."""

    def __init__(self) -> None:
        self.is_in, self.is_stuck = True, False
        self.opened = 0

    def images(self) -> Iterator[Stamped]:
        self.opened += 1
        while self.is_in:
            while self.is_stuck:
                time.sleep(0.01)
            time.sleep(0.01)
            yield time.time_ns(), IMAGE


@pytest.fixture
def cable(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cable]:
    monkeypatch.setattr(live_frames, "RETRY_S", 0.05)
    monkeypatch.setattr(live_frames, "SILENCE_S", 60.0)
    monkeypatch.setattr(live_frames, "FIRST_IMAGE_S", 60.0)
    monkeypatch.setattr(live_frames, "CLOSE_S", 0.1)
    cable = Cable()
    yield cable
    cable.is_in = cable.is_stuck = False


def until_problem(frames: LiveFrames, text: str) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while text not in frames.problem or bool(frames.problem) != bool(text):
        assert time.monotonic() < give_up, frames.problem
        time.sleep(0.01)


def test_webcam_that_is_unplugged_is_named_until_it_is_back(cable: Cable) -> None:
    frames = LiveFrames("camera 0", cable.images)
    images = frames.play(lambda _: False)
    assert next(images)[1] is IMAGE and not frames.problem
    cable.is_in = False
    until_problem(frames, "camera 0 no longer provides images")
    cable.is_in = True
    until_problem(frames, "")
    assert next(images)[0] > 0 and cable.opened > 1
    frames.close()


def test_driver_that_blocks_is_named_and_does_not_keep_the_node(
    cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_frames, "SILENCE_S", 0.2)
    frames = LiveFrames("camera 0", cable.images)
    cable.is_stuck = True
    until_problem(frames, "camera 0 has provided no image for")
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    list(frames.play(stop.wait))
    begin = time.monotonic()
    frames.close()
    assert time.monotonic() - begin < PATIENCE_S


def test_device_that_gives_nothing_is_refused(
    cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_frames, "FIRST_IMAGE_S", 0.5)
    cable.is_stuck = True
    with pytest.raises(DiffhpeError, match="camera 0 provided no image within 0.5 s"):
        LiveFrames("camera 0", cable.images)


def test_waiting_for_a_device_ends_with_the_program(cable: Cable) -> None:
    cable.is_stuck = True
    begin = time.monotonic()
    with pytest.raises(DiffhpeError):
        LiveFrames("camera 0", cable.images, is_stopped=lambda: True)
    assert time.monotonic() - begin < live_frames.FIRST_IMAGE_S


def test_webcam_that_is_not_there_is_refused() -> None:
    with pytest.raises(DiffhpeError, match="there is no /dev/video63"):
        LiveFrames("camera 63", partial(webcam_images, 63, time.time_ns))


def test_server_that_says_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"rtsp://127.0.0.1:{server.getsockname()[1]}/live"
        with pytest.raises(DiffhpeError, match="no video was received within 0.5 s"):
            LiveFrames(address, partial(stream_images, address, time.time_ns))

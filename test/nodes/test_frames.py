"""A video file in its own time."""

import time
from pathlib import Path

import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.frames import FileFrames, WebcamFrames


def test_frame_k_has_the_stamp_t0_plus_k_over_fps(short_clip: Path) -> None:
    frames = FileFrames(str(short_clip), loop=False, start_ns=7 * 10**9, now_ns=time.time_ns)
    stamps = [stamp for stamp, _ in frames.play(lambda seconds: False)]
    assert (frames.width, frames.height) == (640, 480)
    assert stamps == [7 * 10**9 + round(k / 30 * 1e9) for k in range(76)]


def test_frames_come_at_their_time_and_stop_when_told(short_clip: Path) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 3

    frames = FileFrames(str(short_clip), loop=False, start_ns=None, now_ns=lambda: 5)
    images = list(frames.play(wait))
    assert [stamp for stamp, _ in images] == [5, 5 + 33_333_333, 5 + 66_666_667]
    assert 0.05 < waits[3] <= 0.1  # nothing slept, so that the fourth is due in 3/30 s


def test_a_loop_goes_on_with_rising_stamps(short_clip: Path) -> None:
    frames = FileFrames(str(short_clip), loop=True, start_ns=1, now_ns=time.time_ns)
    stamps = []
    for stamp, _ in frames.play(lambda seconds: len(stamps) >= 80):
        stamps.append(stamp)
    assert stamps[79] == 1 + round(79 / 30 * 1e9)


def test_what_cannot_be_played_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiffhpeError, match="cannot open video"):
        FileFrames(str(tmp_path / "none.mp4"), False, None, time.time_ns)
    with pytest.raises(DiffhpeError, match="camera 63 cannot be opened"):
        WebcamFrames(63, time.time_ns)

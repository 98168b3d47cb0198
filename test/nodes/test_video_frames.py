"""A video file in real time."""

import time
from pathlib import Path

import numpy as np
import pytest
from graph import CLIP_FRAMES

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes import video_frames as frames
from diffhpe_ros.nodes.video_frames import FileFrames
from diffhpe_ros.video import VideoWriter


class Clock:
    """A clock that stands still until it is set."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(frames, "time", clock)
    return clock


def test_frame_k_has_the_stamp_t0_plus_k_over_fps(short_clip: Path, clock: Clock) -> None:
    file = FileFrames(str(short_clip), time.time_ns, start_ns=7 * 10**9)
    stamps = [stamp for stamp, _ in file.play(lambda seconds: False)]
    assert file.size == file.stored_size == (640, 480)
    assert stamps == [7 * 10**9 + round(k / 30 * 1e9) for k in range(CLIP_FRAMES)]


def test_stamps_are_the_times_of_a_file_without_a_constant_rate(
    tmp_path: Path, clock: Clock
) -> None:
    times = [0, 0.02, 0.09, 0.5]
    with VideoWriter(tmp_path / "phone.mp4", 64, 48, 30) as video:
        for time_s in times:
            video.write(np.zeros((48, 64, 3), np.uint8), time_s)
    file = FileFrames(str(tmp_path / "phone.mp4"), time.time_ns, start_ns=10**9)
    waits: list[float] = []
    stamps = [stamp for stamp, _ in file.play(lambda s: waits.append(s) is not None)]
    assert [(stamp - 10**9) / 1e9 for stamp in stamps] == pytest.approx(times, abs=2e-5)
    assert waits == pytest.approx(times, abs=2e-5)


def test_frames_are_given_when_due_until_stopped(short_clip: Path, clock: Clock) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 3

    images = list(FileFrames(str(short_clip), lambda: 5).play(wait))
    assert [stamp for stamp, _ in images] == [5, 5 + 33_333_333, 5 + 66_666_667]
    assert waits == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])


def test_stamps_of_a_loop_keep_rising(short_clip: Path, clock: Clock) -> None:
    file = FileFrames(str(short_clip), time.time_ns, start_ns=1, loop=True)
    stamps = []
    for stamp, _ in file.play(lambda seconds: len(stamps) > CLIP_FRAMES):
        stamps.append(stamp)
    assert stamps[CLIP_FRAMES] == 1 + round(CLIP_FRAMES / 30 * 1e9)


@pytest.mark.parametrize(("every", "next_frame"), [(False, 7), (True, 1)])
def test_late_frames_are_left_out_except_in_replay(
    every: bool, next_frame: int, short_clip: Path, clock: Clock
) -> None:
    """Frame 7 is due at 0.233 s; at 0.31 s it is not yet 0.1 s late."""
    file = FileFrames(str(short_clip), time.time_ns, start_ns=0, every=every)
    played = file.play(lambda seconds: False)
    next(played)
    clock.now += 0.31
    stamp, _ = next(played)
    assert stamp == round(next_frame / 30 * 1e9)
    assert file.skipped == next_frame - 1
    assert 2 + len(list(played)) + file.skipped == CLIP_FRAMES  # all are accounted for


def test_files_that_are_no_video_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DiffhpeError, match="cannot open video"):
        FileFrames(str(tmp_path / "none.mp4"), time.time_ns)

"""A video file in its own time."""

import time
from pathlib import Path

import pytest
from graph import CLIP_FRAMES

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes import video_frames as frames
from diffhpe_ros.nodes.video_frames import FileFrames, WebcamFrames


class Clock:
    """The time stands still but when it is set."""

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
    assert (file.width, file.height) == (640, 480)
    assert stamps == [7 * 10**9 + round(k / 30 * 1e9) for k in range(CLIP_FRAMES)]


def test_frames_come_at_their_time_and_stop_when_told(short_clip: Path, clock: Clock) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return len(waits) > 3

    images = list(FileFrames(str(short_clip), lambda: 5).play(wait))
    assert [stamp for stamp, _ in images] == [5, 5 + 33_333_333, 5 + 66_666_667]
    assert waits == pytest.approx([0, 1 / 30, 2 / 30, 3 / 30])


def test_a_loop_goes_on_with_rising_stamps(short_clip: Path, clock: Clock) -> None:
    file = FileFrames(str(short_clip), time.time_ns, start_ns=1, loop=True)
    stamps = []
    for stamp, _ in file.play(lambda seconds: len(stamps) > CLIP_FRAMES):
        stamps.append(stamp)
    assert stamps[CLIP_FRAMES] == 1 + round(CLIP_FRAMES / 30 * 1e9)


@pytest.mark.parametrize(("every", "next_frame"), [(False, 7), (True, 1)])
def test_frames_that_are_late_are_left_out_unless_every_one_counts(
    every: bool, next_frame: int, short_clip: Path, clock: Clock
) -> None:
    """Frame 7 is due at 0.233 s, and at 0.31 s not yet 0.1 s late."""
    file = FileFrames(str(short_clip), time.time_ns, start_ns=0, every=every)
    played = file.play(lambda seconds: False)
    next(played)
    clock.now += 0.31
    stamp, _ = next(played)
    assert stamp == round(next_frame / 30 * 1e9)
    assert file.skipped == next_frame - 1
    assert 2 + len(list(played)) + file.skipped == CLIP_FRAMES  # all are accounted for


def test_what_cannot_be_played_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiffhpeError, match="cannot open video"):
        FileFrames(str(tmp_path / "none.mp4"), time.time_ns)
    with pytest.raises(DiffhpeError, match="camera 63 cannot be opened"):
        WebcamFrames(63, time.time_ns)

"""Recordings are looked at in any order."""

from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader
from diffhpe_ros.view.recordings import VideoRecording


def test_images_of_a_video_are_the_same_in_any_order() -> None:
    path = walking_clip().video_path
    with VideoReader(path) as video:
        in_order = {index: image for index, _, image in video if index in (0, 3, 70, 71, 179)}
    recording = VideoRecording(path)
    for index in (71, 3, 179, 0, 70, 71):
        assert np.array_equal(recording.image(index), in_order[index]), index
    recording.close()


def test_times_of_a_video_begin_at_0_and_are_those_of_its_frames() -> None:
    clip = walking_clip()
    recording = VideoRecording(clip.video_path)
    assert len(recording.stamps_ns) == len(clip.joints)
    assert recording.stamps_ns / 1e9 == pytest.approx(np.arange(len(clip.joints)) / clip.fps)


def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "notes.mp4"
    file.write_text("no video")
    with pytest.raises(DiffhpeError, match=r"cannot open video .*notes\.mp4"):
        VideoRecording(file)

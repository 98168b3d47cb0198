"""Recordings are read in any order."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from oblong_video import write_oblong_walk

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader
from diffhpe_ros.view.recordings import VideoRecording
from diffhpe_ros.view.sources import choose_source


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


def write_calibration(path: Path, size: tuple[int, int]) -> Path:
    camera = walking_clip().camera.stretched(*size)
    values = {
        "image_width": size[0],
        "image_height": size[1],
        "camera_matrix": {"data": camera.matrix.ravel().tolist()},
        "distortion_model": "plumb_bob",
        "distortion_coefficients": {"data": [0.0] * 5},
    }
    path.write_text(yaml.safe_dump(values))
    return path


def test_calibration_is_for_the_images_that_are_shown(tmp_path: Path) -> None:
    write_oblong_walk(tmp_path / "walk.mp4", frames=2)
    calibration = write_calibration(tmp_path / "camera.yaml", (320, 480))
    source = choose_source(str(tmp_path / "walk.mp4"), calibration=calibration)
    assert source.camera is not None
    np.testing.assert_allclose(source.camera.matrix, walking_clip().camera.matrix, atol=1e-6)
    source.images.close()


def test_second_calibration_is_refused(tmp_path: Path) -> None:
    calibration = write_calibration(tmp_path / "camera.yaml", (640, 480))
    with pytest.raises(DiffhpeError, match="already contains a calibration"):
        choose_source(calibration=calibration)


def test_what_is_no_video_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "notes.mp4"
    file.write_text("no video")
    with pytest.raises(DiffhpeError, match=r"cannot open video .*notes\.mp4"):
        VideoRecording(file)

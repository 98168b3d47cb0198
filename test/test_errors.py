"""A user's mistake in Python: one traceback, whose last line is the whole message."""

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from diffhpe_ros.camera.calibration import read_camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats import read_keypoints
from diffhpe_ros.io import read_npz
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.video import VideoReader

MISTAKES: dict[str, Callable[[Path], object]] = {
    "video": VideoReader,
    "arrays": lambda path: read_npz(path, ("x",)),
    "calibration": read_camera,
    "keypoints": lambda path: read_keypoints(path.rename(path.with_suffix(".trc"))),
    "model": lambda path: Lifter.from_pretrained(str(path)),
}


@pytest.mark.parametrize("reads", MISTAKES.values(), ids=MISTAKES)
def test_file_of_another_kind_ends_in_one_traceback(
    tmp_path: Path, reads: Callable[[Path], object]
):
    wrong = tmp_path / "notes"
    wrong.write_text("- not: [what is expected\n")
    with pytest.raises(DiffhpeError) as caught:
        reads(wrong)
    shown = "".join(traceback.format_exception(caught.value))
    assert shown.count("Traceback") == 1
    assert len(str(caught.value).splitlines()) == 1
    assert "notes" in str(caught.value)


def test_missing_video_ends_in_one_traceback(tmp_path: Path):
    with pytest.raises(DiffhpeError, match="No such file") as caught:
        VideoReader(tmp_path / "none.mp4")
    assert "".join(traceback.format_exception(caught.value)).count("Traceback") == 1

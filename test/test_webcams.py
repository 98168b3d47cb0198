"""A missing webcam is reported in one line, without OpenCV's own messages."""

import subprocess
import sys
from pathlib import Path

import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.webcams import check_webcam, open_webcam


@pytest.mark.skipif(Path("/dev/video63").exists(), reason="there is such a webcam")
@pytest.mark.parametrize("look", [check_webcam, open_webcam])
def test_webcam_that_is_not_there_is_named_with_those_that_are(look):
    with pytest.raises(DiffhpeError, match=r"^there is no /dev/video63, webcams: "):
        look(63)


def test_device_that_is_no_camera_is_one_line():
    """In a separate process, since OpenCV writes to stderr without Python."""
    code = (
        "import diffhpe_ros.webcams as webcams\n"
        "webcams.check_webcam = lambda number: None\n"
        "try:\n    webcams.open_webcam(63)\nexcept Exception as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout == "camera 63 cannot be opened, or is used by another program\n"

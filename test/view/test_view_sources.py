"""Inputs of `diffhpe view` that are recognised by name: an address, a bag."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.live_frames import LiveFrames
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.view import choose_source

CLIP = walking_clip().video_path


class Silent(SimpleHTTPRequestHandler):
    """A web server of the clip's folder, without its log."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    handler = partial(Silent, directory=str(CLIP.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/{CLIP.name}"
        server.shutdown()


def test_file_of_a_web_server_plays_at_its_own_pace(address: str):
    source = choose_source(address)
    assert isinstance(source.images, LiveFrames)
    begin = time.monotonic()
    stamps = [stamp for stamp, _ in islice(source.images.play(lambda _: False), 16)]
    assert time.monotonic() - begin > 0.45  # 15 images at 30 a second
    assert stamps == sorted(stamps)
    source.images.close()


def test_nothing_at_an_address_is_said(address: str):
    with pytest.raises(DiffhpeError, match=r"cannot open video http://.*none\.mp4: .*404"):
        choose_source(address.replace(CLIP.name, "none.mp4"))


def test_bag_needs_no_option(tmp_path: Path):
    pytest.importorskip("rosbags")
    (tmp_path / "walk.mcap").write_text("no bag")
    with pytest.raises(DiffhpeError, match=r"walk\.mcap: not readable as a bag"):
        choose_source(str(tmp_path / "walk.mcap"))


@pytest.mark.parametrize("given", [{}, {"camera": 0}, {"video": str(CLIP)}])
def test_topic_without_a_bag_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(DiffhpeError, match="--topic is only for bags"):
        choose_source(**given, topic="/image")


def test_field_of_view_of_a_calibrated_camera_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiffhpeError, match="calibration; leave out --field-of-view"):
        choose_source(field_of_view=70)
    with pytest.raises(DiffhpeError, match="give --calibration or --field-of-view, not both"):
        choose_source(str(CLIP), calibration=tmp_path / "camera.yaml", field_of_view=70)

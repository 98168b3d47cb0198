"""Cameras and servers that stop, block or never answer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

from driver_cases.case import Case
from driver_cases.files import write_times
from driver_cases.rig import Rig


def device_cases() -> Iterator[Case]:
    """All cases of devices."""
    yield (
        "09-webcam-unplugged",
        "ends after 40 images (OpenCV's device stood in for)",
        webcam("end"),
    )
    yield "09b-driver-blocks", "blocks after 40 images (stood in for)", webcam("hang")
    yield "09-looped-file", "the file is removed", removed_file
    yield "10-rtsp-silent", "a server that accepts and says nothing", silent_server
    yield "10-rtsp-nobody", "a port that nobody listens on", nobody_listens


DEVICE = '''
"""Stands in for OpenCV's webcam: 40 images, then nothing."""
import time
import cv2
from diffhpe_ros import webcams

class Device:
    def __init__(self, *_):
        self.film, self.count = FILE(CLIP), 0
    def isOpened(self):
        return True
    def set(self, *_):
        return True
    def grab(self):
        time.sleep(1 / 30)
        self.count += 1
        if self.count > 40:
            time.sleep(1e6 if MODE == "hang" else 0)
            return False
        return self.film.grab()
    def retrieve(self):
        return self.film.retrieve()
    def read(self):
        return self.film.read()
    def release(self):
        self.film.release()

FILE, cv2.VideoCapture = cv2.VideoCapture, Device
webcams.check_webcam = lambda number: None
'''


def webcam(mode: str) -> Callable[[Rig], str]:
    """A webcam that is unplugged, or whose driver blocks."""

    def run(rig: Rig) -> str:
        from diffhpe_ros.rendering.clip import walking_clip

        for name in ("detector", "lifter"):
            rig.stop_if_runs(name)
        folder = rig.folder / mode
        folder.mkdir()
        clip = str(walking_clip().video_path)
        (folder / "sitecustomize.py").write_text(f"CLIP, MODE = {clip!r}, {mode!r}\n{DEVICE}")
        rig.forget()
        rig.start("video_source", camera=0, wait_s=0.0, environment={"PYTHONPATH": str(folder)})
        rig.until_active("video_source")
        rig.spin(14)
        said = rig.said("video_source")
        return "; ".join([*said, rig.stop("video_source")])

    return run


def removed_file(rig: Rig) -> str:
    """A memory stick that is pulled out."""
    for name in ("detector", "lifter"):
        rig.stop_if_runs(name)
    path = rig.folder / "stick.mkv"
    write_times(rig, path, list(range(0, 1000, 33)))
    rig.forget()
    rig.start("video_source", path=str(path), loop=True, wait_s=0.0)
    rig.until_active("video_source")
    path.unlink()
    rig.spin(8)
    said = rig.said("video_source")
    return "; ".join([*said, rig.stop("video_source")]).replace(f"{rig.folder}/", "")


def silent_server(rig: Rig) -> str:
    """A network camera that hangs."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(5)
        address = f"rtsp://127.0.0.1:{server.getsockname()[1]}/live"
        rig.start("video_source", path=address)
        rig.spin_until(lambda: rig.status("video_source") is not None, most_s=40)
        status = rig.status("video_source")
        if status is None:
            return f"does not end within 40 s; {rig.stop('video_source')}"
        return f"status {status}: {rig.last_line('video_source')}".replace(address, "rtsp://…")


def nobody_listens(rig: Rig) -> str:
    """A network camera that is off."""
    rig.start("video_source", path="rtsp://127.0.0.1:9/live")
    rig.spin_until(lambda: rig.status("video_source") is not None, most_s=40)
    return f"status {rig.status('video_source')}: {rig.last_line('video_source')}"

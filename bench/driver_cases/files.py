"""Videos as browsers, phones and cameras write them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.launch_arguments import source_parameters
from driver_cases.case import Case
from driver_cases.rig import Rig

FAST_VP8 = {"deadline": "realtime", "cpu-used": "8"}
FAST_H264 = {"preset": "ultrafast"}


def file_cases() -> Iterator[Case]:
    """All cases of files."""
    yield "01-browser-webm", "150 frames, 6.0 s by their own times, no rate", video(write_webm)
    yield "01b-first-two-1-ms-apart", "90 frames, 3.0 s", video(write_first_two_near)
    yield "01c-rate-of-90000", "60 frames, 2 s, in Matroska", video(write_rate_90000)
    yield "11-phone-of-varying-rate", "135 frames: 3 s at 30/s, 3 s at 15/s", video(write_phone)
    yield "16h-oblong-pixels", "320x480, each pixel 2:1", video(write_oblong)
    yield "14-one-frame-video", "one frame", video(write_one)
    yield "16e-paths", "path:=~/a.mp4 of the node", home
    yield "16e-launch-arguments", "source:=rtsp://cam.local/live, source:=~/no.mp4", launch_sources


def video(write: Callable[[Rig, Path], None]) -> Callable[[Rig], str]:
    """A file, published image by image by `video_source` and lifted."""

    def run(rig: Rig) -> str:
        path = rig.folder / f"{write.__name__}.mkv"
        write(rig, path)
        rig.see(of_both={"replay": True})
        with rig.hearing_images():
            rig.start("video_source", path=str(path), replay=True)
            rig.spin_until(lambda: rig.value("video_source", "ended"))
            for name in ("detector", "lifter"):
                rig.spin(1.5)
                rig.spin_until(lambda name=name: rig.value(name, "waiting") == "0")
            rig.spin(2)
        stamps = np.array(rig.heard.images)
        seconds = (stamps[-1] - stamps[0]) / 1e9 if len(stamps) else 0
        text = rig.outcome("video_source", "detector", "lifter")
        rig.stop("video_source")
        return f"{len(stamps)} images over {seconds:.2f} s; {text}".replace(f"{rig.folder}/", "")

    return run


def write_times(rig: Rig, path: Path, times: list[int], rate: int = 30, **options: str) -> None:
    """Write frames with these display times in milliseconds."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libvpx" if options else "libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        stream.options = FAST_VP8 if options else FAST_H264
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for number, time_ms in enumerate(times):
            image = rig.film[rig.frame(number, speed=1)]
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_webm(rig: Rig, path: Path) -> None:
    """Without duration and rate, as browsers write files."""
    chance = random.Random(1)
    times = np.cumsum([0] + [chance.choice([16, 33, 34, 50, 33, 67]) for _ in range(149)])
    write_times(rig, path, times.tolist(), live="1")
    data = bytearray(path.read_bytes())
    at = data.find(bytes.fromhex("23e383"))  # replace DefaultDuration by Void
    if at >= 0:
        size = data[at + 3] & 0x7F
        data[at : at + 4 + size] = bytes([0xEC, 0x80 | (size + 2), *bytes(size + 2)])
        path.write_bytes(data)


def write_first_two_near(rig: Rig, path: Path) -> None:
    """A browser's recording whose second frame is 1 ms after the first."""
    write_times(rig, path, [0, 1, *range(67, 67 + 33 * 88, 33)], live="1")


def write_rate_90000(rig: Rig, path: Path) -> None:
    """A header with the clock's frequency as the frame rate."""
    write_times(rig, path, [33 * number for number in range(60)], rate=90000)


def write_phone(rig: Rig, path: Path) -> None:
    """Half of the frames are missing, as phones record in the dark."""
    write_times(rig, path, [33 * k for k in range(180) if k < 90 or k % 2 == 0])


def write_oblong(rig: Rig, path: Path) -> None:
    """Pixels that are not square, as in DV, HDV and DVD."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 320, 480, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        for image in rig.film[:60]:
            narrow = cv2.resize(image, (320, 480), interpolation=cv2.INTER_AREA)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(narrow, format="bgr24")))
        container.mux(stream.encode(None))


def write_one(rig: Rig, path: Path) -> None:
    """One frame."""
    write_times(rig, path, [0])


def home(rig: Rig) -> str:
    """A video below the home folder, given as ~, which no shell has expanded."""
    write_times(rig, rig.folder / "a.mkv", list(range(0, 2000, 33)))
    rig.start("video_source", path="~/a.mkv", wait_s=0.0, environment={"HOME": str(rig.folder)})
    rig.spin_until(lambda: rig.value("video_source", "ended") or rig.status("video_source"))
    found = f"{rig.value('video_source', 'published') or 'no'} images published"
    rig.stop("video_source")
    return found


def launch_sources(_: Rig) -> str:
    """The launch file's sources, as far as possible without `ros2 launch`, which PyPI lacks."""
    texts = []
    for source in ("rtsp://cam.local/live", "~/no.mp4"):
        try:
            texts.append(f"{source}: {source_parameters(source)}")
        except DiffhpeError as error:
            texts.append(f"{source}: refused: {error}".replace(str(Path.home()), "/home/me"))
    return "; ".join(texts)

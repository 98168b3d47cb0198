"""Cameras and drivers that went wrong for others, in front of real nodes.

Each case is a function that is given the rig and says what came of it.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import socket
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from driver_rig import FPS, PERIOD_NS, Pixels, Rig, Shot, bgr_image, clip_info
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.launch_arguments import source_parameters

Case = tuple[str, str, Callable[[Rig], str]]
"""Name, input, and what runs it."""
DIFFHPE = "from diffhpe_ros.cli import main; main()"
FAST_VP8 = {"deadline": "realtime", "cpu-used": "8"}
FAST_H264 = {"preset": "ultrafast"}
OTHER_USER = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
READS_ALL = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


def driver_cases() -> Iterator[Case]:
    """All cases; those that share a graph follow each other."""
    yield from _camera_info()
    yield from _stamps()
    yield from _images()
    yield "13-camera-info-not-remapped", "image:=/camera/image_raw", not_remapped
    yield "16a-no-publisher", "nobody publishes /image", no_publisher
    yield "05-same-frame-id", "two detectors, frame_id camera, one lifter", same_frame_id
    yield from _files()
    yield from _devices()
    yield from _programs()


def shot(**changes: Any) -> Callable[[Rig], str]:
    """A case of a camera in front of a detector and a lifter."""

    def run(rig: Rig) -> str:
        rig.see()
        rig.shoot(Shot(**changes))
        return rig.outcome()

    return run


def info(change: Callable[[CameraInfo, int], object]) -> Callable[[int], CameraInfo]:
    """camera_info of the clip, changed."""

    def make(number: int) -> CameraInfo:
        message = clip_info()
        change(message, number)
        return message

    return make


def _focal(message: CameraInfo, pixels: float) -> None:
    message.k[0] = message.k[4] = pixels


def _camera_info() -> Iterator[Case]:
    yield "02-camera-info-jitter", "steady K", shot()
    yield (
        "02-camera-info-jitter",
        "fx + 1e-9 (k mod 7) px",
        shot(info=info(lambda m, k: m.k.__setitem__(0, m.k[0] + 1e-9 * (k % 7)))),
    )
    yield (
        "02-camera-info-jitter",
        "P, which is not used, varies",
        shot(info=info(lambda m, k: m.p.__setitem__(0, m.p[0] + 1e-9 * (k % 7)))),
    )
    yield (
        "02-camera-info-jitter",
        "roi.do_rectify toggles",
        shot(info=info(lambda m, k: setattr(m.roi, "do_rectify", bool(k % 2)))),
    )
    yield (
        "02-camera-info-jitter",
        "a zoom: fx grows by 0.5 % an image",
        shot(info=info(lambda m, k: _focal(m, m.k[0] * 1.005 ** (k / 2)))),
    )
    yield "02b-two-drivers", "K 600 and 610 in turn, two publishers", two_infos
    for model, d in (
        ("plumb_bob", [0.01, -0.01, 0, 0, 0.001, 0, 0, 0]), ("", [0] * 8), ("none", []),
        ("equidistant", []), ("rational_polynomial", [0] * 5), ("equidistant", [0] * 5),
        ("fisheye", [0.01, 0, 0, 0]), ("Brown Conrady", [0] * 5),
    ):  # fmt: skip
        yield (
            "04-distortion-models",
            f"{model!r} with {len(d)} coefficients",
            shot(images=35, info=info(lambda m, _, model=model, d=d: _lens(m, model, d))),
        )
    yield (
        "04-distortion-models",
        "skew of 1e-12",
        shot(info=info(lambda m, _: m.k.__setitem__(1, 1e-12))),
    )
    yield (
        "06-resized-stale-roi",
        "320x240, K of 300 px, roi 640x480",
        shot(info=info(_stale_roi), message=lambda _, p: bgr_image(cv2.resize(p, (320, 240)))),
    )
    yield "07-rectified-only-P", "K of zeros, P 700 px, rectified", only_p
    yield (
        "08-camera-info-width-0",
        "0x0 beside images of 640x480",
        shot(info=info(lambda m, _: (setattr(m, "width", 0), setattr(m, "height", 0)))),
    )
    yield "16j-identity", "K of the identity", shot(info=info(lambda m, _: _focal(m, 1.0)))


def _lens(message: CameraInfo, model: str, d: list[float]) -> None:
    message.distortion_model, message.d = model, [float(each) for each in d]


def _stale_roi(message: CameraInfo, _: int) -> None:
    message.width, message.height = 320, 240
    message.k = (np.diag([0.5, 0.5, 1]) @ np.reshape(message.k, (3, 3))).ravel()
    message.roi.width, message.roi.height = 640, 480


def two_infos(rig: Rig) -> str:
    """A second driver's camera_info on the same topic."""
    rig.see()
    other = rig.node.create_publisher(CameraInfo, "camera_info", 1)
    try:
        rig.shoot(Shot(info=info(lambda m, k: _focal(m, 600.0 + 10 * (k % 2)))))
    finally:
        rig.node.destroy_publisher(other)
    return rig.outcome()


def only_p(rig: Rig) -> str:
    """A driver that rectifies and fills P only."""

    def change(message: CameraInfo, _: int) -> None:
        message.p[0] = message.p[5] = 700.0
        message.k = np.zeros(9)

    rig.see(rectified=True)
    rig.shoot(Shot(info=info(change)))
    return rig.outcome()


def _stamps() -> Iterator[Case]:
    for each, back_ms in ((8, 80), (8, 1), (30, 1)):
        late_ns = PERIOD_NS + back_ms * 10**6
        yield (
            "03-stamps-out-of-order",
            f"each {each}th is {back_ms} ms before the last",
            shot(images=60, late_ns=lambda k, n=each, late=late_ns: late if k % n == n - 1 else 0),
        )
    swap = {4: -PERIOD_NS, 5: PERIOD_NS}
    yield (
        "03-stamps-out-of-order",
        "two neighbours swapped each 10th",
        shot(images=60, late_ns=lambda k: swap.get(k % 10, 0)),
    )
    yield (
        "16b-an-image-twice",
        "one of 60 has the stamp of the one before, then all is well",
        shot(images=60, late_ns=lambda k: PERIOD_NS if k >= 20 else 0),
    )
    yield "15-empty-frame-id", "frame_id ''", shot(frame_id="")


def _images() -> Iterator[Case]:
    for encoding, make in {
        "nv12": lambda p: _two_planes(p),
        "nv21": lambda p: _two_planes(p, swapped=True),
        "mjpeg": lambda p: bgr_image(p),
        "bayer_rggb8": lambda p: bgr_image(p),
    }.items():
        yield (
            "16l-encodings",
            f"{encoding} in Image",
            shot(images=35, message=lambda _, p, e=encoding, m=make: _named(m(p), e)),
        )
    for format_, suffix in (("h264", ""), ("16UC1; compressedDepth png", ""), ("webp", ".webp")):
        yield "16i-compressed-formats", format_, compressed(format_, suffix, lambda _, data: data)
    yield "16j-damaged-jpeg", "a flipped byte in each second", compressed("jpeg", ".jpg", flipped)
    yield "16j-damaged-jpeg", "each second cut at its half", compressed("jpeg", ".jpg", halved)


def _named(message: Image, encoding: str) -> Image:
    message.encoding = encoding
    return message


def _two_planes(pixels: Pixels, swapped: bool = False) -> Image:
    height, width = pixels.shape[:2]
    planes = cv2.cvtColor(pixels, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    luma, chroma = np.split(planes, [height * width])
    u, v = chroma.reshape(2, -1)
    pairs = np.stack([v, u] if swapped else [u, v], -1)
    data = array("B", np.concatenate([luma, pairs.ravel()]).tobytes())
    return Image(height=height, width=width, step=width, data=data)


def compressed(
    format_: str, suffix: str, damage: Callable[[int, bytes], bytes]
) -> Callable[[Rig], str]:
    """A camera that sends CompressedImage."""

    def make(number: int, pixels: Pixels) -> CompressedImage:
        data = cv2.imencode(suffix, pixels)[1].tobytes() if suffix else bytes(34605)
        return CompressedImage(format=format_, data=array("B", damage(number, data)))

    def run(rig: Rig) -> str:
        rig.see(image_transport="compressed")
        rig.shoot(Shot(message=make, kind=CompressedImage))
        return rig.outcome()

    return run


def flipped(number: int, data: bytes) -> bytes:
    """255 begins a marker: libjpeg shows grey from there on."""
    changed = bytearray(data)
    if number % 2:
        changed[random.Random(number).randrange(len(data) // 4, len(data) - 2)] = 255
    return bytes(changed)


def halved(number: int, data: bytes) -> bytes:
    """As a transfer that was cut off."""
    return data[: len(data) // 2] if number % 2 else data


def not_remapped(rig: Rig) -> str:
    """The image is remapped, camera_info was forgotten."""
    rig.see("-r", "image:=/camera/image_raw")
    rig.shoot(Shot(topic="/camera/image_raw", info_topic="/camera/camera_info"))
    return rig.outcome()


def no_publisher(rig: Rig) -> str:
    """A detector that waits, and a lifter."""
    rig.see()
    rig.spin(8)
    texts = rig.heard.texts
    return "; ".join(f"{name}: {text}" for name, each in texts.items() for text in list(each)[-1:])


def same_frame_id(rig: Rig) -> str:
    """Walks to the right in one camera, to the left in the other."""
    rig.stop_if_runs("detector")
    sides = ("left", "right")
    for side in sides:
        arguments = ("-r", f"__ns:=/{side}", "-r", "windows:=/windows")
        rig.start("detector", *arguments, name=f"{side}/detector", blazepose_model="full")
    rig.until_active(*(f"{side}/detector" for side in sides))
    rig.see_lifter()
    publishers = [
        (rig.node.create_publisher(Image, f"/{side}/image", 1),
         rig.node.create_publisher(CameraInfo, f"/{side}/camera_info", 1))
        for side in sides
    ]  # fmt: skip
    rig.spin(1.0)
    for number in range(45):
        pixels = rig.film[rig.frame(number)]
        for (images, infos), each in zip(publishers, (pixels, pixels[:, ::-1]), strict=True):
            rig.publish(images, infos, bgr_image(np.ascontiguousarray(each)))
        rig.spin(2 / FPS)
    rig.spin(2.5)
    text = rig.outcome("lifter")
    for publisher in itertools.chain(*publishers):
        rig.node.destroy_publisher(publisher)
    for name in sides:
        rig.stop(f"{name}/detector")
    return text


def _files() -> Iterator[Case]:
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
    """Frames that are shown at these milliseconds."""
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
    """Without a duration and a rate, as browsers write."""
    chance = random.Random(1)
    times = np.cumsum([0] + [chance.choice([16, 33, 34, 50, 33, 67]) for _ in range(149)])
    write_times(rig, path, times.tolist(), live="1")
    data = bytearray(path.read_bytes())
    at = data.find(bytes.fromhex("23e383"))  # DefaultDuration becomes Void
    if at >= 0:
        size = data[at + 3] & 0x7F
        data[at : at + 4 + size] = bytes([0xEC, 0x80 | (size + 2), *bytes(size + 2)])
        path.write_bytes(data)


def write_first_two_near(rig: Rig, path: Path) -> None:
    """A browser's recording whose second frame is 1 ms after the first."""
    write_times(rig, path, [0, 1, *range(67, 67 + 33 * 88, 33)], live="1")


def write_rate_90000(rig: Rig, path: Path) -> None:
    """A header that takes the clock for the rate."""
    write_times(rig, path, [33 * number for number in range(60)], rate=90000)


def write_phone(rig: Rig, path: Path) -> None:
    """In the dark half of the frames are missing."""
    write_times(rig, path, [33 * k for k in range(180) if k < 90 or k % 2 == 0])


def write_oblong(rig: Rig, path: Path) -> None:
    """DV, HDV and DVD have such pixels."""
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
    """A video below the home folder, whose name no shell has expanded."""
    write_times(rig, rig.folder / "a.mkv", list(range(0, 2000, 33)))
    rig.start("video_source", path="~/a.mkv", wait_s=0.0, environment={"HOME": str(rig.folder)})
    rig.spin_until(lambda: rig.value("video_source", "ended") or rig.status("video_source"))
    found = f"{rig.value('video_source', 'published') or 'no'} images published"
    rig.stop("video_source")
    return found


def launch_sources(_: Rig) -> str:
    """As far as it goes without `ros2 launch`, which PyPI does not have."""
    texts = []
    for source in ("rtsp://cam.local/live", "~/no.mp4"):
        try:
            texts.append(f"{source}: {source_parameters(source)}")
        except DiffhpeError as error:
            texts.append(f"{source}: refused: {error}".replace(str(Path.home()), "/home/me"))
    return "; ".join(texts)


def _devices() -> Iterator[Case]:
    yield (
        "09-webcam-unplugged",
        "ends after 40 images (OpenCV's device stood in for)",
        webcam("end"),
    )
    yield "09b-driver-blocks", "blocks after 40 images (stood in for)", webcam("hang")
    yield "09-looped-file", "the file is removed", removed_file
    yield "10-rtsp-silent", "a server that accepts and says nothing", silent_server
    yield "10-rtsp-nobody", "a port that nobody listens on", nobody_listens
    yield "12-other-user", "camera as root, graph as user 12345, the same profile", other_user


DEVICE = '''
"""Stands in for OpenCV's webcam: 40 images, then nothing."""
import time
import cv2

class Device:
    def __init__(self, *_):
        self.film, self.count = FILE(CLIP), 0
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


def other_user(rig: Rig) -> str:
    """One container each, one /dev/shm."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return "not run: needs root and setpriv"
    for name in ("detector", "lifter"):
        rig.stop_if_runs(name)
    home_folder = rig.folder / "user"
    home_folder.mkdir()
    shutil.chown(home_folder, 12345, 12345)
    rig.folder.chmod(0o755)
    own = {"HOME": str(home_folder), "ROS_LOG_DIR": str(home_folder)}
    cache = Path(os.environ.get("DIFFHPE_CACHE") or Path.home() / ".cache" / "diffhpe_ros")
    for name in ("lifter", "detector"):
        command = [*OTHER_USER, *READS_ALL, sys.executable, "-m", f"diffhpe_ros.nodes.{name}"]
        rig.start(name, command=command, environment={**own, "DIFFHPE_CACHE": str(cache)})
    rig.until_active("lifter", "detector")
    rig.forget()
    rig.shoot()
    rig.spin(8)
    texts = rig.heard.texts["detector"]
    said = max(texts, key=len) if texts else "no warning"
    for name in ("detector", "lifter"):
        rig.stop(name)
    return f"{len(rig.heard.joints)} windows lifted; detector: {said}"


def _programs() -> Iterator[Case]:
    yield "16c-sim-time", "use_sim_time without /clock", sim_time
    yield "16d-no-home", "user 12345 without passwd entry, HOME unset", no_home
    for module in ("lifter", "detector", "pose_pipeline"):
        yield "16f-signals", f"{module}: SIGINT and SIGTERM while it loads", signals(module)
    yield "16g-demo-without-webcam", "diffhpe demo --camera 0", demo_without_webcam
    yield "16k-nav2", "nav2's lifecycle manager wants a bond", nav2
    yield "16m-typing-error", "field_of_veiw: 70.0", typing_error
    yield "16n-one-name-for-two", "pose_pipeline -r __node:=pose", one_name


def sim_time(rig: Rig) -> str:
    """Images stamped by the wall clock."""
    rig.see(of_both={"use_sim_time": True})
    rig.shoot()
    text = rig.outcome()
    for name in ("detector", "lifter"):
        rig.stop(name)
    return text


def no_home(rig: Rig) -> str:
    """As in a container that is run by `--user`."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return "not run: needs root and setpriv"
    command = ["env", "-u", "HOME", "-u", "DIFFHPE_CACHE", *OTHER_USER, *READS_ALL]
    logs = {"ROS_LOG_DIR": "/tmp"}
    rig.start(
        "detector", environment=logs,
        command=[*command, sys.executable, "-m", "diffhpe_ros.nodes.detector"],
    )  # fmt: skip
    rig.spin_until(lambda: rig.status("detector") is not None, most_s=60)
    return f"status {rig.status('detector')}: {rig.last_line('detector')}"


def signals(module: str) -> Callable[[Rig], str]:
    """Ctrl-C, and what `docker stop` sends, at several times of the start."""

    def run(rig: Rig) -> str:
        import signal

        found = set()
        for how in (signal.SIGINT, signal.SIGTERM):
            for after_s in (0.4, 1.0, 1.6, 2.4):
                rig.start(module, name="stopped")
                rig.spin(after_s)
                ended = rig.stop("stopped", how)
                shown = rig.printed("stopped")
                found.add(ended + (", with a traceback" if "Traceback" in shown else ""))
        return "; ".join(sorted(found))

    return run


def demo_without_webcam(rig: Rig) -> str:
    """What the demo says of the node that does not start."""
    out = rig.folder / "demo"
    shown = subprocess.run(
        [sys.executable, "-c", DIFFHPE, "demo", "--camera", "0", "--out", str(out)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"status {shown.returncode}: {shown.stderr.strip().splitlines()[-1]}"


def nav2(_: Rig) -> str:
    """There is no nav2 here."""
    return "not run: nav2 is not on PyPI; docs/ros.md says to set its bond_timeout to 0.0"


def typing_error(rig: Rig) -> str:
    """In a parameter file for all nodes."""
    file = rig.folder / "mine.yaml"
    file.write_text("/**:\n  ros__parameters:\n    field_of_veiw: 70.0\n")
    rig.forget()
    rig.start("detector", "--params-file", str(file), blazepose_model="full")
    rig.until_active("detector")
    rig.spin(2.5)
    said = rig.said("detector")
    rig.stop("detector")
    return "; ".join(said) or "nothing is said"


def one_name(rig: Rig) -> str:
    """Two nodes in one process are renamed alike."""
    rig.start("pose_pipeline", "-r", "__node:=pose")
    rig.spin_until(lambda: rig.status("pose_pipeline") is not None, most_s=40)
    status = rig.status("pose_pipeline")
    if status is None:
        names = sorted(name for name in rig.heard.values if "pose" in name)
        return f"both run, as {', '.join(names) or 'nothing'}; {rig.stop('pose_pipeline')}"
    return f"status {status}: {rig.last_line('pose_pipeline')}"

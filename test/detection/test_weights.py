"""Downloads use the real pip and npm, with a folder of wheels and a small local registry."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from diffhpe_ros.detection import create_detector
from diffhpe_ros.detection.weights import (
    DETECTION,
    LANDMARKS,
    NPM_PACKAGE,
    WeightFile,
    blazepose_weights,
    cache_folder,
    load_weights,
)
from diffhpe_ros.errors import DiffhpeError

WHEEL = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, on a machine without any network."""
    monkeypatch.setenv("DIFFHPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    return tmp_path / "cache"


@pytest.fixture
def mirror(cache, tmp_path, monkeypatch):
    """Make pip find a wheel with the given two files."""

    def offer(detection: bytes, landmarks: bytes) -> None:
        with zipfile.ZipFile(tmp_path / WHEEL, "w") as wheel:
            wheel.writestr(DETECTION.member, detection)
            wheel.writestr(LANDMARKS["full"].member, landmarks)
            info = "mediapipe-0.10.21.dist-info"
            wheel.writestr(
                f"{info}/METADATA", "Metadata-Version: 2.1\nName: mediapipe\nVersion: 0.10.21\n"
            )
            wheel.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_28_x86_64\n"
            )
            wheel.writestr(f"{info}/RECORD", "")
        monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    return offer


@pytest.fixture
def registry(cache, monkeypatch) -> Iterator[Callable[[dict[str, bytes]], None]]:
    """Make npm find the package with the given files."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    answers: dict[str, bytes] = {}

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = answers.get(self.path)
            self.send_response(404 if content is None else 200)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            pass

    def offer(files: dict[str, bytes]) -> None:
        name, _, version = NPM_PACKAGE.specifier.rpartition("@")
        content = {"package/package.json": json.dumps({"name": name, "version": version}).encode()}
        answers["/pose.tgz"] = packed(content | files)
        about = {"name": name, "version": version, "dist": {"tarball": f"{address}/pose.tgz"}}
        answers[f"/{name.replace('/', '%2f')}"] = json.dumps(
            {"name": name, "versions": {version: about}, "dist-tags": {"latest": version}}
        ).encode()

    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("npm_config_registry", address)
        Thread(target=server.serve_forever, daemon=True).start()
        yield offer
        server.shutdown()


def packed(files: dict[str, bytes]) -> bytes:
    """The files as .tgz."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))
    return archive.getvalue()


def test_offline_one_message_says_what_is_missing_where_and_how_to_get_it(cache):
    with pytest.raises(DiffhpeError) as raised:
        create_detector("blazepose")
    message = str(raised.value)
    names = ("pose_detection.tflite", "pose_landmark_full.tflite", "mediapipe==0.10.21")
    for part in (*names, str(cache), "could not download them", "No matching distribution"):
        assert part in message
    assert "\n" not in message


def test_corrupt_file_is_fetched_again(networks, mirror, cache):
    mirror(*networks)
    cache.mkdir()
    (cache / "pose_detection.tflite").write_bytes(networks[0])
    (cache / "pose_landmark_full.tflite").write_bytes(networks[1][:-1])
    assert blazepose_weights() == networks


def test_wheel_with_another_network_is_refused_and_leaves_nothing(mirror, cache):
    mirror(b"something else", b"entirely")
    with pytest.raises(DiffhpeError, match=r"has sha256 .*, not 9ba9dd3d"):
        blazepose_weights()
    assert list(cache.iterdir()) == []


def test_cache_that_cannot_be_made_is_named(cache, mirror, networks):
    mirror(*networks)
    cache.write_text("a file, no folder")
    with pytest.raises(DiffhpeError, match=f"{cache}.*File exists|Not a directory"):
        blazepose_weights()


def test_several_processes_may_fetch_at_once_and_later_ones_read_the_cache(
    networks, mirror, cache, monkeypatch
):
    mirror(*networks)
    command = [sys.executable, "-m", "diffhpe_ros.detection.weights"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert outputs == [f"BlazePose is in {cache}\n"] * 2
    assert sorted(path.name for path in cache.iterdir()) == [
        "pose_detection.tflite",
        "pose_landmark_full.tflite",
    ]
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert blazepose_weights() == networks


def test_network_of_the_npm_package_is_fetched_once(registry, cache, monkeypatch):
    content = b"a small network"
    file = WeightFile(NPM_PACKAGE, "package/small.tflite", hashlib.sha256(content).hexdigest())
    registry({file.member: content})
    assert load_weights([file]) == [content]
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    assert load_weights([file]) == [content]
    assert [path.name for path in cache.iterdir()] == ["small.tflite"]


def test_npm_package_with_another_network_is_refused_and_leaves_nothing(registry, cache):
    registry({LANDMARKS["heavy"].member: b"something else"})
    with pytest.raises(DiffhpeError, match=r"has sha256 .*, not 59e42d71"):
        load_weights([LANDMARKS["heavy"]])
    assert list(cache.iterdir()) == []


def test_npm_package_without_the_network_is_refused(registry):
    registry({})
    with pytest.raises(DiffhpeError, match="not as expected: .*pose_landmark_lite.tflite"):
        load_weights([LANDMARKS["lite"]])


def test_without_npm_one_message_says_how_to_get_heavy_by_hand(cache, monkeypatch):
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(DiffhpeError) as raised:
        load_weights([LANDMARKS["heavy"]])
    message = str(raised.value)
    by_hand = "curl -O https://registry.npmjs.org/@mediapipe/pose/-/pose-0.5.1675469404.tgz"
    member = "package/pose_landmark_heavy.tflite"
    for part in (str(cache), "npm is not installed", by_hand, member, "weights heavy"):
        assert part in message
    assert "\n" not in message


def test_without_a_network_npm_says_why(cache):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    with pytest.raises(DiffhpeError, match="request to http://127.0.0.1:9.*failed") as raised:
        load_weights([LANDMARKS["heavy"]])
    assert "\n" not in str(raised.value)


def test_cache_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    monkeypatch.setenv("DIFFHPE_CACHE", "/mine")
    assert cache_folder() == Path("/mine")
    monkeypatch.delenv("DIFFHPE_CACHE")
    assert cache_folder() == Path("/xdg/diffhpe_ros")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "diffhpe_ros"


def test_cache_without_a_home_folder_is_explained(monkeypatch):
    monkeypatch.setenv("DIFFHPE_CACHE", "~a-user-that-is-not-there/cache")
    with pytest.raises(DiffhpeError, match="there is no home folder for ~a-user.*set HOME, or"):
        cache_folder()

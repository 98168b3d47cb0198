"""Fetching runs the real pip, on a folder of wheels in place of PyPI."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from diffhpe_ros.detection import create_detector
from diffhpe_ros.detection.weights import DETECTION, LANDMARKS, blazepose_weights, cache_folder
from diffhpe_ros.errors import DiffhpeError

WHEEL = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, on a machine without any network."""
    monkeypatch.setenv("DIFFHPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return tmp_path / "cache"


@pytest.fixture
def mirror(cache, tmp_path, monkeypatch):
    """Make pip find a wheel with the given two files."""

    def offer(detection: bytes, landmarks: bytes) -> None:
        with zipfile.ZipFile(tmp_path / WHEEL, "w") as wheel:
            wheel.writestr(DETECTION.member, detection)
            wheel.writestr(LANDMARKS.member, landmarks)
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


def test_offline_one_message_says_what_is_missing_where_and_how_to_get_it(cache):
    with pytest.raises(DiffhpeError) as raised:
        create_detector("blazepose")
    message = str(raised.value)
    names = ("pose_detection.tflite", "pose_landmark_full.tflite", "mediapipe==0.10.21")
    for part in (*names, str(cache), "could not be fetched", "No matching distribution"):
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

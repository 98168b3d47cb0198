"""The cache of converted networks, in a separate folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from diffhpe_ros.detection.blazepose import onnx_conversion as module
from diffhpe_ros.detection.blazepose.landmarks import LANDMARK_OUTPUTS
from diffhpe_ros.detection.blazepose.onnx_conversion import blazepose_onnx, converted_path
from diffhpe_ros.detection.weights import DETECTION, LANDMARKS
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import OnnxModel


@pytest.fixture
def cache(networks, tmp_path, monkeypatch) -> Path:
    """A cache that contains only the weights."""
    for file, model in zip((DETECTION, LANDMARKS["full"]), networks, strict=True):
        file.path(tmp_path).write_bytes(model)
    monkeypatch.setenv("DIFFHPE_CACHE", str(tmp_path))
    return tmp_path


def test_networks_are_converted_once_and_say_what_they_were_made_of(cache):
    files = blazepose_onnx()
    assert sorted(cache.glob("*.onnx")) == sorted(files)
    assert OnnxModel(files[1], ["CPUExecutionProvider"]).metadata == {
        "source_sha256": LANDMARKS["full"].sha256,
        "converter_version": "1",
    }
    made = [file.stat().st_mtime_ns for file in files]
    assert [file.stat().st_mtime_ns for file in blazepose_onnx()] == made
    assert len(list(cache.iterdir())) == 4  # nothing temporary is left


def test_another_source_output_or_converter_makes_another_file(cache, monkeypatch):
    paths = {
        converted_path(LANDMARKS["full"], LANDMARK_OUTPUTS),
        converted_path(LANDMARKS["full"], LANDMARK_OUTPUTS[:1]),
        converted_path(DETECTION, LANDMARK_OUTPUTS),
    }
    monkeypatch.setattr(module, "CONVERTER_VERSION", 2)
    paths.add(converted_path(LANDMARKS["full"], LANDMARK_OUTPUTS))
    assert len(paths) == 4


def test_converted_files_need_no_weights_and_no_packages_to_convert(cache, monkeypatch):
    files = blazepose_onnx()
    for file in (DETECTION, LANDMARKS["full"]):
        file.path(cache).unlink()
    for package in ("ai_edge_litert", "onnx", "flatbuffers"):
        monkeypatch.setitem(sys.modules, package, None)
    assert blazepose_onnx() == files


def test_missing_packages_are_named(cache, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "diffhpe_ros.detection.blazepose.tflite_onnx", raising=False)
    with pytest.raises(DiffhpeError, match="pip install ai-edge-litert onnx"):
        blazepose_onnx()


def test_several_processes_may_convert_at_once(cache):
    command = [sys.executable, "-m", "diffhpe_ros.detection.blazepose.onnx_conversion"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert outputs == ["\n".join(map(str, blazepose_onnx())) + "\n"] * 2
    assert len(list(cache.iterdir())) == 4


def test_file_that_cannot_be_written_is_named(cache):
    path = converted_path(DETECTION, ((1, 2254, 12), (1, 2254, 1)))
    path.mkdir()
    with pytest.raises(DiffhpeError, match=f"cannot write {path}: Is a directory"):
        blazepose_onnx()

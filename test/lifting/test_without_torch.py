"""Lifting with the native engine does not import torch, and works where it is not installed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from keypoint_files import write_walk

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import how_to_install
from diffhpe_ros.lifting import Lifter, torch_needed
from diffhpe_ros.lifting.engines.native.library import find_library

needs_library = pytest.mark.skipif(
    find_library() is None, reason="no library for this processor, or no C++ compiler"
)

NOT_INSTALLED = "import sys; sys.modules['torch'] = None\n"
"""The value in sys.modules that makes Python treat a package as missing."""
CLI = "from diffhpe_ros.cli import main; main()"


def run(code: str, *arguments: object) -> str:
    """The output of a new process without torch."""
    command = [sys.executable, "-c", NOT_INSTALLED + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_library
def test_lifter_lifts_a_window():
    code = """
import numpy as np
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
lifter = Lifter.from_pretrained(DEFAULT_MODEL)
x_2d = np.random.default_rng(0).normal(scale=0.2, size=(1, 27, 17, 2))
poses = lifter.lift(x_2d).poses
assert np.isfinite(poses).all()
print(lifter.engine, sys.modules["torch"])
"""
    assert run(code) == "native None\n"


@needs_library
def test_pose_pipeline_finds_the_person_of_the_clip():
    code = """
from diffhpe_ros.pipeline import PosePipeline
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader
clip = walking_clip()
pipeline = PosePipeline.from_pretrained(camera=clip.camera)
with VideoReader(str(clip.video_path)) as video:
    for _, time_s, image_bgr in video:
        people = pipeline(image_bgr, stamp_ns=round(time_s * 1e9))
        if len(people.joints):
            break
print(people.joints.shape, sys.modules["torch"])
"""
    assert run(code) == "(1, 17, 3) None\n"


@needs_library
def test_node_loads_its_model():
    """With a preset that is chosen by timing, as `auto` does, and device `auto`."""
    code = """
from diffhpe_ros.nodes.model_loading import load
from diffhpe_ros.nodes.parameters.tables import LifterParameters
loaded = load(LifterParameters(device="auto", preset="auto"))
print(loaded.device, loaded.lifter.engine, sys.modules["torch"])
"""
    assert run(code) == "cpu native None\n"


@needs_library
def test_recording_is_lifted_on_the_command_line(tmp_path: Path):
    write_walk(tmp_path / "walk.npz")
    run(CLI, "lift", tmp_path / "walk.npz", "--out", tmp_path / "poses.npz")
    with np.load(tmp_path / "poses.npz") as lifted:
        assert len(lifted["poses"]) == 180


def test_command_that_needs_torch_says_so():
    command = [sys.executable, "-c", NOT_INSTALLED + CLI, "bench"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert done.returncode == 1
    assert done.stderr == (
        f"diffhpe: this command needs torch, which is not installed: {how_to_install('torch')}\n"
    )


@pytest.mark.parametrize(
    ("model", "settings", "reason"),
    [
        ("mixste", {"engine": "folded"}, "the engine folded needs torch"),
        (
            "diffpose",
            {},
            "the native engine is not available: it does not support diffpose and graformer",
        ),
        ("mixste", {"device": "cuda"}, "device 'cuda' needs torch"),
        (
            "tiny-mixste.pt",
            {},
            "tiny-mixste.pt is a released checkpoint, and reading it needs torch",
        ),
    ],
)
def test_what_needs_torch_says_so(monkeypatch, golden_mixste, model, settings, reason):
    monkeypatch.setattr(torch_needed, "has_torch", lambda: False)
    name = golden_mixste if model == golden_mixste.name else model
    with pytest.raises(DiffhpeError, match=reason) as error:
        Lifter.from_pretrained(name, **settings)
    assert str(error.value).endswith(f"is not installed: {how_to_install('torch')}")

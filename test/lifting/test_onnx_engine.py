"""The files from `diffhpe export`, and the engine that runs them."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, build_model, load_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import (
    BackboneConfig,
    DenoiserConfig,
    TrunkConfig,
)
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config
from diffhpe_ros.lifting.engines.creation import create_engine
from diffhpe_ros.lifting.engines.export import export, verify
from diffhpe_ros.lifting.engines.onnx import weights_sha256
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.lifting.pipeline.presets import Preset

# The smallest possible sizes: exporting takes seconds per block.
TRUNK = TrunkConfig(channels=16, depth=1)
DENOISER = DenoiserConfig(
    channels=16, blocks=1, prediction="pose", pose_scale=0.25, backbone_share=0.5
)
MIXSTE = ModelConfig("mixste", input_view="person", trunk=TRUNK)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """The folders `mixste` and `wrapper`, which takes its trunk from the former."""
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("models")
    config = replace(MIXSTE, architecture="diffhpe-wrapper", denoiser=DENOISER)
    wrapper = build_model(config)
    torch.nn.init.normal_(wrapper.denoiser.output_projection2.weight)  # else all is 0
    save_model(MixSTE(wrapper.trunk), MIXSTE, place / "mixste")
    backbone = BackboneConfig("mixste", weights_sha256(place / "mixste"))
    save_model(wrapper, replace(config, backbone=backbone), place / "wrapper")
    return place


@pytest.fixture(scope="module", params=["mixste", "wrapper"])
def trained(request, models) -> Path:
    return models / request.param


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory) -> Path:
    """A model, exported. Copy it to change it."""
    folder = tmp_path_factory.mktemp("exported") / trained.name
    differences = export(trained, folder)
    assert {f"{name}.onnx" for name in differences} == {
        file.name for file in (folder / "onnx").iterdir()
    }
    assert max(differences.values()) < 1e-5
    return folder


@pytest.mark.slow
def test_exported_folder_is_a_complete_model(trained, exported):
    """Also for a wrapper, although the trained wrapper needs its backbone's folder."""
    assert sorted(file.name for file in exported.parent.iterdir()) == [exported.name]
    before, after = load_model(trained).state_dict(), load_model(exported).state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 4])
def test_onnx_gives_the_same_poses(exported, windows, number):
    onnx, folded = (
        Lifter.from_pretrained(exported, engine=engine).lift(windows[:number])
        for engine in ("onnx", "folded")
    )
    assert onnx.hypotheses.shape == folded.hypotheses.shape
    assert abs(onnx.hypotheses - folded.hypotheses).max() < 1e-5  # metres


@pytest.mark.slow
def test_poses_do_not_depend_on_who_else_is_in_the_batch(exported, windows):
    lifter = Lifter.from_pretrained(exported, engine="onnx")
    assert lifter.runs_on.endswith("ExecutionProvider")
    alone, together = lifter.lift(windows[:1]), lifter.lift(windows)
    assert abs(alone.poses[0] - together.poses[0]).max() < 1e-5


@pytest.mark.slow
def test_truncated_pieces_are_refused(exported, tmp_path):
    folder = shutil.copytree(exported, tmp_path / "model")
    piece = next((folder / "onnx").iterdir())
    piece.write_bytes(piece.read_bytes()[:-1000])
    with pytest.raises(DiffhpeError, match=rf"{piece.name} is not a usable ONNX model"):
        Lifter.from_pretrained(folder, engine="onnx")


@pytest.mark.slow
def test_pieces_of_other_weights_are_refused(exported, tmp_path):
    folder = shutil.copytree(exported, tmp_path / "model")
    model, config = load_with_config(folder)
    next(model.parameters()).data += 1
    save_model(model, config, folder)
    with pytest.raises(DiffhpeError, match=r"was not made from the model.safetensors next to it"):
        Lifter.from_pretrained(folder, engine="onnx")


@pytest.mark.slow
def test_piece_that_gives_something_else_is_found(exported):
    """`export` verifies its output before it is used."""
    model, config = load_with_config(exported)
    last = model.head if isinstance(model, MixSTE) else model.denoiser.output_projection2
    share = 0.0 if isinstance(model, MixSTE) else model.backbone_share  # halves its effect
    last.bias.data += 1e-3 / (1 - share)
    with pytest.raises(
        DiffhpeError, match=r"\.onnx is 1.0e-03 away from the model that it was made"
    ):
        verify(model, exported, config)


def test_model_without_pieces_says_how_to_make_them(trained):
    message = rf"{trained} has no onnx/\w+.onnx: make a folder that contains it with diffhpe export"
    with pytest.raises(DiffhpeError, match=message):
        Lifter.from_pretrained(trained, engine="onnx")


def test_onnx_is_for_tensors_on_the_cpu(trained):
    with pytest.raises(DiffhpeError, match="the onnx engine is for device cpu, not meta"):
        model, config = load_with_config(trained)
        create_engine("onnx", model.to("meta"), config, trained)


def test_nothing_is_overwritten(trained):
    with pytest.raises(DiffhpeError, match="already exists; choose another folder or remove it"):
        export(trained, trained)


def test_failure_leaves_nothing_behind(trained, tmp_path, monkeypatch):
    def on_a_full_disk(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch.onnx, "export", on_a_full_disk)
    with pytest.raises(DiffhpeError, match="cannot write .*model: No space left on device"):
        export(trained, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_model_that_starts_at_its_backbone_cannot_stand_alone(models, tmp_path):
    model, config = load_with_config(models / "wrapper")
    fast = Preset("ddim", steps=1, hypotheses=1, start="backbone")
    config = replace(config, backbone=None, presets={"fast": fast})
    save_model(model, config, tmp_path / "model")
    with pytest.raises(DiffhpeError, match="preset fast starts from the backbone's pose"):
        export(tmp_path / "model", tmp_path / "exported")


def test_missing_packages_are_named(trained, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(DiffhpeError, match=r"needs onnxscript: .*'diffhpe_ros\[onnx\]'"):
        export(trained, tmp_path / "model")

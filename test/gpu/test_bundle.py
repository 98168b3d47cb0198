"""Trained models are returned as complete files."""

import zipfile

import torch

from diffhpe_ros.lifting import ModelConfig, build_model, load_model
from diffhpe_ros.lifting.checkpoints.configuration import TrunkConfig
from diffhpe_ros.lifting.checkpoints.model_folders import replace_model
from gpu.bundle import bundle_models, unbundle

CONFIG = ModelConfig("mixste", trunk=TrunkConfig(channels=16, depth=1))


def test_models_go_out_and_come_back(tmp_path):
    models, out = tmp_path / "models", tmp_path / "out"
    out.mkdir()
    model = build_model(CONFIG)
    for name in ("mixste", "diffhpe-wrapper"):
        replace_model(model, CONFIG, models / name / "model")
    bundle_models(models, out)
    assert sorted(file.name for file in out.iterdir()) == [
        "diffhpe-wrapper.zip", "small-models.zip",
    ]  # fmt: skip
    unbundle(out, tmp_path / "back")
    again = load_model(tmp_path / "back" / "mixste").state_dict()
    assert all(torch.equal(again[name], value) for name, value in model.state_dict().items())


def test_folder_that_is_not_whole_waits(tmp_path):
    folder = tmp_path / "models" / "mixste" / "model"
    replace_model(build_model(CONFIG), CONFIG, folder)
    bundle_models(tmp_path / "models", tmp_path)
    before = (tmp_path / "small-models.zip").read_bytes()
    (folder / "model.safetensors").write_bytes(b"half of it")
    bundle_models(tmp_path / "models", tmp_path)
    assert (tmp_path / "small-models.zip").read_bytes() == before
    replace_model(build_model(CONFIG), CONFIG, folder)
    bundle_models(tmp_path / "models", tmp_path)
    assert (tmp_path / "small-models.zip").read_bytes() != before
    assert zipfile.ZipFile(tmp_path / "small-models.zip").testzip() is None

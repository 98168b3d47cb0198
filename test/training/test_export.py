"""A trained model, packed for distribution."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter, ModelConfig, build_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.runner.export import pack

SIZES = {
    "trunk": TrunkConfig(channels=16, depth=1, heads=2),
    "denoiser": DenoiserConfig(channels=8, blocks=1, prediction="pose"),
    "presets": {"balanced": Preset("ddim", 1, 1)},
}


def windows() -> LabelledWindows:
    rng = np.random.default_rng(0)
    x = rng.uniform(-0.5, 0.5, (4, 27, 17, 2)).astype(np.float32)
    return LabelledWindows(x, np.zeros((4, 27, 17, 3), np.float32))


def trained(folder: Path, architecture: str, trunk_of: Path | None = None) -> Path:
    torch.manual_seed(0 if architecture == "mixste" else 1)
    config = ModelConfig(architecture, **SIZES)
    model = build_model(config)
    if trunk_of is not None:
        model.trunk.load_state_dict(load_with_config(trunk_of)[0].trunk.state_dict())
    save_model(model, config, folder)
    return folder


def test_poses_stay_and_the_file_is_half_as_large(tmp_path):
    mixste = trained(tmp_path / "run" / "model", "mixste")
    (tmp_path / "run" / "train.yaml").write_text("seed: 7\n")
    packed = pack(mixste, tmp_path / "models" / "mixste", None, [windows()])
    assert packed.is_half and packed.difference_mm < 0.1
    before, after = (Lifter.from_pretrained(str(place)).lift(windows().x_2d).poses
                     for place in (mixste, tmp_path / "models" / "mixste"))  # fmt: skip
    assert 1000 * np.linalg.norm(after - before, axis=-1).mean() == pytest.approx(
        packed.difference_mm, abs=1e-3
    )
    assert (tmp_path / "models" / "mixste" / "train.yaml").read_text() == "seed: 7\n"


def test_wrapper_refers_to_its_backbone(tmp_path):
    models = tmp_path / "models"
    pack(trained(tmp_path / "mixste", "mixste"), models / "mixste", None, [windows()])
    wrapper = trained(tmp_path / "wrapper", "diffhpe-wrapper", models / "mixste")
    packed = pack(wrapper, models / "wrapper", models / "mixste", [windows()])
    assert packed.megabytes < 0.5 * (wrapper / "model.safetensors").stat().st_size / 1e6
    model, config = load_with_config(models / "wrapper")
    assert config.backbone is not None and config.backbone.name == "mixste"
    own, _ = load_with_config(wrapper)
    for name, value in own.trunk.state_dict().items():
        torch.testing.assert_close(model.trunk.state_dict()[name], value, atol=0, rtol=0)


def test_backbone_in_half_precision_is_still_the_one_of_its_wrapper(tmp_path):
    models = tmp_path / "models"
    mixste = trained(tmp_path / "mixste", "mixste")
    pack(mixste, models / "mixste", None, [windows()])
    pack(
        trained(tmp_path / "wrapper", "diffhpe-wrapper", mixste),
        models / "wrapper", models / "mixste", [windows()],
    )  # fmt: skip
    wrapper, backbone = (load_with_config(models / name)[0] for name in ("wrapper", "mixste"))
    for name, value in backbone.trunk.state_dict().items():
        assert torch.equal(wrapper.trunk.state_dict()[name], value), name


def test_poses_that_would_move_are_stored_as_they_are(tmp_path):
    config = replace(ModelConfig("mixste", **SIZES))
    model = build_model(config)
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(30)  # poses of hundreds of metres: half precision is too coarse
    save_model(model, config, tmp_path / "model")
    packed = pack(tmp_path / "model", tmp_path / "packed", None, [windows()])
    assert not packed.is_half and packed.difference_mm > 0.1


def test_another_backbone_is_refused(tmp_path):
    other = trained(tmp_path / "mixste", "mixste")
    wrapper = trained(tmp_path / "wrapper", "diffhpe-wrapper")
    with pytest.raises(DiffhpeError, match="is not the backbone that the wrapper was trained with"):
        pack(wrapper, tmp_path / "out", other, [windows()])


def test_backbone_elsewhere_is_refused(tmp_path):
    mixste = trained(tmp_path / "runs" / "mixste", "mixste")
    wrapper = trained(tmp_path / "wrapper", "diffhpe-wrapper", mixste)
    with pytest.raises(DiffhpeError, match="in the same folder"):
        pack(wrapper, tmp_path / "models" / "wrapper", mixste, [windows()])

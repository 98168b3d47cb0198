"""Models on disk: round trips, released files, and invalid files."""

import hashlib
import pickle
import resource
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import Tensor

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import ModelConfig, build_model, convert, load_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import BackboneConfig
from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.mark.parametrize("file", ["tiny-mixste.pt", "tiny-wrapper.pth", "tiny-2d.pth"])
def test_released_files_convert_without_loss(tmp_path, file):
    convert(GOLDEN / file, tmp_path / "model")
    before, after = load_model(GOLDEN / file), load_model(tmp_path / "model")
    assert before.state_dict().keys() == after.state_dict().keys()
    for name, value in before.state_dict().items():
        torch.testing.assert_close(after.state_dict()[name], value, rtol=0, atol=0)


def test_released_files_are_published_parameterisations_on_the_screen():
    _, config = load_with_config(GOLDEN / "tiny-wrapper.pth")
    assert config.input_view == "screen"
    assert config.denoiser.prediction == "noise"
    assert config.denoiser.pose_scale == 1.0


def test_folders_with_the_former_names_are_read():
    slopes = {"mean": 0.1, "across": 0.2, "along": 0.3}
    limits = {"symmetry_gap_mm": 20.0, "segment_std_mm": 5.0, "hypothesis_spread_mm": 0.0}
    former = ModelConfig.from_dict(
        {"architecture": "mixste", "error_signs": {"absence": slopes}, "usual": limits}
    )
    slopes = {"mean": 0.1, "x": 0.2, "y": 0.2, "z": 0.3}
    assert vars(former.variance_features["frames_since_seen"]) == slopes
    assert former.coherence_limits is not None and vars(former.coherence_limits) == limits
    assert ModelConfig.from_dict(former.to_dict()) == former


def test_data_parallel_prefixes_are_understood(tmp_path):
    state = torch.load(GOLDEN / "tiny-mixste.pt", weights_only=True)["model_pos"]
    file = tmp_path / "parallel.bin"
    torch.save({"model_pos": {f"module.{name}": value for name, value in state.items()}}, file)
    x = torch.randn(1, 27, 17, 2)
    with torch.no_grad():
        torch.testing.assert_close(load_model(file)(x), load_model(GOLDEN / "tiny-mixste.pt")(x))


@pytest.mark.parametrize("key", ["model", "net", "ema", "model_state_dict", "state_dict"])
@pytest.mark.parametrize("prefix", ["", "model.", "module.", "model.module."])
def test_weights_are_found_where_other_trainers_keep_them(tmp_path, key, prefix):
    state = torch.load(GOLDEN / "tiny-mixste.pt", weights_only=True)["model_pos"]
    file = tmp_path / "other.ckpt"
    renamed = {f"{prefix}{name}": value for name, value in state.items()}
    torch.save({"epoch": 3, "optimizer": {"state": {}}, key: renamed}, file)
    assert (
        load_model(file).state_dict().keys()
        == load_model(GOLDEN / "tiny-mixste.pt").state_dict().keys()
    )


def test_what_is_in_a_file_without_weights_is_named(tmp_path):
    torch.save({"epoch": 3, "args": {}}, tmp_path / "no.pt")
    with pytest.raises(DiffhpeError, match="under one of model_pos, .*found epoch, args"):
        load_model(tmp_path / "no.pt")


def test_poseformer_is_named(tmp_path):
    state = torch.load(GOLDEN / "tiny-mixste.pt", weights_only=True)["model_pos"]
    torch.save({**state, "weighted_mean.weight": torch.ones(1, 27, 1)}, tmp_path / "pf.bin")
    with pytest.raises(DiffhpeError, match="a PoseFormer, which is not supported"):
        load_model(tmp_path / "pf.bin")


def test_full_disk_is_named_and_leaves_no_half_of_a_model(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, limits[1]))
    try:
        with pytest.raises(DiffhpeError, match=r"cannot write .*: File too large"):
            convert(GOLDEN / "tiny-mixste.pt", tmp_path / "model")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((tmp_path / "model").iterdir())


def test_published_sizes():
    def count(architecture):
        return sum(p.numel() for p in build_model(ModelConfig(architecture)).parameters())

    mixste, wrapper, diffhpe_2d = map(count, ("mixste", "diffhpe-wrapper", "diffhpe-2d"))
    assert mixste == 539_139
    # The wrapper's trunk lacks MixSTE's last layer; its noisy poses are encoded, 3 → 64.
    assert wrapper == (mixste - 64 * 3 - 3) + 3_209_843 + (3 * 64 + 64)
    assert diffhpe_2d == 3_209_843 - (128 - 5) * 64


def test_half_precision_storage_reads_as_float32(tmp_path):
    config = ModelConfig("mixste")
    save_model(build_model(config), config, tmp_path, dtype=torch.float16)
    assert load_file(tmp_path / "model.safetensors")["head.weight"].dtype == torch.float16
    assert load_model(tmp_path).head.weight.dtype == torch.float32


def test_wrapper_may_refer_to_its_backbone(tmp_path, wrapper_folder):
    """Its own file then contains no trunk; another backbone with that name is refused."""
    wrapper, config = load_with_config(wrapper_folder)
    mixste_config = ModelConfig("mixste", trunk=config.trunk)
    mixste = build_model(mixste_config)
    mixste.trunk.load_state_dict(wrapper.trunk.state_dict())
    save_model(mixste, mixste_config, tmp_path / "small-mixste")
    weights = tmp_path / "small-mixste" / "model.safetensors"
    backbone = BackboneConfig("small-mixste", hashlib.sha256(weights.read_bytes()).hexdigest())
    save_model(wrapper, replace(config, backbone=backbone), tmp_path / "wrapper")
    assert not any(
        name.startswith("trunk.") for name in load_file(tmp_path / "wrapper" / "model.safetensors")
    )
    for name, value in load_model(tmp_path / "wrapper").state_dict().items():
        torch.testing.assert_close(value, wrapper.state_dict()[name], rtol=0, atol=0)
    save_model(build_model(mixste_config), mixste_config, tmp_path / "small-mixste")
    with pytest.raises(DiffhpeError, match="not the backbone that the wrapper was trained with"):
        load_model(tmp_path / "wrapper")
    weights.unlink()
    with pytest.raises(DiffhpeError, match="it is the backbone of a wrapper"):
        load_model(tmp_path / "wrapper")


def test_pickle_that_would_run_code_is_refused(tmp_path):
    ran = tmp_path / "ran"

    class Attack:
        def __reduce__(self):
            return Path.touch, (ran,)

    for name, write in (
        ("raw.pth", lambda file: file.write_bytes(pickle.dumps(Attack()))),
        ("torch.pth", lambda file: torch.save({"model_pos": Attack()}, file)),
    ):
        write(tmp_path / name)
        with pytest.raises(DiffhpeError, match="refused|not a readable checkpoint"):
            load_model(tmp_path / name)
    assert not ran.exists()


def test_other_checkpoints_are_refused(tmp_path):
    file = tmp_path / "resnet.pth"
    torch.save({"conv1.weight": torch.zeros(3)}, file)
    with pytest.raises(DiffhpeError, match=r"not a known checkpoint.*found conv1\.weight"):
        load_model(file)


@pytest.mark.parametrize("missing", ["STEblocks", "Temporal_pos_embed", "Spatial_patch"])
def test_checkpoints_without_a_part_are_refused(tmp_path, missing):
    state = torch.load(GOLDEN / "tiny-mixste.pt", weights_only=True)["model_pos"]
    torch.save({n: v for n, v in state.items() if missing not in n}, tmp_path / "cut.pt")
    with pytest.raises(DiffhpeError, match=r"cut\.pt: (not a known|the mixste) checkpoint"):
        load_model(tmp_path / "cut.pt")


def test_incomplete_checkpoints_are_refused(tmp_path):
    state = torch.load(GOLDEN / "tiny-2d.pth", weights_only=True)
    del state["diffmodel.output_projection1.bias"]
    torch.save(state, tmp_path / "cut.pth")
    with pytest.raises(DiffhpeError, match="do not fit the model: Missing key"):
        load_model(tmp_path / "cut.pth")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half an archive"])
def test_damaged_checkpoints_are_refused(tmp_path, content):
    file = tmp_path / "damaged.pth"
    file.write_bytes(content)
    with pytest.raises(DiffhpeError, match=r"damaged\.pth"):
        load_model(file)


@pytest.mark.parametrize("file", ["model.safetensors", "config.yaml"])
def test_folder_is_named_for_one_of_its_files(tmp_path, file):
    config = ModelConfig("mixste")
    save_model(build_model(config), config, tmp_path)
    with pytest.raises(
        DiffhpeError, match=f"{file} is one file of a model; name its folder: {tmp_path}$"
    ):
        load_model(tmp_path / file)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(DiffhpeError, match="unknown model 'mixest'; expected a path or one of"):
        load_model("mixest")


def test_missing_files_are_named():
    with pytest.raises(DiffhpeError, match=r"/nowhere/model\.pth: no such checkpoint file"):
        load_model("/nowhere/model.pth")


@pytest.fixture
def folder(tmp_path) -> Path:
    convert(GOLDEN / "tiny-mixste.pt", tmp_path / "tiny")
    return tmp_path / "tiny"


def test_converting_onto_a_model_is_refused(folder):
    with pytest.raises(DiffhpeError, match="already contains a model"):
        convert(GOLDEN / "tiny-mixste.pt", folder)


def test_folder_without_weights_is_refused(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(DiffhpeError, match=r"model\.safetensors is missing"):
        load_model(folder)


def test_truncated_weights_are_refused(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(DiffhpeError, match="model.safetensors is damaged or was replaced"):
        load_model(folder)
    (folder / "model.safetensors.sha256").unlink()  # older folders have none
    with pytest.raises(DiffhpeError, match="damaged or not a safetensors file"):
        load_model(folder)


def test_model_of_several_rates_says_how_long_its_windows_are():
    one, several = ModelConfig("mixste"), ModelConfig("mixste", rate=26.0, first_rate=52.0)
    assert one.spans_s == (0.52, 0.52) and several.spans_s == (0.5, 1.0)
    assert "first_rate" not in one.to_dict()
    assert ModelConfig.from_dict(several.to_dict(), "model") == several


@pytest.mark.parametrize(("seconds", "rate"), [(0.1, 52.0), (0.8, 32.5), (60.0, 26.0)])
def test_windows_of_a_short_recording_are_short(seconds, rate):
    config = ModelConfig("mixste", rate=26.0, first_rate=52.0)
    assert config.rate_over(seconds) == pytest.approx(rate)


def test_weights_of_another_size_are_refused(folder):
    save_file({"head.bias": torch.zeros(3)}, folder / "model.safetensors")
    (folder / "model.safetensors.sha256").unlink()
    with pytest.raises(DiffhpeError, match="the weights do not fit the model"):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "transformer"}, "architecture is 'transformer'; mixste, diffhpe-2d, "),
        ({"input_view": "side"}, "input_view is 'side'; screen or person is expected"),
        ({"frames": "27"}, "frames is '27'; a whole number"),
        ({"denoiser": {"pose_scale": True}}, "denoiser.pose_scale is True; a positive number"),
        ({"trunk": {"channels": 16, "heads": 7}}, "trunk.heads is 7; a divisor of 16"),
        ({"trunk": {"channels": -1}}, "trunk.channels is -1"),
        ({"residual_std_mm": [[1.0, 2.0, 3.0]]}, "3 numbers for each of 17 is expected"),
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"trunk": {"depth": 2, "width": 3}}, "unknown key 'width'"),
        ({"trunk": 3}, "config.yaml"),
    ],
)
def test_configurations_that_make_no_sense_are_refused(folder, change, message):
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | change))
    with pytest.raises(DiffhpeError, match=message):
        load_model(folder)


def test_configurations_that_are_no_yaml_are_refused(folder):
    (folder / "config.yaml").write_text("architecture: [")
    with pytest.raises(DiffhpeError, match="not readable as YAML"):
        load_model(folder)


def save_mixste(path: Path, **more: object) -> dict[str, Tensor]:
    """A small MixSTE as its own trainer saves it, with other data next to the weights."""
    state = torch.load(GOLDEN / "tiny-mixste.pt", weights_only=True)["model_pos"]
    torch.save({"model_pos": state, **more}, path)
    return state


def test_numpy_objects_next_to_the_weights_are_ignored(tmp_path):
    """The trainers of MixSTE and VideoPose3D store the state of numpy's random generator."""
    random_state = np.random.RandomState(0)
    save_mixste(tmp_path / "run.bin", random_state=random_state, error=np.float64(41.5))
    model = load_model(tmp_path / "run.bin")
    assert load_model(GOLDEN / "tiny-mixste.pt").state_dict().keys() == model.state_dict().keys()


def test_changed_byte_is_found_by_its_checksum(tmp_path):
    save_mixste(tmp_path / "good.pth")
    with zipfile.ZipFile(tmp_path / "good.pth") as archive:
        largest = max(archive.infolist(), key=lambda part: part.file_size)
    content = bytearray((tmp_path / "good.pth").read_bytes())
    content[largest.header_offset + largest.file_size // 2 + 128] ^= 0x40
    (tmp_path / "bad.pth").write_bytes(content)
    with pytest.raises(DiffhpeError, match="damaged"):
        load_model(tmp_path / "bad.pth")


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    state = save_mixste(tmp_path / "good.pth")
    next(iter(state.values())).fill_(torch.nan)
    torch.save({"model_pos": state}, tmp_path / "nan.pth")
    with pytest.raises(DiffhpeError, match="1 of .* tensors hold NaN"):
        load_model(tmp_path / "nan.pth")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "a Git LFS pointer"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
    ],
)
def test_file_that_was_not_downloaded_is_named(tmp_path, content, message):
    (tmp_path / "model.pth").write_bytes(content)
    with pytest.raises(DiffhpeError, match=message):
        load_model(tmp_path / "model.pth")

"""Triton kernels give the same as the folded engine.

They run on a GPU, or else in Triton's interpreter, which test/conftest.py enables. torch's CUDA
builds include Triton; with the small build use `pip install triton`, 280 MB.
"""

# ruff: noqa: E402 (whether there are kernels comes before them)
import pytest
import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
pytest.importorskip("triton", reason="no triton (pip install triton)")

from random_models import random_config, random_model

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig, TrunkConfig
from diffhpe_ros.lifting.engines.creation import create_engine
from diffhpe_ros.lifting.engines.folded.denoiser import FoldedGraphLayer, FoldedTimeLayer
from diffhpe_ros.lifting.engines.folded.engines import FoldedDiffHPE
from diffhpe_ros.lifting.engines.kernels.attention import attend
from diffhpe_ros.lifting.engines.kernels.gate import add_gated
from diffhpe_ros.lifting.engines.kernels.graph import mix
from diffhpe_ros.lifting.engines.kernels.non_local import attend_pairs
from diffhpe_ros.skeleton import NUM_JOINTS

TRUNK = TrunkConfig(channels=32, depth=2, heads=4)
DENOISER = DenoiserConfig(channels=32, blocks=2)
FRAMES = 27


def random(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator).to(DEVICE)


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def folded() -> FoldedDiffHPE:
    with torch.inference_mode():
        model = random_model("diffhpe-wrapper", TRUNK, DENOISER).to(DEVICE)
        config = random_config("diffhpe-wrapper", TRUNK, DENOISER)
        engine = create_engine("folded", model, config)
    assert isinstance(engine, FoldedDiffHPE)
    return engine


def test_attention_over_joints(folded: FoldedDiffHPE) -> None:
    query_key_value = 2 * random(NUM_JOINTS, 3, 2, 3, 4, 8)
    expected = folded.trunk.spatial[0].attend(query_key_value)
    torch.testing.assert_close(attend(query_key_value, tokens=0), expected)


def test_attention_over_frames(folded: FoldedDiffHPE) -> None:
    query_key_value = 2 * random(3, FRAMES, 2, 3, 4, 8)
    expected = folded.trunk.temporal[0].attend(query_key_value)
    torch.testing.assert_close(attend(query_key_value, tokens=1), expected)


def test_attention_limits_its_scores_as_the_folded_engine_does(folded: FoldedDiffHPE) -> None:
    query_key_value = 100 * random(NUM_JOINTS, 3, 1, 3, 4, 8)
    expected = folded.trunk.spatial[0].attend(query_key_value)
    torch.testing.assert_close(attend(query_key_value, tokens=0), expected)


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_feature_layer(folded: FoldedDiffHPE, rows: int) -> None:
    layer = folded.denoiser.blocks[0].feature_layer
    assert isinstance(layer, FoldedGraphLayer)
    x = random(NUM_JOINTS, rows, 32)
    own, others = torch.bmm(x, torch.cat([layer.own, layer.others], 2)).chunk(2, 2)
    found = mix(own, others, layer.bias[None], layer.neighbours)
    torch.testing.assert_close(found, layer(x))


@pytest.mark.parametrize("columns", [1, 32, 96])
def test_time_layer(folded: FoldedDiffHPE, columns: int) -> None:
    layer = folded.denoiser.blocks[0].time_layer
    assert isinstance(layer, FoldedTimeLayer)
    x = random(NUM_JOINTS, FRAMES, columns)
    own, others = torch.bmm(torch.cat([layer.own.mT, layer.others.mT], 1), x).chunk(2, 1)
    found = mix(own, others, layer.bias[:, None], layer.neighbours)
    torch.testing.assert_close(found, layer(x))


def test_non_local_layer(folded: FoldedDiffHPE) -> None:
    layer = folded.denoiser.blocks[0].non_local
    x = random(NUM_JOINTS, 9, 32)
    found = attend_pairs(
        x, x @ layer.key_value, layer.query, layer.key, layer.key_bias, layer.value_bias
    )
    torch.testing.assert_close(found, layer(x))


@pytest.mark.parametrize("rows", [1, 32, 50])
def test_gated_unit(rows: int) -> None:
    y, added, state = random(rows, 32), random(rows, 16), random(rows, 64)
    gate, bias, following = random(32, 64) / 6, random(64), random(16, 64) / 4
    output = random(32, 64) / 6
    opening, signal = (y @ gate + bias + added @ following).tanh().chunk(2, 1)
    expected = state + (signal + opening * signal) @ output
    add_gated(state, y, added, gate, bias, following, output)
    torch.testing.assert_close(state, expected, atol=2e-6, rtol=1e-5)


def test_nan_stays_nan() -> None:
    """As in the other engines: an invalid result must not look like a pose."""
    x, bias, neighbours = random(NUM_JOINTS, 2, 32), random(1, 32), torch.eye(17, device=DEVICE)
    x[3, 1, 5] = torch.nan
    assert mix(x, x, bias, neighbours)[3, 1, 5].isnan()
    query_key_value = random(NUM_JOINTS, 2, 1, 3, 4, 8)
    query_key_value[3, 0, 0, 0, 1, 2] = torch.nan  # one query
    attended = attend(query_key_value, tokens=0).view(NUM_JOINTS, 2, 4, 8)
    assert attended[3, 0, 1].isnan().all()
    assert attended.isnan().sum() == 8
    key_value, vector = random(NUM_JOINTS, 2, 32), random(16)
    key_value[4, 1, 20] = torch.nan
    mixed = attend_pairs(random(17, 2, 32), key_value, random(32), vector, vector[0], vector)
    assert mixed.view(NUM_JOINTS, 2, 16)[:, 1, 4].isnan().all()
    assert mixed.view(NUM_JOINTS, 2, 16)[:, 0].isfinite().all()


@pytest.mark.parametrize("architecture", ["mixste", "diffhpe-2d", "diffhpe-wrapper"])
def test_engines_give_the_same_output(architecture: str, windows: torch.Tensor) -> None:
    model = random_model(architecture, TRUNK, DENOISER).to(DEVICE)
    windows = windows[:1].to(DEVICE)
    config = random_config(architecture, TRUNK, DENOISER)
    folded, fused = (create_engine("folded", model, config, kernels=k) for k in ("torch", "triton"))
    if architecture == "mixste":
        expected, found = folded(windows), fused(windows)
    else:
        x_t, step = random(2, FRAMES, NUM_JOINTS, 3), torch.tensor([7], device=DEVICE)
        expected, found = (each(x_t, step, each.condition(windows)) for each in (folded, fused))
    assert expected.std() > 0.01
    torch.testing.assert_close(found, expected, atol=2e-5 * float(expected.std()), rtol=1e-4)


@pytest.mark.slow
def test_shipped_model_gives_the_same_poses(windows: torch.Tensor) -> None:
    fused, folded = (
        Lifter.from_pretrained(
            "diffhpe-wrapper-robust", device=DEVICE.type, engine="folded", kernels=kernels
        ).lift(windows[:1])
        for kernels in ("triton", "torch")
    )
    assert abs(fused.poses - folded.poses).max() < 1e-5  # metres


def test_other_sizes_are_refused() -> None:
    with pytest.raises(DiffhpeError, match="for denoisers of 32, 64, 128 channels, not 16"):
        of_another = random_model("diffhpe-2d"), random_config("diffhpe-2d")
        create_engine("folded", *of_another, kernels="triton")


@pytest.mark.skipif(DEVICE.type == "cuda", reason="there is a CUDA device")
def test_without_a_gpu_they_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRITON_INTERPRET")
    with pytest.raises(DiffhpeError, match="kernels 'triton' are for device cuda, not cpu"):
        of_mixste = random_model("mixste", TRUNK), random_config("mixste", TRUNK)
        create_engine("folded", *of_mixste, kernels="triton")

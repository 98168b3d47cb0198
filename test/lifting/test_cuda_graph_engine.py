"""The requirements of CUDA graphs on a sampler, as far as a CPU can test; the engine on a GPU."""

import pytest
import torch
from random_models import ARCHITECTURES, DENOISER, WITH_BACKBONE, random_config, random_model
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.checkpoints.configuration import DenoiserConfig
from diffhpe_ros.lifting.diffusion.samplers import create_sampler
from diffhpe_ros.lifting.engines.creation import create_engine
from diffhpe_ros.lifting.pipeline.augmentation import create_augmentation, per_view
from diffhpe_ros.lifting.pipeline.initialization import Initialization, create_initialization
from diffhpe_ros.lifting.pipeline.presets import Preset
from diffhpe_ros.lifting.pipeline.views import PersonView
from diffhpe_ros.lifting.pipeline.window_sampler import WindowSampler
from diffhpe_ros.lifting.window_batch import WindowBatch

FAR = torch.device("meta")
"""Stands in for the GPU: its tensors have a shape and no values, and copies to it are detected."""

MAKERS = ("tensor", "as_tensor", "new_tensor")
INDEXING = ("__getitem__", "__setitem__")


class HostTraffic(TorchFunctionMode):
    """Lists copies between the host and `FAR`, which a CUDA graph cannot contain.

    Waiting for a value, as `item` and boolean indices do, is an error on `FAR` itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", str(func))
        if name in MAKERS:
            copies = devices(result) != devices(args[:1] if name != "new_tensor" else ())
            copies = copies and FAR in devices(result)
        elif name in INDEXING and FAR in devices(args[0]):
            index = args[1] if isinstance(args[1], tuple) else (args[1],)
            copies = any(isinstance(each, list) for each in index) or len(devices(args)) > 1
        else:
            copies = len(devices((args, kwargs, result))) > 1
        if copies:
            self.found.append(name)
        return result


def devices(tree: object) -> set[torch.device]:
    """The tensors' devices; numbers on the CPU are kernel arguments, not copies."""
    leaves = [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]
    return {leaf.device for leaf in leaves if leaf.dim() > 0 or leaf.device == FAR}


def far_sampler(
    architecture: str, denoiser: DenoiserConfig, preset: Preset
) -> tuple[WindowSampler, Initialization]:
    """A sampler whose model is on a device other than the CPU."""
    model = random_model(architecture, denoiser=denoiser)
    engine = create_engine("folded", model, random_config(architecture, denoiser=denoiser))
    model.to(FAR)
    if isinstance(engine, torch.nn.Module):
        engine.to(FAR)
    augmentation = create_augmentation(preset)
    hypotheses = per_view(preset.hypotheses, augmentation)
    sampler = create_sampler(preset.sampler, preset.steps)
    start = create_initialization(preset, model, None, hypotheses)
    return (
        WindowSampler(model, engine, sampler, PersonView(), augmentation, hypotheses),
        start,
    )


@torch.inference_mode()
@pytest.mark.parametrize("sampler", ["ddim", "ddpm", "dpm-solver"])
@pytest.mark.parametrize(
    ("architecture", "denoiser"),
    [*((each, DENOISER) for each in ARCHITECTURES), ("diffhpe-wrapper", WITH_BACKBONE)],
)
def test_sampling_never_leaves_the_device(
    architecture: str, denoiser: DenoiserConfig, sampler: str
) -> None:
    preset = Preset(sampler, steps=2, hypotheses=4, augmentation="flip")
    sample, start = far_sampler(architecture, denoiser, preset)
    windows = torch.zeros(2, 27, 17, 2, device=FAR)
    observed = WindowBatch(windows, windows[..., 0], torch.zeros(2, 27, 17, 2, 2, device=FAR))
    with HostTraffic() as traffic:
        poses, _ = sample(observed, lambda: torch.zeros(8, 27, 17, 3, device=FAR), start)
    assert poses.device == FAR
    assert poses.shape == (2, sample.hypotheses * sample.augmentation.views, 27, 17, 3)
    assert not traffic.found


@pytest.mark.parametrize(
    "leaves",
    [
        lambda x: x.new_tensor([1.0, 2.0]),
        lambda x: torch.as_tensor(3, device=x.device),
        lambda x: x[[0, 1]],
        lambda x: x[torch.tensor([0, 1])],
        lambda x: torch.ones(2).to(x.device),
        lambda x: x.copy_(torch.ones(2)),
    ],
)
def test_leaving_the_device_is_found(leaves) -> None:
    with HostTraffic() as traffic:
        leaves(torch.zeros(2, device=FAR))
    assert traffic.found


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("preset", ["fast", "balanced", "faithful"])
def test_gpu_gives_the_poses_of_a_cpu(preset: str, windows: torch.Tensor) -> None:
    on_cpu, on_gpu = (
        Lifter.from_pretrained("diffhpe-wrapper-robust", device, preset=preset)
        for device in ("cpu", "cuda")
    )
    found = on_gpu.lift(windows).hypotheses
    assert on_gpu.engine_description.startswith("cuda_graph (")
    assert abs(found - on_cpu.lift(windows).hypotheses).max() < 1e-4  # metres


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_model_that_cannot_be_captured_runs_folded(windows: torch.Tensor) -> None:
    lifter = Lifter.from_pretrained("diffpose", "cuda").captured()
    assert lifter.engine == "folded"
    assert "not recorded: " in lifter.engine_description
    assert lifter.lift(windows).poses.shape == (4, 27, 17, 3)

"""Chooses a model's engine. Nothing here needs torch."""

from diffhpe_ros.errors import DiffhpeError, unknown
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.engines.folding.networks import FOLDED
from diffhpe_ros.lifting.engines.native.engines import why_not_native
from diffhpe_ros.lifting.engines.native.library import find_library
from diffhpe_ros.lifting.torch_needed import require_torch

ENGINES = ("auto", "reference", "folded", "native", "onnx", "cuda_graph")
KERNELS = ("torch", "triton")


def resolve_engine(name: str, config: ModelConfig, device: str = "cpu") -> str:
    """The engine's name; auto becomes cuda_graph on CUDA, else native if possible, else folded.

    Args:
        name: an engine's name, or auto.
        config: the model's configuration.
        device: cpu, cuda or cuda:N.

    Raises:
        DiffhpeError: there is no engine with this name, it cannot run on the device, or it needs
            torch, which is not installed.
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    if name == "cuda_graph" and device == "cpu":
        raise DiffhpeError(
            f"the cuda_graph engine is for device cuda, not {device}; use auto, native or folded"
        )
    if name == "auto" and device != "cpu":
        name = "cuda_graph"
    needed = f"the engine {name} needs torch"
    if name in ("auto", "native"):
        reason = why_not_native(config, device)
        if reason is None:
            return "native"
        if name == "native":
            raise DiffhpeError(f"the native engine is not available: {reason}; use auto or folded")
        name = "folded"
        needed = f"the native engine is not available: {reason}; the engine folded needs torch"
    require_torch(needed)
    return name


def extras_to_lift(device: str) -> tuple[str, ...]:
    """Extras that the default model needs: none on the CPU if its library was compiled."""
    return () if device == "cpu" and find_library() is not None else ("torch",)


def check_kernels(kernels: str, engine: str, config: ModelConfig) -> None:
    """Check that an engine can use these kernels.

    Raises:
        DiffhpeError: there are no kernels with this name, or not for this engine and model.
    """
    if kernels not in KERNELS:
        raise unknown("kernels", kernels, KERNELS)
    fits = engine in ("folded", "cuda_graph") and config.architecture in FOLDED
    if kernels == "triton" and not fits:
        raise DiffhpeError(
            "kernels 'triton' are for the engines folded and cuda_graph, and for mixste and"
            f" diffhpe models, not for engine {engine!r} of {config.architecture}; use torch"
        )

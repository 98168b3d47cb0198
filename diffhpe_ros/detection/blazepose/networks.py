"""BlazePose's networks, on LiteRT or on onnxruntime."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from diffhpe_ros.detection.blazepose.landmarks import LANDMARK_OUTPUTS
from diffhpe_ros.detection.blazepose.litert import LiteRTNetwork
from diffhpe_ros.detection.blazepose.network import RUNTIMES, Network
from diffhpe_ros.detection.blazepose.onnx_conversion import blazepose_onnx
from diffhpe_ros.detection.blazepose.onnx_network import OnnxNetwork
from diffhpe_ros.detection.blazepose.regions import REGION_OUTPUTS
from diffhpe_ros.detection.weights import DETECTION, LANDMARKS, load_weights
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import may_use_gpu


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks, ready to run."""

    regions: Network
    """The person detection network."""
    landmarks: Mapping[str, Network]
    """The landmark networks by the name of the model."""
    device: str
    """The device that they really run on."""


def open_networks(
    runtime: str,
    threads: int,
    providers: Sequence[str] | None,
    models: Sequence[str] = ("full",),
) -> Networks:
    """Open the person detection network and one or more landmark networks.

    Args:
        runtime: `litert`, `onnx`, or `auto`: onnx where onnxruntime really runs on a GPU.
        threads: CPU threads of each network.
        providers: onnxruntime's execution providers, see `OnnxModel`.
        models: landmark models, keys of `weights.LANDMARKS`.

    Raises:
        DiffhpeError: the runtime is unknown or not installed, or the networks are not available.
    """
    if runtime not in RUNTIMES:
        raise DiffhpeError(f"runtime must be one of {', '.join(RUNTIMES)}, got {runtime!r}")
    if runtime == "onnx":
        return _on_onnxruntime(threads, providers, models)[0]
    if runtime == "litert" or not may_use_gpu(providers):
        return _on_litert(threads, models)
    try:
        networks, on_gpu = _on_onnxruntime(threads, providers, models)
        if on_gpu:
            return networks
        why = f"onnxruntime uses {networks.device}"
    except DiffhpeError as error:
        why = str(error)
    warnings.warn(f"BlazePose runs on LiteRT: {why}", RuntimeWarning, stacklevel=2)
    return _on_litert(threads, models, f", not on a GPU: {why}")


def _on_litert(threads: int, models: Sequence[str], why: str = "") -> Networks:
    regions, *landmarks = load_weights([DETECTION, *(LANDMARKS[model] for model in models)])
    return Networks(
        LiteRTNetwork(regions, threads, REGION_OUTPUTS),
        {
            model: LiteRTNetwork(each, threads, LANDMARK_OUTPUTS)
            for model, each in zip(models, landmarks, strict=True)
        },
        f"cpu (LiteRT){why}",
    )


def _on_onnxruntime(
    threads: int, providers: Sequence[str] | None, models: Sequence[str]
) -> tuple[Networks, bool]:
    """The networks on onnxruntime, and whether they run on a GPU."""
    regions, *landmarks = (OnnxNetwork(file, threads, providers) for file in blazepose_onnx(models))
    first = {network.providers[0] for network in (regions, *landmarks)}
    return (
        Networks(
            regions,
            dict(zip(models, landmarks, strict=True)),
            f"{' and '.join(sorted(first))} (onnxruntime)",
        ),
        "CPUExecutionProvider" not in first,
    )

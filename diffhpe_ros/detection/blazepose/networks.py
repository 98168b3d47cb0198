"""BlazePose's two networks, on LiteRT or on onnxruntime."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from diffhpe_ros.detection.blazepose.landmarks import LANDMARK_OUTPUTS
from diffhpe_ros.detection.blazepose.litert import LiteRTNetwork
from diffhpe_ros.detection.blazepose.network import RUNTIMES, Network
from diffhpe_ros.detection.blazepose.onnx_conversion import blazepose_onnx
from diffhpe_ros.detection.blazepose.onnx_network import OnnxNetwork
from diffhpe_ros.detection.blazepose.regions import REGION_OUTPUTS
from diffhpe_ros.detection.weights import blazepose_weights
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import may_use_gpu


@dataclass(frozen=True, eq=False)
class Networks:
    """Both networks, ready to run."""

    regions: Network
    """Finds people."""
    landmarks: Network
    """Finds a person's joints."""
    device: str
    """What they really run on."""


def open_networks(runtime: str, threads: int, providers: Sequence[str] | None) -> Networks:
    """Open both networks.

    Args:
        runtime: `litert`, `onnx`, or `auto`: onnx where onnxruntime really runs on a GPU.
        threads: of each network on the CPU.
        providers: onnxruntime's execution providers, see `OnnxModel`.

    Raises:
        DiffhpeError: the runtime is unknown or not installed, or the networks cannot be had.
    """
    if runtime not in RUNTIMES:
        raise DiffhpeError(f"runtime is one of {', '.join(RUNTIMES)}, got {runtime!r}")
    if runtime == "onnx":
        return _on_onnxruntime(threads, providers)[0]
    if runtime == "litert" or not may_use_gpu(providers):
        return _on_litert(threads)
    try:
        networks, on_gpu = _on_onnxruntime(threads, providers)
        if on_gpu:
            return networks
        why = f"onnxruntime gave {networks.device}"
    except DiffhpeError as error:
        why = str(error)
    warnings.warn(f"BlazePose runs on LiteRT: {why}", RuntimeWarning, stacklevel=2)
    return _on_litert(threads, f", not on a GPU: {why}")


def _on_litert(threads: int, why: str = "") -> Networks:
    regions, landmarks = blazepose_weights()
    return Networks(
        LiteRTNetwork(regions, threads, REGION_OUTPUTS),
        LiteRTNetwork(landmarks, threads, LANDMARK_OUTPUTS),
        f"cpu (LiteRT){why}",
    )


def _on_onnxruntime(threads: int, providers: Sequence[str] | None) -> tuple[Networks, bool]:
    """Both networks, and whether they are on a GPU."""
    regions, landmarks = (OnnxNetwork(file, threads, providers) for file in blazepose_onnx())
    first = {network.providers[0] for network in (regions, landmarks)}
    return (
        Networks(regions, landmarks, f"{' and '.join(sorted(first))} (onnxruntime)"),
        "CPUExecutionProvider" not in first,
    )

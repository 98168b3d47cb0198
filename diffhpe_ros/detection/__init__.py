"""From an image to people's 2D joints: one file per backend, all behind one protocol."""

import inspect
from importlib import import_module
from typing import Any

from diffhpe_ros.detection.types import Detector, People
from diffhpe_ros.errors import DiffhpeError

__all__ = ["DETECTORS", "Detector", "People", "create_detector"]

# Imported when asked for: a robot with onnxruntime needs no ai-edge-litert, and the reverse.
_BACKENDS = {
    "blazepose": ("diffhpe_ros.detection.blazepose.detector", "BlazePose"),
    "onnx": ("diffhpe_ros.detection.onnx.topdown_onnx", "onnx_topdown"),
    "mmpose": ("diffhpe_ros.detection.mmpose", "mmpose_topdown"),
}
DETECTORS = tuple(_BACKENDS)
"""Names that `create_detector` knows."""


def create_detector(name: str, **options: Any) -> Detector:
    """Make a detector.

    Args:
        name: `blazepose` (runs anywhere; see `blazepose.BlazePose`), `onnx` (see
            `onnx_topdown.onnx_topdown`) or `mmpose` (see `mmpose.mmpose_topdown`).
        options: the keyword arguments of that class or function.

    Raises:
        DiffhpeError: the name or an option is unknown, an option is missing or out of range, a
            library is not installed, or a model file is missing or not usable.
    """
    if name not in _BACKENDS:
        raise DiffhpeError(f"unknown detector {name!r}; known: {', '.join(DETECTORS)}")
    module, attribute = _BACKENDS[name]
    factory = getattr(import_module(module), attribute)
    known = inspect.signature(factory).parameters
    unknown = sorted(options.keys() - known.keys())
    if unknown:
        raise DiffhpeError(
            f"detector {name} has no option {', '.join(unknown)}; it has {', '.join(known)}"
        )
    missing = [
        option
        for option, parameter in known.items()
        if parameter.default is parameter.empty and option not in options
    ]
    if missing:
        raise DiffhpeError(f"detector {name} needs the option {', '.join(missing)}")
    detector: Detector = factory(**options)
    return detector

"""From an image to people's 2D joints: one file per backend, all behind one protocol."""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from diffhpe_ros.detection.types import AdaptiveDetector, CameraAwareDetector, Detector, People
from diffhpe_ros.errors import DiffhpeError

__all__ = [
    "DETECTORS",
    "AdaptiveDetector",
    "CameraAwareDetector",
    "Detector",
    "People",
    "create_detector",
    "detector_from_settings",
]

# Each backend is imported on request: a robot with onnxruntime needs no ai-edge-litert, and
# the other way round.
_BACKENDS = {
    "blazepose": ("diffhpe_ros.detection.blazepose.detector", "BlazePose"),
    "onnx": ("diffhpe_ros.detection.onnx.topdown_onnx", "onnx_topdown"),
    "mmpose": ("diffhpe_ros.detection.mmpose", "mmpose_topdown"),
}
DETECTORS = tuple(_BACKENDS)
"""Names that `create_detector` knows."""
_STRICT = ("providers", "threads")
"""Settings that a backend must not ignore: otherwise it would not run where the user wants it."""


def create_detector(name: str, **options: Any) -> Detector:
    """Make a detector.

    Args:
        name: `blazepose` (runs anywhere; see `blazepose.detector.BlazePose`), `onnx` (see
            `onnx.topdown_onnx.onnx_topdown`) or `mmpose` (see `mmpose.mmpose_topdown`).
        options: the keyword arguments of that class or function.

    Raises:
        DiffhpeError: the name or an option is unknown, an option is missing or out of range, a
            library is not installed, or a model file is missing or not usable.
    """
    factory = _factory(name)
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
    return factory(**options)


def detector_from_settings(name: str, settings: Mapping[str, Any]) -> Detector:
    """Make a detector from the settings of all backends; each backend takes its own options.

    Args:
        name: see `create_detector`.
        settings: values by option. An empty value (None, "", 0, False) keeps the backend's
            default. Options that only other backends have are ignored, except `providers` and
            `threads`.

    Raises:
        DiffhpeError: see `create_detector`.
    """
    known = inspect.signature(_factory(name)).parameters
    return create_detector(
        name,
        **{
            option: value
            for option, value in settings.items()
            if value and (option in known or option in _STRICT)
        },
    )


def _factory(name: str) -> Callable[..., Detector]:
    if name not in _BACKENDS:
        raise DiffhpeError(f"unknown detector {name!r}; known: {', '.join(DETECTORS)}")
    module, attribute = _BACKENDS[name]
    factory: Callable[..., Detector] = getattr(import_module(module), attribute)
    return factory

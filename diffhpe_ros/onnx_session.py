"""Opens ONNX models on onnxruntime, and reports what they really run on."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.paths import expand

_PREFERRED = ("CUDAExecutionProvider", "CPUExecutionProvider")
"""TensorRT is used only on request: it compiles for minutes at the first start."""

Shape: TypeAlias = tuple[int | None, ...]
"""A tensor's shape, None for an axis of any length."""


class OnnxModel:
    """An ONNX model.

    Args:
        path: the .onnx file.
        providers: onnxruntime's execution providers in order of preference. None takes CUDA
            where the installed onnxruntime has it, else the CPU.
        threads: CPU threads per operator; None takes all cores.

    Raises:
        DiffhpeError: onnxruntime is not installed, or the file is missing or not a usable model.
    """

    def __init__(
        self, path: str | Path, providers: Sequence[str] | None = None, threads: int | None = None
    ) -> None:
        ort = _onnxruntime()
        if isinstance(providers, str):
            providers = (providers,)
        self.path = Path(expand(str(path)))
        if not self.path.is_file():
            raise DiffhpeError(f"there is no ONNX model at {self.path}")
        available = ort.get_available_providers()
        usable = [name for name in providers or _PREFERRED if name in available]
        if "CUDAExecutionProvider" in usable and hasattr(ort, "preload_dlls"):
            ort.preload_dlls()  # CUDA's libraries that pip has installed for torch
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or 0
        # Otherwise its threads spin while they wait for the next run, on cores that others need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3  # its errors are raised as exceptions anyway
        try:
            self._session = ort.InferenceSession(
                str(self.path), options, providers=usable or ["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has no common base class for its errors
            raise DiffhpeError(f"{self.path} is not a usable ONNX model: {_line(error)}") from error
        self.providers: tuple[str, ...] = tuple(self._session.get_providers())
        """The execution providers that onnxruntime really uses, the preferred one first."""
        _warn_of_missing(providers or usable, self.providers, available)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        self.inputs: dict[str, Shape] = {i.name: _shape(i.shape) for i in inputs}
        self.outputs: dict[str, Shape] = {o.name: _shape(o.shape) for o in outputs}
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        """The metadata in the file."""
        self._input_types: dict[str, str] = {i.name: i.type for i in inputs}

    @property
    def input_shape(self) -> Shape:
        """Shape of the first input, () if there is none."""
        return next(iter(self.inputs.values()), ())

    def run(self, *tensors: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Run on a tensor for each input, in the model's order.

        Args:
            tensors: tensors with the inputs' shapes; they are cast to the inputs' types.

        Returns:
            The outputs by name.

        Raises:
            DiffhpeError: the tensors do not fit.
        """
        # onnxruntime itself reports a missing tensor.
        feed = {
            name: np.ascontiguousarray(tensor, _DTYPES.get(self._input_types[name], np.float32))
            for name, tensor in zip(self.inputs, tensors, strict=False)
        }
        try:
            values = self._session.run(None, feed)
        except Exception as error:
            raise DiffhpeError(f"{self.path} does not run: {_line(error)}") from error
        return dict(zip(self.outputs, values, strict=True))

    def describe(self) -> str:
        """Inputs and outputs, for an error message."""
        sides = (
            f"{name} {_text(s)}" for side in (self.inputs, self.outputs) for name, s in side.items()
        )
        return f"{self.path} ({', '.join(sides)})"


def may_use_gpu(providers: Sequence[str] | None = None) -> bool:
    """Whether more than the CPU is requested or, with None, offered by onnxruntime.

    onnxruntime offers CUDA even without a driver: only the session shows what really runs.
    """
    if providers is not None:
        return set(providers) != {"CPUExecutionProvider"}
    try:
        available = _onnxruntime().get_available_providers()
    except DiffhpeError:
        return False
    return _PREFERRED[0] in available


_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise DiffhpeError(
            "ONNX models need onnxruntime (pip install onnxruntime, or onnxruntime-gpu on a"
            f" machine with CUDA, never both): {error}"
        ) from None
    return onnxruntime


def _warn_of_missing(asked: Sequence[str], got: Sequence[str], available: Sequence[str]) -> None:
    """Warn if a requested provider is not used: onnxruntime falls back to the CPU silently."""
    missing = [name for name in asked if name not in got]
    if missing:
        warnings.warn(
            f"onnxruntime cannot use {', '.join(missing)} and runs on {', '.join(got)} (this"
            f" installation has {', '.join(available)})",
            RuntimeWarning,
            stacklevel=3,
        )


def _shape(lengths: Sequence[Any]) -> Shape:
    return tuple(n if isinstance(n, int) and n > 0 else None for n in lengths)


def _text(shape: Shape) -> str:
    return "x".join("?" if n is None else str(n) for n in shape)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())

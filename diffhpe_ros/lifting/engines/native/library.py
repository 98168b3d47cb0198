"""The compiled library, and how arrays are passed to it."""

import ctypes
import platform
from contextlib import suppress
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OF_X86 = {
    "avx512": {"avx512f", "avx512vl", "avx512dq", "avx512bw", "avx2", "fma"},
    "avx2": {"avx2", "fma"},
    "any": set[str](),
}
"""Variants of the library, fastest first → the processor flags that they need, as Linux names
them."""
_CPU_INFO = Path("/proc/cpuinfo")


@cache
def find_library() -> ctypes.CDLL | None:
    """The fastest built variant for this processor; None if there is none.

    Variants are built when the package is installed, if there is a C++ compiler.
    """
    built = (library for name in variants() if (library := open_variant(name)) is not None)
    return next(built, None)


def variants() -> tuple[str, ...]:
    """Names of the variants that this processor can run, fastest first."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return ("any",)
    flags = _processor_flags()
    return tuple(name for name, needed in _OF_X86.items() if needed <= flags)


def open_variant(name: str) -> ctypes.CDLL | None:
    """The library for one instruction set: avx512, avx2, or any.

    None if it was not built, or was built for another system's libraries.
    """
    for suffix in EXTENSION_SUFFIXES:
        with suppress(OSError):
            return _declare(ctypes.CDLL(str(Path(__file__).with_name(f"_{name}{suffix}"))))
    return None


def _processor_flags() -> set[str]:
    lines = _CPU_INFO.read_text().splitlines() if _CPU_INFO.is_file() else []
    return set(next((line.split() for line in lines if line.startswith("flags")), []))


def address(array: NDArray[np.float32]) -> int:
    """The memory address of a contiguous float32 array. The caller must keep the array alive."""
    assert array.dtype == np.float32 and array.flags.c_contiguous
    return array.ctypes.data


class WeightPointers:
    """Addresses of weights, block after block, laid out as a C array of structs of pointers.

    Args:
        blocks: the weights of each block.
    """

    def __init__(self, blocks: list[list[NDArray[Any]]]) -> None:
        self._kept = [
            np.ascontiguousarray(array, np.float32) for block in blocks for array in block
        ]
        addresses = [address(array) for array in self._kept]
        self.pointers = (ctypes.c_void_p * len(addresses))(*addresses)

    def __reduce__(self) -> tuple[type["WeightPointers"], tuple[list[list[NDArray[Any]]]]]:
        """Copies and pickles hold the weights and recompute their addresses."""
        return WeightPointers, ([self._kept],)


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, number = ctypes.c_void_p, ctypes.c_int
    library.diffhpe_trunk.argtypes = [pointer] * 4 + [number] * 2
    library.diffhpe_trunk.restype = None
    library.diffhpe_denoiser.argtypes = [pointer] * 3 + [number] + [pointer] * 2 + [number] * 2
    library.diffhpe_denoiser.restype = None
    return library

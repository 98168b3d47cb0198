"""The compiled library, and how tensors are handed to it."""

import ctypes
import platform
from contextlib import suppress
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import torch
from torch import Tensor

_OF_X86 = {"AVX512": ("avx512", "avx2"), "AVX2": ("avx2",)}
"""What torch calls a processor → the variants of the library that it runs, the fastest first."""


@cache
def find_library() -> ctypes.CDLL | None:
    """The fastest variant for this processor; None where none suits it or none was built.

    They are built when the package is installed, if there is a C++ compiler.
    """
    built = (library for name in variants() if (library := open_variant(name)) is not None)
    return next(built, None)


def variants() -> tuple[str, ...]:
    """Names of those that this processor runs faster than torch, the fastest first."""
    if platform.machine() in ("x86_64", "AMD64"):
        return _OF_X86.get(torch.backends.cpu.get_cpu_capability(), ())
    return ("any",)


def open_variant(name: str) -> ctypes.CDLL | None:
    """The library for one instruction set: avx512, avx2, or any.

    None where it was not built, or was built for another system's libraries.
    """
    for suffix in EXTENSION_SUFFIXES:
        with suppress(OSError):
            return _declare(ctypes.CDLL(str(Path(__file__).with_name(f"_{name}{suffix}"))))
    return None


def address(tensor: Tensor) -> int:
    """Where a tensor's numbers are: float32, contiguous, on the CPU. The caller keeps it alive."""
    assert tensor.dtype == torch.float32 and tensor.is_contiguous() and tensor.is_cpu
    return tensor.data_ptr()


class Weights:
    """Addresses of weights, block after block, as an array of structs of pointers has them.

    Args:
        blocks: the weights of each.
    """

    def __init__(self, blocks: list[list[Tensor]]) -> None:
        self._kept = [tensor.contiguous() for block in blocks for tensor in block]
        addresses = [address(tensor) for tensor in self._kept]
        self.pointers = (ctypes.c_void_p * len(addresses))(*addresses)

    def __reduce__(self) -> tuple[type["Weights"], tuple[list[list[Tensor]]]]:
        """Copies and pickles hold the weights, and find their addresses anew."""
        return Weights, ([self._kept],)


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, number = ctypes.c_void_p, ctypes.c_int
    library.diffhpe_trunk.argtypes = [pointer] * 4 + [number] * 2
    library.diffhpe_trunk.restype = None
    library.diffhpe_denoiser.argtypes = [pointer] * 3 + [number] + [pointer] * 2 + [number] * 2
    library.diffhpe_denoiser.restype = None
    return library

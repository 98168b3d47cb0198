"""Safe reader of .npz files whose nested dictionaries are pickles.

A pickle can name any function and call it. This reader has its own functions for the few names
that arrays of numbers and strings need. Any other name is refused before it is looked up.
"""

import pickle
import zipfile
from collections.abc import Callable, Iterable, Mapping
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

MAX_BYTES = 4 << 30
"""Size limit: no array of the published files unpacks to more than a quarter of this."""


def read_object_npz(path: Path, names: Iterable[str]) -> dict[str, Any]:
    """Arrays of an .npz file, some of which may be pickled.

    Args:
        path: the file.
        names: the arrays to read.

    Returns:
        Name → array. A pickled array without dimensions is returned as its content, since
        `numpy.savez(path, data=dictionary)` stores a dictionary that way.

    Raises:
        DiffhpeError: the file is missing, damaged or too large, lacks an array, or its pickle
            names something other than arrays and plain containers.
    """
    if not path.is_file():
        raise DiffhpeError(f"{path}: no such file")
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: _read(archive, name) for name in names}
    except DiffhpeError as error:
        raise DiffhpeError(f"{path}: {error}") from None
    except Exception as error:  # a damaged archive or pickle may raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DiffhpeError(f"{path}: not a readable .npz file of arrays ({reason})") from None


def mapping(value: Any, what: str) -> dict[str, Any]:
    """Check that a value is a dictionary.

    Raises:
        DiffhpeError: it is not; the message names `what`.
    """
    if not isinstance(value, dict):
        found = "nothing" if value is None else type(value).__name__
        raise DiffhpeError(f"{what}: a dictionary is expected, found {found}")
    return value


def numbers(value: Any, shape: tuple[int, ...], what: str) -> NDArray[np.float32]:
    """Check that a value is an array of numbers (T, *shape).

    Raises:
        DiffhpeError: it is not; the message names `what`.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or array.ndim == 0 or array.shape[1:] != shape:
        expected = ", ".join(map(str, shape))
        raise DiffhpeError(
            f"{what}: numbers (T, {expected}) are expected, found {array.dtype} {array.shape}"
        )
    return array.astype(np.float32)


def _read(archive: zipfile.ZipFile, name: str) -> Any:
    members = {file.filename.removesuffix(".npy"): file for file in archive.infolist()}
    if name not in members:
        found = ", ".join(sorted(members)) or "nothing"
        raise DiffhpeError(f"array {name!r} is missing; found {found}")
    if members[name].file_size > MAX_BYTES:
        size = members[name].file_size / 2**30
        raise DiffhpeError(f"{name} unpacks to {size:.1f} GiB; at most {MAX_BYTES >> 30} expected")
    with archive.open(members[name]) as stream:
        if not _is_pickled(stream):
            stream.seek(0)
            return npy.read_array(stream, allow_pickle=False)
        array = _ArraysOnly(stream, encoding="latin1").load()
    if not isinstance(array, np.ndarray):
        raise DiffhpeError(f"{name} holds a {type(array).__name__}; an array is expected")
    return array.item() if array.ndim == 0 else np.asarray(array)


def _is_pickled(stream: IO[bytes]) -> bool:
    """Read the header of an .npy file; returns whether a pickle follows."""
    if npy.read_magic(stream) == (1, 0):
        return bool(npy.read_array_header_1_0(stream)[2].hasobject)
    return bool(npy.read_array_header_2_0(stream)[2].hasobject)


class _ArraysOnly(pickle.Unpickler):
    """An unpickler for which only the functions in `_KNOWN` exist."""

    def find_class(self, module: str, name: str) -> Any:
        """This reader's own version of a function.

        Raises:
            DiffhpeError: the function is not allowed.
        """
        # numpy 2 renamed numpy.core; Python 3 renamed __builtin__.
        module = module.replace("numpy._core", "numpy.core").replace("__builtin__", "builtins")
        if (module, name) not in _KNOWN:
            raise DiffhpeError(
                f"refused to run {module}.{name}, which the file names: only arrays of numbers and"
                " texts, and plain containers, are expected"
            )
        return _KNOWN[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """Refuse references to data outside the file."""
        raise DiffhpeError("the file refers to something outside it")


class _DType:
    """A data type under construction: pickles set the byte order in a second step."""

    def __init__(self, kind: str) -> None:
        self.dtype = np.dtype(kind)
        if self.dtype.kind not in "biufUSO" or self.dtype.names or self.dtype.subdtype:
            raise DiffhpeError(f"numbers or texts are expected in arrays, got type {kind!r}")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Set the byte order; a new size or fields would make it another type."""
        self.dtype = self.dtype.newbyteorder(state[1])


class _Array(np.ndarray):  # not NDArray: in numpy 2.5 that is not a class
    """An array under construction that checks its content: numpy itself trusts a pickle."""

    def __setstate__(self, state: Any) -> None:
        """Set the state (version, shape, type, Fortran order, data)."""
        version, shape, kind, is_fortran, data = state
        dtype = _finished(kind)
        if isinstance(data, str):  # Python 2 had no bytes
            data = data.encode("latin1")
        is_list = dtype.hasobject and isinstance(data, list) and len(data) == _count(shape)
        is_raw = not dtype.hasobject and isinstance(data, bytes)
        if not is_list and not (is_raw and len(data) == _count(shape) * dtype.itemsize):
            raise DiffhpeError(f"the data of an array of shape {shape} do not fit it")
        checked: Any = (version, shape, dtype, bool(is_fortran), data)
        super().__setstate__(checked)


def _count(shape: Any) -> int:
    if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise DiffhpeError(f"an array's shape is expected, got {shape!r}")
    return prod(shape)


def _finished(kind: Any) -> np.dtype[Any]:
    if not isinstance(kind, _DType):
        raise DiffhpeError(f"an array's data type is expected, got {type(kind).__name__}")
    return kind.dtype


def _dtype(kind: str, *_flags: bool) -> _DType:
    return _DType(kind)


def _empty_array(*_class_shape_and_type: Any) -> _Array:
    return np.ndarray.__new__(_Array, (0,))


def _array_of(
    data: bytes, kind: _DType, shape: tuple[int, ...], order: str, axes: Any = None
) -> NDArray[Any]:
    """The function that protocol 5 uses to make arrays."""
    _count(shape)
    array = np.frombuffer(data, _finished(kind)).reshape(shape, order="F" if order == "F" else "C")
    return array if axes is None else array.transpose(axes)


def _number(kind: _DType, data: bytes | str) -> Any:
    raw = data.encode("latin1") if isinstance(data, str) else data
    return np.frombuffer(raw, _finished(kind), count=1)[0]


def _latin1(text: str, _encoding: str) -> bytes:
    """The function that protocol 2 uses for bytes."""
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


def _ndarray() -> None:
    """Stands for numpy.ndarray, the only class that `_reconstruct` makes."""


_KNOWN: Mapping[tuple[str, str], Callable[..., Any]] = MappingProxyType(
    {
        ("numpy", "dtype"): _dtype,
        ("numpy", "ndarray"): _ndarray,
        ("numpy.core.multiarray", "_reconstruct"): _empty_array,
        ("numpy.core.multiarray", "scalar"): _number,
        ("numpy.core.numeric", "_frombuffer"): _array_of,
        ("_codecs", "encode"): _latin1,
        ("builtins", "bytes"): _no_bytes,
        ("builtins", "set"): set,
        ("builtins", "frozenset"): frozenset,
    }
)

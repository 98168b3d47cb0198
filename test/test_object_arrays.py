"""Files of pickled arrays, as researchers exchange them: they are read without running code."""

import functools
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diffhpe_ros import object_arrays
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.object_arrays import read_object_npz

NESTED = {
    "S1": {
        "Walking 1": [
            np.arange(12, dtype=np.float32).reshape(2, 3, 2),
            np.asfortranarray(np.eye(3))[:, :2],
            np.arange(3, dtype=">i2"),
        ]
    },
    "fps": np.int64(50),
    "layout": np.array(["h36m", "coco"]),
    "empty": np.zeros((0, 17)),
    "names": {"a", "b"},
}


def write(path: Path, pickled: bytes, header: str = "'descr': '|O', 'shape': ()") -> Path:
    """An .npz file whose array `data` contains this pickle."""
    text = f"{{{header}, 'fortran_order': False}}\n".encode()
    with zipfile.ZipFile(path, "w") as archive:
        size = len(text).to_bytes(2, "little")
        archive.writestr("data.npy", b"\x93NUMPY\x01\x00" + size + text + pickled)
    return path


def as_object_array(content: Any) -> np.ndarray:
    array = np.empty((), dtype=object)
    array[()] = content
    return array


def check_nested(read: Any) -> None:
    for written, found in zip(NESTED["S1"]["Walking 1"], read["S1"]["Walking 1"], strict=True):
        np.testing.assert_array_equal(written, np.asarray(found))
    assert read["fps"] == 50 and read["layout"].tolist() == ["h36m", "coco"]
    assert read["empty"].shape == (0, 17) and read["names"] == {"a", "b"}


def test_what_numpy_writes_is_read(tmp_path):
    np.savez_compressed(tmp_path / "poses.npz", data=NESTED, plain=np.arange(3))
    read = read_object_npz(tmp_path / "poses.npz", ("data", "plain"))
    check_nested(read["data"])
    assert read["plain"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("core", [b"numpy.core", b"numpy._core"])
def test_every_protocol_of_both_numpys_is_read(tmp_path, protocol, core):
    """Protocol 4 stores the length of names, so only older protocols can be renamed in place."""
    pickled = pickle.dumps(as_object_array(NESTED), protocol)
    if protocol < 4:
        pickled = pickled.replace(b"numpy._core", core).replace(b"numpy.core", core)
    check_nested(read_object_npz(write(tmp_path / "poses.npz", pickled), ("data",))["data"])


class Runs:
    """An object that pickles as a function call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    "malice",
    [
        Runs(os.system, "touch {marker}"),
        Runs(eval, "open({marker!r}, 'w')"),
        Runs(exec, "open({marker!r}, 'w')"),
        Runs(functools.partial, os.mkdir, "{marker}"),
        Runs(getattr, Path, "unlink"),
        Runs(np.save, "{marker}", np.zeros(1)),
        Runs(np.load, "{marker}"),
        Runs(np.ndarray.tofile, np.zeros(1), "{marker}"),
        Runs(np.memmap, "{marker}", np.uint8, "w+", 0, (4,)),
        np.random.default_rng,
        Path,
    ],
    ids=lambda malice: getattr(malice, "__name__", None) or malice.call[0].__name__,
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_else_runs(tmp_path, malice, protocol):
    marker = tmp_path / "ran"
    if isinstance(malice, Runs):
        function, arguments = malice.call
        texts = [a.format(marker=str(marker)) if isinstance(a, str) else a for a in arguments]
        malice = Runs(function, *texts)
    pickled = pickle.dumps(as_object_array({"S1": [malice]}), protocol)
    path = write(tmp_path / "malicious.npz", pickled)
    with pytest.raises(DiffhpeError, match="refused to run .*: only arrays") as failure:
        read_object_npz(path, ("data",))
    assert str(failure.value).startswith(f"{path}: ") and "\n" not in str(failure.value)
    assert list(tmp_path.iterdir()) == [path]


def hand_made(state: str) -> bytes:
    """Protocol 0: an array of the dtype `i8`, with a handmade state."""
    return (
        "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntVb\ntR"
        f"(I1\n{state}I00\n(ltb."
    ).encode()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("(I1000000000\ntcnumpy\ndtype\n(VO8\ntR", "do not fit it"),  # numpy would read beyond
        ("(I-1\ntcnumpy\ndtype\n(VO8\ntR", "shape is expected"),
        ("(I0\ntVO8\n", "data type is expected, got str"),
        ("(I0\ntcnumpy\ndtype\n(VM8\ntR", "numbers or texts are expected in arrays"),
        ("(I0\ntcnumpy\ndtype\n(Vi4,f4\ntR", "numbers or texts are expected in arrays"),
    ],
)
def test_arrays_that_lie_about_themselves_are_refused(tmp_path, state, message):
    path = write(tmp_path / "lies.npz", hand_made(state))
    with pytest.raises(DiffhpeError, match=message):
        read_object_npz(path, ("data",))


def test_files_that_are_something_else(tmp_path, monkeypatch):
    path = tmp_path / "poses.npz"
    with pytest.raises(DiffhpeError, match="no such file"):
        read_object_npz(path, ("data",))
    np.savez(path, data=NESTED)
    with pytest.raises(DiffhpeError, match="array 'positions_3d' is missing; found data"):
        read_object_npz(path, ("positions_3d",))
    monkeypatch.setattr(object_arrays, "MAX_BYTES", 100)
    with pytest.raises(DiffhpeError, match="data unpacks to .* GiB"):
        read_object_npz(path, ("data",))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DiffhpeError, match="not a readable .npz file of arrays"):
        read_object_npz(path, ("data",))
    path.write_text("mesh")
    with pytest.raises(DiffhpeError, match="not a readable .npz file of arrays"):
        read_object_npz(path, ("data",))


def test_truncated_pickle_and_one_of_no_array(tmp_path):
    pickled = pickle.dumps(as_object_array(NESTED), 3)
    for cut in (len(pickled) // 3, len(pickled) - 1):
        with pytest.raises(DiffhpeError, match="not a readable .npz file"):
            read_object_npz(write(tmp_path / "cut.npz", pickled[:cut]), ("data",))
    with pytest.raises(DiffhpeError, match="data holds a dict; an array is expected"):
        read_object_npz(write(tmp_path / "dict.npz", pickle.dumps({})), ("data",))

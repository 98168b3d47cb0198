"""Reading .npz files from outside."""

from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz


def test_arrays_come_by_name(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    np.testing.assert_array_equal(read_npz(tmp_path / "a.npz", ["x"])["x"], [0, 1, 2])


def test_missing_array_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.arange(3))
    with pytest.raises(DiffhpeError, match=r"a\.npz: array 'y' is missing; found x"):
        read_npz(tmp_path / "a.npz", ["y"])


def test_pickles_are_refused_and_do_not_run(tmp_path):
    ran = tmp_path / "ran"

    class Attack:
        def __reduce__(self):
            return Path.touch, (ran,)

    np.savez(tmp_path / "a.npz", x=np.array([Attack()], object))
    with pytest.raises(DiffhpeError, match="not a readable .npz file of plain arrays"):
        read_npz(tmp_path / "a.npz")
    assert not ran.exists()


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 half of one"])
def test_damaged_files_are_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DiffhpeError, match=r"a\.npz: not a readable"):
        read_npz(tmp_path / "a.npz")


def test_missing_file_is_named():
    with pytest.raises(DiffhpeError, match=r"/nowhere/a\.npz: no such file"):
        read_npz(Path("/nowhere/a.npz"))

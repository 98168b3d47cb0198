"""Files: foreign .npz archives, and outputs that are never partially written."""

import resource
from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import check_output, read_npz, replacing


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


def test_array_of_objects_is_named(tmp_path):
    np.savez(tmp_path / "none.npz", keypoints=np.zeros(3), K=None)
    with pytest.raises(DiffhpeError, match="array 'K' holds Python objects, such as None"):
        read_npz(tmp_path / "none.npz")


def test_missing_file_is_named():
    with pytest.raises(DiffhpeError, match=r"/nowhere/a\.npz: no such file"):
        read_npz(Path("/nowhere/a.npz"))


def test_missing_folder_is_told_before_the_work(tmp_path):
    with pytest.raises(DiffhpeError, match="there is no folder"):
        check_output(tmp_path / "nowhere" / "out.npz")


def test_folder_is_no_output_file(tmp_path):
    with pytest.raises(DiffhpeError, match="it is a folder"):
        check_output(tmp_path)


def test_input_is_no_output(tmp_path):
    file = tmp_path / "same.npz"
    file.write_bytes(b"keypoints")
    with pytest.raises(DiffhpeError, match="is also the input"):
        check_output(tmp_path / "." / "same.npz", file)


def test_file_is_replaced_as_a_whole(tmp_path):
    (tmp_path / "out").write_bytes(b"before")
    with replacing(tmp_path / "out") as file:
        file.write(b"after")
        assert (tmp_path / "out").read_bytes() == b"before"
    assert (tmp_path / "out").read_bytes() == b"after"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_old_file_stays_when_the_disk_is_full(tmp_path):
    (tmp_path / "out").write_bytes(b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(DiffhpeError, match="cannot write"), replacing(tmp_path / "out") as file:
            file.write(bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "out").read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]

"""Output files: refused before the work, and never half written."""

import resource

import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.outputs import check_output, replacing


def test_missing_folder_is_told_before_the_work(tmp_path):
    with pytest.raises(DiffhpeError, match="there is no folder"):
        check_output(tmp_path / "nowhere" / "out.npz")


def test_folder_is_no_output_file(tmp_path):
    with pytest.raises(DiffhpeError, match="it is a folder"):
        check_output(tmp_path)


def test_input_is_no_output(tmp_path):
    file = tmp_path / "same.npz"
    file.write_bytes(b"keypoints")
    with pytest.raises(DiffhpeError, match="is the input"):
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

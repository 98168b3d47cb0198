"""Two trainings in one folder."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("lightning", reason="training needs the `train` extra")

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.runner.folder_lock import only_training_in


def test_second_training_in_a_folder_is_refused(tmp_path: Path) -> None:
    hold = (
        "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with (
            pytest.raises(DiffhpeError, match="another training is running in"),
            only_training_in(tmp_path),
        ):
            pass
        other.communicate()
    with only_training_in(tmp_path):  # after the other has ended
        assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DiffhpeError, match="cannot write to out="),
        only_training_in(tmp_path / "file" / "out"),
    ):
        pass


def test_first_process_of_another_machine_does_not_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder may be the same, on a network."""
    with only_training_in(tmp_path):
        monkeypatch.setenv("NODE_RANK", "1")
        with only_training_in(tmp_path):
            pass

"""Packed motion capture is still the same."""

from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz
from diffhpe_ros.training.datasets.mocap import HELD_OUT_SUBJECTS, read_motion_capture
from gpu import motion


def write(path: Path, subjects: list[int], frames: int = 60) -> Path:
    """Bodies that walk ten metres, the first from another position than the second."""
    rng = np.random.default_rng(0)
    time = np.arange(frames * len(subjects))[:, None, None] / 50
    body = rng.normal(0, 0.4, (17, 3))
    swing = 0.2 * np.sin(2 * np.pi * time + rng.uniform(0, 6, (17, 3)))
    np.savez(
        path,
        positions=(body + swing + [8.0, 0, 1.0] * time).astype(np.float32),
        head_forward=np.tile(np.float16([0, 1, 0]), (frames * len(subjects), 1)),
        offsets=frames * np.arange(len(subjects) + 1),
        subject=np.array(subjects),
        name=np.array([f"take_{subject}" for subject in subjects]),
    )
    return path


def test_unpacked_joints_are_where_they_were(tmp_path):
    file = write(tmp_path / "walk.npz", [1, 3])
    assert motion.pack({file: 0.7}, tmp_path / "packed.npz") == ["walk"]
    ((unpacked, weight),) = motion.unpack(tmp_path / "packed.npz", tmp_path / "out").items()
    before, after = read_npz(file), read_npz(unpacked)
    np.testing.assert_allclose(after["positions"], before["positions"], atol=1.1e-4)
    assert weight == 0.7
    assert len(read_motion_capture(unpacked, lambda subject: True).starts) == 2 * (60 - 26)


def test_it_is_small(tmp_path):
    file = write(tmp_path / "walk.npz", [1], frames=2000)
    motion.pack({file: 1.0}, tmp_path / "packed.npz")
    raw = read_npz(file)["positions"].nbytes
    assert (tmp_path / "packed.npz").stat().st_size < raw / 3


def test_people_of_the_evaluation_do_not_travel(tmp_path):
    held_out = min(HELD_OUT_SUBJECTS)
    file = write(tmp_path / "walk.npz", [held_out, 3])
    motion.pack({file: 1.0}, tmp_path / "packed.npz")
    (unpacked,) = motion.unpack(tmp_path / "packed.npz", tmp_path / "out")
    assert read_npz(unpacked)["subject"].tolist() == [3]


def test_what_does_not_fit_is_left_out(tmp_path):
    files = {write(tmp_path / f"{name}.npz", [1], 500): 1.0 for name in ("best", "next")}
    both = tmp_path / "both.npz"
    assert motion.pack(files, both) == ["best", "next"]
    limit = 0.8 * both.stat().st_size / 1e6
    assert motion.pack(files, tmp_path / "one.npz", limit) == ["best"]
    assert list(tmp_path.glob("*.trial.npz")) == []


def test_jump_is_refused(tmp_path):
    file = write(tmp_path / "walk.npz", [1])
    arrays = dict(read_npz(file))
    arrays["positions"] = arrays["positions"].copy()
    arrays["positions"][30:] += 5.0
    with pytest.raises(DiffhpeError, match="jumps by over a metre"):
        motion.encode(arrays)


def test_half_the_frames_cost_more_than_packing(tmp_path):
    means = motion.cost(read_npz(write(tmp_path / "walk.npz", [1])))
    assert means["packed"] < 0.1 < means["25 Hz, linear"]
    assert means["25 Hz, cubic"] < means["25 Hz, linear"]

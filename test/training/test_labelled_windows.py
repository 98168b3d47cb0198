"""Windows with truth: the valid content of their files, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows, read_windows

X = np.full((4, 27, 17, 2), 0.1, np.float32)
Y = np.zeros((4, 27, 17, 3), np.float32)


def test_two_arrays_are_enough(tmp_path):
    np.savez(tmp_path / "windows.npz", x=X.astype(np.float64), y=Y)
    windows = read_windows(tmp_path / "windows.npz")
    assert len(windows) == 4
    assert windows.x_2d.dtype == np.float32
    assert windows.root is None
    assert windows.camera.tolist() == [""] * 4
    assert windows.start.tolist() == [0] * 4


def test_labels_are_read_as_text(tmp_path):
    labels = {"subject": [2, 2, 7, 7], "sequence": [1, 1, 2, 3], "camera": [0, 1, 0, 1]}
    np.savez(tmp_path / "windows.npz", x=X, y=Y, root=np.ones((4, 27, 3)), **labels)
    windows = read_windows(tmp_path / "windows.npz")
    assert windows.subject.tolist() == ["2", "2", "7", "7"]
    assert windows.camera.tolist() == ["0", "1", "0", "1"]
    assert windows.root is not None and windows.root.dtype == np.float32


def test_label_may_be_that_of_all_windows():
    assert LabelledWindows(X, Y, action=np.array("walk")).action.tolist() == ["walk"] * 4


def test_some_of_the_windows_keep_their_labels():
    labels = np.array(["a", "b", "c", "d"])
    some = LabelledWindows(X, Y, sequence=labels).every(3)
    assert some.sequence.tolist() == ["a", "d"]
    assert some.root is None
    assert len(some) == 2


def test_frozen_evaluation_is_read_whole(shared_data):
    windows = read_windows(shared_data / "mocap" / "cmu_test.npz")
    assert len(windows) == 558
    assert set(windows.subject) == {"2", "7", "12"}
    assert windows.root is not None and windows.root[..., 2].min() > 1


def with_nan(values: np.ndarray, window: int) -> np.ndarray:
    values = values.copy()
    values[window].flat[5] = np.nan
    return values


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": with_nan(Y, 2)}, "y holds NaN or infinity in 1 of 4 windows"),
        ({"x": with_nan(X, 0)}, "x holds NaN or infinity in 1 of 4 windows"),
        ({"x": X[:0], "y": Y[:0]}, r"no windows: x is \(0, 27, 17, 2\)"),
        ({"y": Y[:3]}, r"x must be \(N, 27, 17, 2\) and y .* got .* \(3, 27, 17, 3\)"),
        ({"x": X[:, :, :16], "y": Y[:, :, :16]}, "x must be"),
        ({"x": X[0], "y": Y[0]}, "x must be"),
        ({"root": np.ones((4, 3))}, r"root must be \(4, 27, 3\), got \(4, 3\)"),
        ({"subject": np.array([1, 2])}, r"subject must be \(4,\), one per window, got \(2,\)"),
        ({"start": np.array(["a", "b", "c", "d"])}, "invalid literal"),
        ({"x": np.full(X.shape, "left")}, "could not convert"),
    ],
)
def test_what_does_not_fit_is_one_line_with_the_file(tmp_path, arrays, message):
    path = tmp_path / "windows.npz"
    np.savez(path, **({"x": X, "y": Y} | arrays))
    with pytest.raises(DiffhpeError, match=message) as failure:
        read_windows(path)
    assert str(failure.value).startswith(f"{path}: ")
    assert "\n" not in str(failure.value)


def test_windows_made_by_hand_are_checked_as_well():
    with pytest.raises(DiffhpeError, match="camera must be"):
        replace(LabelledWindows(X, Y), camera=np.array(["a"] * 5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": 1000.0}, "millimetres"),
        ({"x": 500.0}, "pixels"),
    ],
)
def test_other_units_are_refused(tmp_path, change, message):
    x = np.full((2, 27, 17, 2), 0.1)
    y = np.full((2, 27, 17, 3), 0.5)
    y[:, :, 0] = 0
    arrays = {"x": x, "y": y}
    arrays |= {name: arrays[name] * factor for name, factor in change.items()}
    np.savez(tmp_path / "windows.npz", **arrays)
    with pytest.raises(DiffhpeError, match=message):
        read_windows(tmp_path / "windows.npz")


def test_poses_that_are_not_relative_to_the_hip_are_refused(tmp_path):
    np.savez(
        tmp_path / "windows.npz", x=np.full((2, 27, 17, 2), 0.1), y=np.full((2, 27, 17, 3), 3.0)
    )
    with pytest.raises(DiffhpeError, match="relative to the hip"):
        read_windows(tmp_path / "windows.npz")

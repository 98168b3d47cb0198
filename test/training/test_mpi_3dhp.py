"""MPI-INF-3DHP in P-STMO's two files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_files import in_mpi_order, walk

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.skeleton import JOINTS as OUR_JOINTS
from diffhpe_ros.training.datasets.human36m_cameras import cameras_of
from diffhpe_ros.training.datasets.mpi_3dhp import (
    INDOOR_CAMERA,
    JOINTS,
    OUTDOOR_CAMERA,
    TO_H36M17,
    TRAINING_CAMERAS,
    read_mpi_3dhp,
)

FRAMES = 40


def in_front() -> np.ndarray:
    """(T, 17, 3) metres in the frame of a camera."""
    return cameras_of("S1")[0].to_optical(walk(FRAMES))


def arrays(camera: Any) -> dict[str, Any]:
    joints = in_front()
    pixels = camera.project(joints)
    return {"data_2d": in_mpi_order(pixels), "data_3d": in_mpi_order(1000 * joints)}


def of_training() -> dict[str, Any]:
    cameras = {name: arrays(TRAINING_CAMERAS[name]) for name in ("0", "8")}
    return {"S1 Seq1": [cameras, 25], "S1 Seq2": [cameras, 50]}


def of_test() -> dict[str, Any]:
    valid = np.ones(FRAMES)
    valid[[0, 35]] = 0
    return {
        "TS1": arrays(INDOOR_CAMERA) | {"valid": valid},
        "TS5": arrays(OUTDOOR_CAMERA) | {"valid": valid[:, None]},
    }


def write(folder: Path, data: Any) -> Path:
    np.savez_compressed(folder / "data_3dhp.npz", data=data)
    return folder / "data_3dhp.npz"


def test_joints_of_the_same_name_are_the_same():
    names = dict(zip(OUR_JOINTS, (JOINTS[index] for index in TO_H36M17), strict=True))
    assert names["Hip"] == "pelvis" and JOINTS.index("pelvis") == 14
    assert names["RFoot"] == "right ankle" and names["LWrist"] == "left wrist"
    assert (names["Thorax"], names["Neck/Nose"], names["Head"]) == ("neck", "head", "head top")
    assert all(("right" in name) == (ours[:2] in ("RH", "RK", "RF", "RS", "RE", "RW"))
               for ours, name in names.items())  # fmt: skip
    assert sorted(TO_H36M17) == list(range(17))


def test_training_file(tmp_path):
    recordings = read_mpi_3dhp(write(tmp_path, of_training()), "screen")
    assert [(one.subject, one.sequence, one.camera, one.rate) for one in recordings] == [
        ("S1", "Seq1", "0", 25.0), ("S1", "Seq1", "8", 25.0),
        ("S1", "Seq2", "0", 50.0), ("S1", "Seq2", "8", 50.0),
    ]  # fmt: skip
    first = recordings[0]
    assert first.valid.all()
    np.testing.assert_allclose(first.poses + first.root[:, None], in_front(), atol=1e-5)
    expected = TRAINING_CAMERAS["0"].project(in_front()) / 1024 - 1
    np.testing.assert_allclose(first.x_2d, expected, atol=1e-5)


def test_test_file(tmp_path):
    indoor, outdoor = read_mpi_3dhp(write(tmp_path, of_test()), "screen")
    assert (indoor.subject, outdoor.subject) == ("TS1", "TS5")
    for recording in (indoor, outdoor):
        assert np.flatnonzero(~recording.valid).tolist() == [0, 35]
    np.testing.assert_allclose(
        outdoor.x_2d, OUTDOOR_CAMERA.project(in_front()) / 960 - [1, 1080 / 1920], atol=1e-5
    )


def test_in_the_person_view_the_poses_project_to_the_2d(tmp_path):
    for recording in read_mpi_3dhp(write(tmp_path, of_test() | of_training()), "person"):
        points = recording.poses + recording.root[:, None]
        np.testing.assert_allclose(
            recording.x_2d, CANONICAL_FOCAL * points[..., :2] / points[..., 2:], atol=1e-5
        )


def test_root_that_does_not_project_is_left_out(tmp_path):
    data = of_test()
    data["TS1"]["data_3d"] = data["TS1"]["data_3d"] + [300, 0, 0]
    indoor, outdoor = read_mpi_3dhp(write(tmp_path, data), "screen")
    assert indoor.root is None and outdoor.root is not None
    np.testing.assert_allclose(indoor.poses, outdoor.poses, atol=1e-5)


def without_valid(data: dict[str, Any]) -> None:
    del data["TS1"]["valid"]


def fewer_joints(data: dict[str, Any]) -> None:
    data["TS1"]["data_2d"] = data["TS1"]["data_2d"][:, :16]


def less_3d(data: dict[str, Any]) -> None:
    data["S1 Seq1"][0]["8"]["data_3d"] = data["S1 Seq1"][0]["8"]["data_3d"][:-1]


def unknown_sequence(data: dict[str, Any]) -> None:
    data["TS7"] = data.pop("TS1")


def unknown_camera(data: dict[str, Any]) -> None:
    data["S1 Seq1"][0]["14"] = data["S1 Seq1"][0].pop("0")


def no_rate(data: dict[str, Any]) -> None:
    data["S1 Seq1"][1] = None


def only_cameras(data: dict[str, Any]) -> None:
    data["S1 Seq1"] = data["S1 Seq1"][0]


def not_finite(data: dict[str, Any]) -> None:
    data["TS5"]["data_3d"][:4] = np.nan


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_valid, "TS1: valid is missing; found data_2d, data_3d"),
        (fewer_joints, r"2D of TS1: numbers \(T, 17, 2\) are expected, found .* \(40, 16, 2\)"),
        (less_3d, "S1 Seq1 camera 8 has 40 frames of 2D, 39 of 3D and 39 of valid"),
        (unknown_sequence, "unknown sequence 'TS7'"),
        (unknown_camera, "S1 Seq1: unknown camera '14'; expected one of 0, 1, 2"),
        (no_rate, "S1 Seq1: frames per second are expected, found None"),
        (only_cameras, "S1 Seq1: its cameras and frames per second are expected in a list"),
        (not_finite, "TS5, TS5: NaN or infinity in the poses of 3 valid frames"),
    ],
)
def test_wrong_files_are_one_line(tmp_path, spoil, message):
    data = of_test() | of_training()
    spoil(data)
    path = write(tmp_path, data)
    with pytest.raises(DiffhpeError, match=message) as failure:
        read_mpi_3dhp(path, "screen")
    assert str(failure.value).startswith(f"{path}: ") and "\n" not in str(failure.value)


def test_empty_files_and_other_views(tmp_path):
    with pytest.raises(DiffhpeError, match="it contains no sequence"):
        read_mpi_3dhp(write(tmp_path, {}), "screen")
    with pytest.raises(DiffhpeError, match="data: a dictionary is expected, found ndarray"):
        read_mpi_3dhp(write(tmp_path, np.zeros(3)), "screen")
    with pytest.raises(DiffhpeError, match="unknown input view 'side'"):
        read_mpi_3dhp(write(tmp_path, of_test()), "side")

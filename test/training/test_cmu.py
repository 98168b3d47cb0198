"""`diffhpe data`: from CMU's files to training files."""

import sys

import numpy as np
import pytest
from click.testing import CliRunner
from cmu_files import UNIT_M, write_database, write_motion, write_skeleton

from diffhpe_ros.cli.app import app
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.training.datasets.asf_amc import read_motion, read_skeleton
from diffhpe_ros.training.datasets.cmu import read_takes, resampled, to_take
from diffhpe_ros.training.datasets.labelled_windows import read_windows
from diffhpe_ros.training.datasets.mocap import read_motion_capture


def take_of(folder, frames):
    skeleton = read_skeleton(write_skeleton(folder / "01.asf"))
    motion = read_motion(write_motion(folder / "01_01.amc", frames), skeleton)
    return to_take(motion, 1, 1, "01_01.amc")


def data(*arguments):
    """Run `diffhpe data` in this process."""
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


def test_joints_of_the_rest_pose(tmp_path):
    """Each joint is where docs/training.md describes it; CMU's (x, y, z) becomes (x, -z, y)."""
    take = take_of(tmp_path, [{}] * 4)
    in_units = {
        "Hip": (0, 0, 0), "RHip": (-2, 0, 0), "RKnee": (-2, 0, -7), "RFoot": (-2, 0, -13.5),
        "LHip": (2, 0, 0), "LKnee": (2, 0, -7), "LFoot": (2, 0, -13.5),
        "Spine": (0, 0, 2), "Thorax": (0, 0, 6.5), "Neck/Nose": (0, -0.05 / UNIT_M, 8),
        "Head": (0, 0, 9.5),
        "LShoulder": (3, 0, 6), "LElbow": (8, 0, 6), "LWrist": (12.5, 0, 6),
        "RShoulder": (-3, 0, 6), "RElbow": (-8, 0, 6), "RWrist": (-12.5, 0, 6),
    }  # fmt: skip
    for name, found in zip(JOINTS, take.positions[0], strict=True):
        np.testing.assert_allclose(found / UNIT_M, in_units[name], atol=1e-5, err_msg=name)
    np.testing.assert_array_equal(take.head_forward[0], [0, -1, 0])
    np.testing.assert_allclose(take.toes[0] / UNIT_M, [[2, -3, -13.5], [-2, -3, -13.5]], atol=5e-3)


def test_nose_goes_with_the_head(tmp_path):
    take = take_of(tmp_path, [{"head": [0, 90, 0]}] * 4)
    np.testing.assert_allclose(take.head_forward[0], [1, 0, 0], atol=1e-3)
    np.testing.assert_allclose(take.positions[0, 9] - take.positions[0, 8], [0.05, 0, 1.5 * UNIT_M],
                               atol=1e-6)  # fmt: skip


def test_120_frames_a_second_become_50(tmp_path):
    frames = [{"root": [0, 0, frame, 0, 0, 0]} for frame in range(25)]
    hip = take_of(tmp_path, frames).positions[:, 0, 1]
    np.testing.assert_allclose(hip, -2.4 * UNIT_M * np.arange(11), atol=1e-6)
    np.testing.assert_allclose(resampled(np.arange(13.0), 60.0), 1.2 * np.arange(11))


def test_jump_is_refused(tmp_path):
    frames = [{"root": [0, 0, 100 * (frame > 12), 0, 0, 0]} for frame in range(25)]
    with pytest.raises(DiffhpeError, match=r"the hip jumps by \d\.\d m at 0\.\d\d s"):
        take_of(tmp_path, frames)


def test_conversion_needs_no_torch(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    database = write_database(tmp_path / "cmu", {2: 1})
    result = data("--cmu", database, "--out", tmp_path)
    assert result.exit_code == 0, result.exception
    assert "1 takes of 1 subjects" in result.output
    assert "cmu_test.npz are not written: their virtual cameras" in result.output
    assert [file.name for file in tmp_path.glob("*.npz")] == ["cmu_h36m17_50hz.npz"]


def test_database_becomes_training_and_evaluation_files(tmp_path):
    database = write_database(tmp_path / "cmu", {2: 1, 16: 1, 35: 2})
    result = data("--cmu", database, "--out", tmp_path / "mocap")
    assert result.exit_code == 0, result.exception
    assert "4 takes of 3 subjects, 0.1 minutes" in result.output
    motion = read_npz(tmp_path / "mocap" / "cmu_h36m17_50hz.npz")
    assert motion["positions"].shape == (4 * 101, 17, 3)
    assert motion["offsets"].tolist() == [0, 101, 202, 303, 404]
    assert motion["name"].tolist() == ["cmu_002_01", "cmu_016_01", "cmu_035_01", "cmu_035_02"]
    assert motion["source"][0] == "subjects/02/02_01.amc"
    capture = read_motion_capture(tmp_path / "mocap" / "cmu_h36m17_50hz.npz", {35}.__contains__)
    assert len(capture.starts) == 2 * (101 - 26)
    for name, subject in (("test", "2"), ("validation", "16")):
        windows = read_windows(tmp_path / "mocap" / f"cmu_{name}.npz")
        assert len(windows) == 2 * 3  # cameras, windows without overlap
        assert set(windows.subject) == {subject}
        assert windows.start.tolist() == [0, 27, 54] * 2
        bones = np.linalg.norm(windows.poses[:, :, 3] - windows.poses[:, :, 2], axis=-1)
        np.testing.assert_allclose(bones, 6.5 * UNIT_M, atol=1e-4)


def test_subjects_are_chosen(tmp_path):
    database = write_database(tmp_path / "cmu", {1: 1, 2: 1, 16: 1, 35: 1}, frames=61)
    result = data("--cmu", database, "--out", tmp_path, "--subjects", "35,1-3")
    assert result.exit_code == 0
    motion = read_npz(tmp_path / "cmu_h36m17_50hz.npz")
    assert motion["subject"].tolist() == [1, 2, 35]
    assert "no motions of subject 3" in result.output
    assert "cmu_validation.npz is not written: none of the subjects 16, 39 is in" in result.output


def test_files_are_never_replaced(tmp_path):
    database = write_database(tmp_path / "cmu", {35: 1}, frames=61)
    (tmp_path / "cmu_test.npz").write_text("kept")
    result = data("--cmu", database, "--out", tmp_path)
    assert "cmu_test.npz already exists; remove it" in str(result.exception)
    assert (tmp_path / "cmu_test.npz").read_text() == "kept"
    assert not (tmp_path / "cmu_h36m17_50hz.npz").exists()


def test_unusable_takes_are_left_out_with_a_warning(tmp_path):
    database = write_database(tmp_path / "cmu", {35: 3, 36: 1}, frames=61)
    (database / "subjects" / "35" / "35_02.amc").write_text("1\nroot 0 0 0\n")
    (database / "subjects" / "36" / "36.asf").unlink()
    takes, problems = read_takes(database)
    assert [take.trial for take in takes] == [1, 3]
    assert len(problems) == 2
    assert "35_02.amc: root: 6 values" in problems[0]
    assert "36_01.amc: no skeleton 36.asf next to it" in problems[1]


def test_another_skeleton_is_refused(tmp_path):
    database = write_database(tmp_path / "cmu", {35: 1}, frames=61)
    folder = database / "subjects" / "35"
    write_skeleton(folder / "35.asf", without="rwrist")
    motion = (folder / "35_01.amc").read_text()
    (folder / "35_01.amc").write_text(motion.replace("rwrist 0\n", ""))
    with pytest.raises(
        DiffhpeError, match="no usable take; .*35_01.amc: the skeleton lacks rwrist"
    ):
        read_takes(database)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cmu", "nowhere"), "nowhere: no such folder"),
        (("--cmu", "."), "no SS_TT.amc files"),
        (("--cmu", "cmu", "--subjects", "4"), "no motions of these subjects"),
        (("--cmu", "cmu", "--subjects", "four"), "--subjects: 'four'; numbers are expected"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path, monkeypatch, arguments, message):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    if "cmu" in arguments:
        write_database(tmp_path / "empty" / "cmu", {35: 1}, frames=61)
    result = data(*arguments)
    assert isinstance(result.exception, DiffhpeError)
    assert message in str(result.exception)

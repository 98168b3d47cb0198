"""Forward kinematics of .asf and .amc files, on a skeleton whose joints are known."""

import numpy as np
import pytest
from cmu_files import UNIT_M, write_motion, write_skeleton

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.datasets.asf_amc import BoneMotion, read_motion, read_skeleton, rotation


def moved(folder, frame, axes=None) -> BoneMotion:
    """One frame of the test skeleton."""
    skeleton = read_skeleton(write_skeleton(folder / "01.asf", axes))
    return read_motion(write_motion(folder / "01_01.amc", [frame]), skeleton)


def end(motion: BoneMotion, bone: str) -> np.ndarray:
    """The end of a bone in the file's unit of length."""
    return motion.ends[bone][0] / UNIT_M


def test_rest_pose(tmp_path):
    motion = moved(tmp_path, {})
    np.testing.assert_allclose(end(motion, "ltibia"), [2, -13.5, 0])
    np.testing.assert_allclose(end(motion, "ltoes"), [2, -13.5, 3])
    np.testing.assert_allclose(end(motion, "head"), [0, 9.5, 0])
    np.testing.assert_allclose(end(motion, "rwrist"), [-12.5, 6, 0])


def test_bent_knee(tmp_path):
    motion = moved(tmp_path, {"ltibia": [90]})
    np.testing.assert_allclose(end(motion, "ltibia"), [2, -7, -6.5], atol=1e-12)
    np.testing.assert_allclose(end(motion, "lfoot"), [2, -9, -6.5], atol=1e-12)
    np.testing.assert_allclose(end(motion, "rtibia"), [-2, -13.5, 0])


def test_children_follow_their_parents(tmp_path):
    motion = moved(tmp_path, {"lowerback": [0, 90, 0]})
    np.testing.assert_allclose(end(motion, "lwrist"), [0, 6, -12.5], atol=1e-12)
    np.testing.assert_allclose(motion.rotations["head"][0, :, 2], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(end(motion, "ltibia"), [2, -13.5, 0])


def test_joint_rotations_are_about_the_bones_own_axes(tmp_path):
    """With local axes turned by 90 degrees about z, the bone's x axis is the global y axis."""
    motion = moved(tmp_path, {"lhumerus": [90, 0, 0]}, axes={"lhumerus": (0, 0, 90)})
    np.testing.assert_allclose(end(motion, "lclavicle"), [3, 6, 0])
    np.testing.assert_allclose(end(motion, "lhumerus"), [3, 6, -5], atol=1e-12)


def test_angles_are_applied_in_their_order():
    """Rz · Ry · Rx: y goes to z about x, which goes to x about y, which goes to y about z."""
    whole = rotation(np.radians([90.0, 90.0, 90.0]), "xyz")
    np.testing.assert_allclose(whole @ [0, 1, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(whole @ [1, 0, 0], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(rotation(np.radians([90.0, 90.0]), "zx") @ [1, 0, 0], [0, 0, 1],
                               atol=1e-12)  # fmt: skip


def test_root_moves_and_turns_everything(tmp_path):
    motion = moved(tmp_path, {"root": [1, 16, 2, 0, 90, 0]})
    np.testing.assert_allclose(end(motion, "root"), [1, 16, 2])
    np.testing.assert_allclose(end(motion, "lhipjoint"), [1, 16, 0], atol=1e-12)


def test_radians(tmp_path):
    skeleton = read_skeleton(write_skeleton(tmp_path / "01.asf", angle="rad"))
    path = write_motion(tmp_path / "01_01.amc", [{"ltibia": [np.pi / 2]}], keyword="RADIANS")
    motion = read_motion(path, skeleton)
    np.testing.assert_allclose(end(motion, "ltibia"), [2, -7, -6.5], atol=1e-8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no frames"),
        ("1\nroot 1 2 3\n", "root: 6 values in each of 1 frames"),
        ("1\nroot 0 0 0 0 0 0\ntail 1\n", "bone 'tail' is not in the skeleton"),
        ("1\nroot 0 0 0 0 0 0\nltibia 1\n2\nroot 0 0 0 0 0 0\n", "ltibia: 1 values in each of 2"),
        ("1\nroot 0 0 0 0 0 zero\n", "not an .amc motion"),
        ("1\nroot 0 0 0 0 0 nan\n", "not finite"),
    ],
)
def test_what_is_no_motion_is_one_line(tmp_path, text, message):
    skeleton = read_skeleton(write_skeleton(tmp_path / "01.asf"))
    (tmp_path / "01_01.amc").write_text(text)
    with pytest.raises(DiffhpeError, match=f"01_01.amc: .*{message}"):
        read_motion(tmp_path / "01_01.amc", skeleton)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (":hierarchy", ":nothing", "'hierarchy' is missing"),
        ("length 7.0", "length long", "not an .asf skeleton"),
        ("direction 0 -1 0", "direction 0 -1", "3 numbers expected"),
        ("    root lhipjoint", "    tail lhipjoint", "'tail' before its parent"),
    ],
)
def test_what_is_no_skeleton_is_one_line(tmp_path, old, new, message):
    path = write_skeleton(tmp_path / "01.asf")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DiffhpeError, match=f"01.asf: .*{message}"):
        read_skeleton(path)

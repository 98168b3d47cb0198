"""`--upright`: recordings as a level camera would have seen them."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from diffhpe_ros.formats import POSE_ROW, PoseRecording, PoseTrack
from diffhpe_ros.formats.pose_recording import joints_of
from diffhpe_ros.offline.upright import gravity_of, levelled
from diffhpe_ros.rendering.clip import walking_clip

CLIP = walking_clip()


def recording(joints: NDArray[np.float32]) -> PoseRecording:
    rows = np.zeros(len(joints), POSE_ROW)
    rows["frame"] = np.arange(len(joints))
    rows["time_s"] = rows["frame"] / CLIP.fps
    rows["root"], rows["pose"] = joints[:, 0], joints - joints[:, :1]
    return PoseRecording([PoseTrack(3, rows)], CLIP.fps)


@pytest.mark.parametrize("down", [0, 40])
def test_people_stand_upright_and_feet_are_on_one_height(tmp_path, down: float) -> None:
    turn = Rotation.from_euler("x", down, degrees=True).as_matrix().astype(np.float32)
    tilted = recording(CLIP.joints @ turn.T)
    gravity = gravity_of(tilted)
    assert gravity is not None
    (track,) = levelled(tilted, gravity, tmp_path).tracks
    joints = joints_of(np.asarray(track.rows))
    body = (joints[:, 8] - joints[:, [3, 6]].mean(1)).mean(0)
    assert -body[1] / np.linalg.norm(body) > np.cos(np.radians(2))
    lowest = joints[:, [3, 6], 1].max(1)
    assert np.ptp(lowest) < 0.15
    assert track.track_id == 3 and len(track) == len(CLIP.joints)


def test_nobody_who_walks_is_no_direction() -> None:
    assert gravity_of(recording(CLIP.joints[:1].repeat(90, 0))) is None

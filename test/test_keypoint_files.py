"""`diffhpe lift`: recorded keypoints to poses at the recording's own times."""

from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.keypoint_files import lift_track, read_track, save_track
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.rendering.clip import walking_clip

GOLDEN_MIXSTE = Path(__file__).parent / "golden" / "tiny-mixste.pt"
FPS = 30.0


@pytest.fixture
def recording() -> dict[str, object]:
    """Two seconds of the walking person, as a perfect detector would see them."""
    clip = walking_clip()
    return {
        "keypoints": clip.camera.project(clip.joints[:60]).astype(np.float32),
        "layout": "h36m17",
        "fps": FPS,
        "width": clip.camera.width,
        "height": clip.camera.height,
        "K": clip.camera.matrix,
    }


def saved(folder: Path, recording: dict[str, object], **changes: object) -> Path:
    values = {key: value for key, value in (recording | changes).items() if value is not None}
    np.savez(folder / "keypoints.npz", **values)
    return folder / "keypoints.npz"


def test_poses_come_at_the_recordings_own_times(tmp_path, recording):
    track = read_track(saved(tmp_path, recording))
    lifted = lift_track(Lifter.from_pretrained(GOLDEN_MIXSTE), track)
    assert lifted.poses.shape == (60, 17, 3) and lifted.root.shape == (60, 3)
    assert np.isfinite(lifted.poses).all()
    np.testing.assert_allclose(lifted.times_s, np.arange(60) / FPS)
    save_track(tmp_path / "out.npz", lifted)
    with np.load(tmp_path / "out.npz") as out:
        assert set(out.files) == {"poses", "root", "times_s"}


def test_shipped_model_lifts_the_walking_person(tmp_path, recording):
    """From exact 2D joints: root-relative error, distance, and correct sides."""
    track = read_track(saved(tmp_path, recording))
    lifted = lift_track(Lifter.from_pretrained("mixste"), track)
    truth = walking_clip().joints[:60]
    error = np.linalg.norm(lifted.poses - (truth - truth[:, :1]), axis=-1).mean()
    assert error < 0.09
    assert np.linalg.norm(lifted.root - truth[:, 0], axis=-1).mean() < 0.5


def test_unseen_frames_are_nan(tmp_path, recording):
    keypoints = np.array(recording["keypoints"])
    keypoints[20:30] = np.nan
    track = read_track(saved(tmp_path, recording, keypoints=keypoints))
    poses = lift_track(Lifter.from_pretrained(GOLDEN_MIXSTE), track).poses
    assert np.isnan(poses[20:30]).all()
    assert np.isfinite(poses[:20]).all() and np.isfinite(poses[30:]).all()


def test_unseen_joints_may_be_at_the_corner(tmp_path, recording):
    """COCO and OpenPose files have (0, 0) for a missing joint."""
    keypoints = np.array(recording["keypoints"])
    keypoints[:, 16] = 0
    track = read_track(saved(tmp_path, recording, keypoints=keypoints))
    assert np.isnan(track.keypoints[:, 16]).all()


@pytest.mark.parametrize("layout", [np.array(["h36m17"]), np.bytes_(b"h36m17")])
def test_layout_may_be_bytes_or_an_array_of_one(tmp_path, recording, layout):
    assert len(read_track(saved(tmp_path, recording, layout=layout)).times_s) == 60


@pytest.mark.parametrize("every", [1, 2, 4])
def test_slow_recordings_are_lifted_too(tmp_path, recording, every):
    """30, 15 and 7.5 frames per second."""
    keypoints = np.array(recording["keypoints"])[::every]
    track = read_track(saved(tmp_path, recording, keypoints=keypoints, fps=FPS / every))
    lifted = lift_track(Lifter.from_pretrained("mixste"), track)
    assert lifted.lifted_frames == len(keypoints)
    truth = walking_clip().joints[:60:every]
    error = np.linalg.norm(lifted.poses - (truth - truth[:, :1]), axis=-1).mean()
    assert error < 0.08


def test_confidence_zero_means_unseen(tmp_path, recording):
    keypoints = np.concatenate([recording["keypoints"], np.ones((60, 17, 1))], -1)
    keypoints[:, 16, 2] = 0
    track = read_track(saved(tmp_path, recording, keypoints=keypoints))
    assert np.isnan(track.keypoints[:, 16]).all()
    assert (track.confidence[:, 16] == 0).all()


def test_field_of_view_is_assumed_without_k(tmp_path, recording):
    camera = read_track(saved(tmp_path, recording, K=None)).camera
    assert not camera.calibrated
    expected = Camera.from_field_of_view(camera.width, camera.height)
    np.testing.assert_allclose(camera.matrix, expected.matrix)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layout": None}, "array 'layout' is missing"),
        ({"layout": "openpose"}, "unknown keypoint layout 'openpose'; known: h36m17, coco17"),
        ({"layout": "coco17", "keypoints": np.zeros((60, 16, 2))}, r"expects keypoints \(..., 17"),
        ({"keypoints": np.zeros((60, 17))}, r"must be numbers \(T, K, 2\)"),
        ({"keypoints": np.full((60, 17, 2), np.nan)}, "no joint is seen in any of the 60 frames"),
        ({"fps": 0}, "fps must be one positive number"),
        ({"fps": [30, 30]}, "fps must be one positive number"),
        ({"width": np.nan}, "width must be one positive number"),
        ({"K": np.zeros((3, 3))}, "focal"),
    ],
)
def test_bad_files_are_refused(tmp_path, recording, changes, message):
    with pytest.raises(DiffhpeError, match=message):
        read_track(saved(tmp_path, recording, **changes))


def test_short_recordings_are_refused(tmp_path, recording):
    track = read_track(saved(tmp_path, recording, keypoints=recording["keypoints"][:10]))
    with pytest.raises(DiffhpeError, match="at least 0.52 s"):
        lift_track(Lifter.from_pretrained(GOLDEN_MIXSTE), track)

"""Windows of recordings, for training and evaluation."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from recorded_files import walk

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.pipeline.views import PersonView, mean_ray
from diffhpe_ros.skeleton import LEFT_JOINTS, RIGHT_JOINTS
from diffhpe_ros.training.datasets.batches import WindowSource
from diffhpe_ros.training.datasets.human36m_cameras import cameras_of
from diffhpe_ros.training.datasets.recorded_windows import RecordedWindows
from diffhpe_ros.training.datasets.recordings import (
    RecordedSequence,
    evaluation_windows,
    to_root_relative,
)


def recording(frames: int, camera: str = "a") -> RecordedSequence:
    points = cameras_of("S1")[0].to_optical(walk(frames))
    poses, root = to_root_relative(points)
    return RecordedSequence(
        x_2d=CANONICAL_FOCAL * points[..., :2] / points[..., 2:],
        poses=poses, root=root, valid=np.ones(frames, np.bool_),
        subject="S1", action="Walking", sequence="Walking 1", camera=camera, rate=50.0,
    )  # fmt: skip


def numbered(frames: int, first: int, valid: list[int] | None = None) -> RecordedSequence:
    """A recording whose 2D values encode the frame's number, counted from `first`."""
    number = np.arange(first, first + frames, dtype=np.float32)
    x_2d = np.broadcast_to(number[:, None, None], (frames, 17, 2)).copy()
    is_valid = np.isin(np.arange(frames), range(frames) if valid is None else valid)
    return replace(
        recording(27),
        x_2d=x_2d, poses=np.zeros((frames, 17, 3), np.float32), root=None, valid=is_valid,
    )  # fmt: skip


def source(
    recordings: list[RecordedSequence], batch_size: int = 4, seed: int = 0
) -> RecordedWindows:
    return RecordedWindows(recordings, batch_size, seed, "screen")


def numbers(one: RecordedWindows, epoch: int = 0) -> torch.Tensor:
    """(V, 27), frames of an epoch's windows."""
    count = one.batches_per_epoch
    batches = [one.batch(index)[0] for index in range(epoch * count, (epoch + 1) * count)]
    return torch.cat(batches)[:, :, 0, 0].long()


def test_epoch_visits_each_recording_as_often_as_it_is_long():
    one = source([numbered(100, 1000), numbered(26, 2000), numbered(54, 3000)])
    assert one.batches_per_epoch == 2  # 3 + 0 + 2 windows in batches of 4
    frames = numbers(one)
    assert sorted((frames[:, 0] // 1000).tolist()) == [1, 1, 1, 3, 3]
    assert (frames.diff(dim=1) == 1).all()  # in a row


def test_starts_are_anywhere_and_new_in_each_epoch():
    one = source([numbered(60, 0)])
    starts = [numbers(one, epoch)[:, 0].tolist() for epoch in range(150)]
    assert {start for epoch in starts for start in epoch} == set(range(34))
    assert starts[0] != starts[1]


def test_batch_depends_on_the_seed_and_its_number_alone():
    recordings = [numbered(200, 0), numbered(300, 1000)]
    there: WindowSource = source(recordings, seed=1)
    back = source(recordings, seed=1)
    forwards = [there.batch(index)[0] for index in range(12)]
    for index in reversed(range(12)):
        assert torch.equal(back.batch(index)[0], forwards[index])
    assert not torch.equal(numbers(source(recordings, seed=2)), numbers(back))


def test_only_windows_of_valid_frames_are_trained_on():
    valid = [*range(30), *range(40, 100)]
    frames = torch.cat([numbers(source([numbered(100, 0, valid)]), epoch) for epoch in range(60)])
    assert len(frames) == 60 * (90 // 27)
    assert not torch.isin(frames, torch.arange(30, 40)).any()
    assert {0, 3, 40, 73} <= set(frames[:, 0].tolist())
    with pytest.raises(DiffhpeError, match="2 recordings have no 27 valid frames in a row to tr"):
        source([numbered(100, 0, valid[:26]), numbered(5, 0)])


def test_person_view_turns_2d_and_poses_alike():
    x_2d, poses = RecordedWindows([recording(80)], 2, 0, "person").batch(0)
    assert mean_ray(x_2d).abs().max() < 0.05  # on the axis
    again, _ = PersonView().to_model_view(x_2d)
    assert (again - x_2d).abs().max() < 0.05
    # The turned poses still project onto the turned 2D, with the matching root.
    rays = torch.cat([x_2d / CANONICAL_FOCAL, torch.ones_like(x_2d[..., :1])], -1)
    across = torch.linalg.cross(rays[:, :, 3], rays[:, :, 0])
    hip_to_foot = poses[:, :, 3] / poses[:, :, 3].norm(dim=-1, keepdim=True)
    assert (across / across.norm(dim=-1, keepdim=True) * hip_to_foot).sum(-1).abs().max() < 1e-3


def test_half_of_the_windows_may_be_mirrored():
    recordings = [recording(54)] * 10
    plain = RecordedWindows(recordings, 20, 0, "screen").batch(0)
    x_2d, poses = RecordedWindows(recordings, 20, 0, "screen", mirrored=True).batch(0)
    same = (poses == plain[1]).flatten(1).all(1)
    assert 4 < same.sum() < 16
    flip = torch.tensor([-1.0, 1, 1])
    left, right = list(LEFT_JOINTS), list(RIGHT_JOINTS)
    torch.testing.assert_close(poses[~same][:, :, left], plain[1][~same][:, :, right] * flip)
    torch.testing.assert_close(x_2d[~same][:, :, right], plain[0][~same][:, :, left] * flip[:2])


def test_evaluation_covers_every_frame_once_where_possible():
    windows = evaluation_windows([recording(54, "a"), recording(60, "b"), recording(20, "c")])
    assert windows.camera.tolist() == ["a"] * 2 + ["b"] * 3
    assert windows.start.tolist() == [0, 27, 0, 27, 33]
    assert set(windows.subject) == {"S1"} and set(windows.action) == {"Walking"}
    whole = recording(60, "b")
    np.testing.assert_array_equal(windows.x_2d[4], whole.x_2d[33:])
    np.testing.assert_array_equal(windows.poses[4], whole.poses[33:])
    np.testing.assert_array_equal(windows.root[4], whole.root[33:])


def test_evaluation_has_valid_frames_only():
    valid = [*range(1, 31), *range(40, 67), *range(70, 96)]
    windows = evaluation_windows([numbered(100, 0, valid)])
    assert windows.start.tolist() == [1, 4, 40]
    assert windows.root is None
    with pytest.raises(DiffhpeError, match="1 recordings have no 27 .* the most are 26"):
        evaluation_windows([numbered(100, 0, valid[-26:])])
    with pytest.raises(DiffhpeError, match="0 recordings"):
        evaluation_windows([])


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(DiffhpeError, match=r"poses must be \(30, 17, 3\), got \(29, 17, 3\)"):
        replace(recording(30), poses=recording(29).poses)
    with pytest.raises(DiffhpeError, match=r"valid must be \(30,\), got \(30, 1\)"):
        replace(recording(30), valid=np.ones((30, 1), np.bool_))
    with pytest.raises(DiffhpeError, match="unknown input view 'side'"):
        RecordedWindows([recording(30)], 1, 0, "side")

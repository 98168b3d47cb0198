"""Training windows: motion capture through virtual cameras and a detector model."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.pipeline.views import PersonView
from diffhpe_ros.skeleton import BONES, HIP, LEFT_JOINTS, RIGHT_JOINTS
from diffhpe_ros.training.datasets.batches import Batches, BatchPosition, InTurn
from diffhpe_ros.training.datasets.labelled_windows import read_windows
from diffhpe_ros.training.datasets.mocap import (
    HELD_OUT_SUBJECTS,
    VALIDATION_PEOPLE,
    MotionCapture,
    read_motion_capture_files,
)
from diffhpe_ros.training.mirroring import mirror
from diffhpe_ros.training.projection import project
from diffhpe_ros.training.runner import data
from diffhpe_ros.training.synthesis import handmade_noise, virtual_camera
from diffhpe_ros.training.synthesis.handmade_noise import HandmadeNoise
from diffhpe_ros.training.synthesis.virtual_camera_windows import (
    VirtualCameraWindows,
    calibration_people,
    validation_people,
)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def capture() -> MotionCapture:
    """A stick figure that walks along x; its left is +y."""
    from diffhpe_ros.rendering.walk import CircleWalk

    walk = CircleWalk()
    poses = [walk.pose(k / 50) for k in range(60)]
    return MotionCapture(
        positions=torch.tensor([pose.joints.tolist() for pose in poses]),
        head_forward=torch.tensor([pose.head_forward.tolist() for pose in poses]),
        starts=torch.arange(34),
        bounds=torch.tensor([[0, 59]]).expand(34, 2),
        weights=torch.ones(34),
        subjects=torch.full((34,), 5),
        frames=27,
    )


def as_captured(capture: MotionCapture, chosen: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    return capture.windows(torch.tensor(chosen), torch.ones(len(chosen)))


def seen_by_cameras(capture: MotionCapture, count: int = 500) -> torch.Tensor:
    """(count, 27, 17, 3) in the optical frames of random cameras."""
    positions, _ = as_captured(capture, [0] * count)
    return virtual_camera.to_random_cameras(positions, positions[:, 13, HIP], generator())


def test_windows_as_captured_are_those_of_the_sequence(capture):
    positions, facing = as_captured(capture, [3])
    torch.testing.assert_close(positions[0], capture.positions[3:30])
    torch.testing.assert_close(facing[0], capture.head_forward[3:30])


def test_windows_at_double_speed_skip_every_other_frame(capture):
    positions, _ = capture.windows(torch.tensor([17]), torch.tensor([2.0]))
    torch.testing.assert_close(positions[0], capture.positions[4:57:2])
    backwards, _ = capture.windows(torch.tensor([17]), torch.tensor([-2.0]))
    torch.testing.assert_close(backwards.flip(1), positions)


def test_windows_are_no_faster_than_their_sequence_allows(capture):
    positions, _ = capture.windows(torch.tensor([0, 33]), torch.tensor([2.0, -2.0]))
    torch.testing.assert_close(positions[0], capture.positions[:27])
    torch.testing.assert_close(positions[1], capture.positions[33:].flip(0))


def test_cameras_cover_the_frozen_evaluation(capture):
    """±35° off the axis and 2 to 8 m away, as in the frozen evaluation."""
    root = seen_by_cameras(capture)[:, 13, HIP]
    distance = root.norm(dim=-1)
    assert distance.min() < 2.0 and distance.max() > 8.0
    pan = torch.atan2(root[:, 0], root[:, 2])
    assert pan.min() < -math.radians(35) and pan.max() > math.radians(35)


def test_wide_cameras_look_down_from_ceilings_at_people_nearby(capture):
    positions, _ = as_captured(capture, [0] * 500)
    points = virtual_camera.to_random_cameras(
        positions, positions[:, 13, HIP], generator(), virtual_camera.WIDE
    )
    upright = torch.nn.functional.normalize(points[:, 13, 8] - points[:, 13, HIP], dim=-1)
    pitch = torch.rad2deg(torch.asin(-upright[:, 2]))  # of the camera, downwards, about
    assert pitch.max() > 45
    assert points[:, 13, HIP].norm(dim=-1).min() < 1.0
    assert points[..., 2].min() > 0.29


def test_wide_cameras_cut_people_nearby_at_the_hips(capture):
    positions, _ = as_captured(capture, [0] * 500)
    cameras = virtual_camera.WIDE
    points = virtual_camera.to_random_cameras(
        positions, positions[:, 13, HIP], generator(), cameras
    )
    beyond = virtual_camera.beyond_field(points, generator(), cameras)
    near = points[:, 13, HIP, 2] < 1.5
    feet, hips = (beyond[near][..., joint].float().mean() for joint in (3, HIP))
    assert feet > 0.5
    assert 0.1 < hips < feet
    assert beyond[points[:, 13, HIP, 2] > 6].float().mean() < 0.05


def test_wide_cameras_see_small_people():
    scales = virtual_camera.body_scales(4000, generator(), virtual_camera.WIDE)
    assert (scales < 0.88).float().mean() == pytest.approx(0.15, abs=0.02)
    assert scales.min() >= 0.68 and scales.max() <= 1.12


def test_eye_level_cameras_cut_nobody_at_their_field(capture):
    points = seen_by_cameras(capture)
    assert not virtual_camera.beyond_field(points, generator(), virtual_camera.EYE_LEVEL).any()


def test_batches_take_cameras_in_turn(capture):
    """The second batch has only wide cameras."""
    both = VirtualCameraWindows(
        capture, 8, 0, cameras=(virtual_camera.EYE_LEVEL, virtual_camera.WIDE)
    )
    wide = VirtualCameraWindows(capture, 8, 0, cameras=(virtual_camera.WIDE,))
    torch.testing.assert_close(both.batch(1), wide.batch(1))
    assert not torch.equal(both.batch(0)[0], wide.batch(0)[0])


def test_fewer_frames_a_second_show_more_of_the_motion(capture):
    """The same people, drawn with the same random numbers, at another rate."""

    def way(rate: float) -> float:
        _, poses = VirtualCameraWindows(capture, 64, 0, rate=rate).batch(0)
        return float((poses[:, 1:] - poses[:, :-1]).norm(dim=-1).mean())

    assert way(50.0) == pytest.approx(2 * way(100.0), rel=0.1)


@pytest.mark.parametrize("rates", [[], [50, 0]])
def test_rates_that_make_no_sense_are_refused(rates):
    with pytest.raises(DiffhpeError, match="data.rates is .* expected some numbers above 0"):
        data.motion_capture("a", "b", 4, 0, "cpu", "person", ["handmade"], rates=rates)


def test_sources_give_batches_in_turn(capture):
    one, other = (VirtualCameraWindows(capture, 4, seed=seed) for seed in (1, 2))
    both = InTurn([one, other])
    torch.testing.assert_close(both.batch(2), one.batch(1))
    torch.testing.assert_close(both.batch(3), other.batch(1))


def test_cameras_keep_the_body_rigid_and_upright(capture):
    seen = seen_by_cameras(capture)
    positions, _ = as_captured(capture, [0])
    for parent, child in BONES:
        expected = (positions[:, :, parent] - positions[:, :, child]).norm(dim=-1)
        found = (seen[:, :, parent] - seen[:, :, child]).norm(dim=-1)
        torch.testing.assert_close(found, expected.expand_as(found), atol=1e-5, rtol=0)
    head_over_feet = seen[:, 13, 10] - seen[:, 13, 3]
    assert (head_over_feet[:, 1] < 0).all()  # y points down


def test_projection_puts_the_axis_at_the_middle():
    points = torch.tensor([[0.0, 0.0, 4.0], [1.0, -2.0, 4.0]])
    torch.testing.assert_close(project(points), torch.tensor([[0.0, 0.0], [2.29 / 4, -2.29 / 2]]))


def test_cut_bodies_lose_one_side(capture):
    x_2d = project(seen_by_cameras(capture, 2000))
    beyond = virtual_camera.cut_by_border(x_2d, generator())
    share = beyond.flatten(1).any(1).float().mean()
    assert share == pytest.approx(virtual_camera.CUT_SHARE, abs=0.04)
    assert beyond[..., 3].sum() > 2 * beyond[..., 10].sum()  # feet more often than heads


def test_noise_has_the_stated_size(capture):
    x_2d = project(seen_by_cameras(capture, 2000))
    noise = handmade_noise.detector_noise(x_2d, generator())
    height = x_2d[..., 1].amax((1, 2)) - x_2d[..., 1].amin((1, 2))
    relative = noise / height[:, None, None, None]
    low, high = handmade_noise.NOISE_LEVEL
    assert low < relative[:, :, 3].std() < 1.2 * high
    assert relative[:, :, 13].std() > relative[:, :, 0].std()  # wrists are worse than hips


def test_detector_joints_follow_the_detectors_constructions(capture):
    positions, facing = as_captured(capture, [0, 0])
    moved = handmade_noise.detector_joints(positions, facing, torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(moved[0], positions[0])
    hip, thorax, spine = moved[1, :, 0], moved[1, :, 8], moved[1, :, 7]
    torch.testing.assert_close(spine, (hip + thorax) / 2)
    width = (positions[1, :, 1] - positions[1, :, 4]).norm(dim=-1)
    assert ((moved[1, :, 1] - moved[1, :, 4]).norm(dim=-1) < width).all()
    torch.testing.assert_close(moved[1][:, [3, 6, 13, 16]], positions[1][:, [3, 6, 13, 16]])


def test_missing_joints_are_stretches_of_frames():
    missing = handmade_noise.missing_joints((4000, 27, 17), generator())
    starts = (missing[:, 1:] & ~missing[:, :-1]).sum(1) + missing[:, 0].int()
    assert starts.max() == 1
    assert 0.0 < missing.float().mean() < 0.1


def test_windows_between_frames_are_as_exact_far_into_a_file(capture):
    """Frame numbers in single precision would be off by 1/32 frame at 365,000."""
    skipped = 400_000
    far = replace(
        capture,
        positions=torch.cat([torch.zeros(skipped, 17, 3), capture.positions]),
        head_forward=torch.cat([torch.zeros(skipped, 3), capture.head_forward]),
        starts=capture.starts + skipped,
        bounds=capture.bounds + skipped,
    )
    chosen, speed = torch.tensor([8, 20]), torch.tensor([0.613, -0.777])
    for found, expected in zip(
        far.windows(chosen, speed), capture.windows(chosen, speed), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)


def test_mirroring_exchanges_left_and_right(capture):
    positions, _ = as_captured(capture, [3])
    mirrored = mirror(positions)
    flip = torch.tensor([-1.0, 1.0, 1.0])
    left, right = list(LEFT_JOINTS), list(RIGHT_JOINTS)
    torch.testing.assert_close(mirrored[:, :, left], positions[:, :, right] * flip)
    torch.testing.assert_close(mirror(mirrored), positions)


def test_batches_are_what_the_model_sees(capture):
    x_2d, poses = VirtualCameraWindows(capture, 64, seed=0).batch(0)
    assert x_2d.shape == (64, 27, 17, 2) and poses.shape == (64, 27, 17, 3)
    assert (poses[:, :, HIP] == 0).all()
    # The person view again changes nothing: the mean hip ray is on the axis already.
    again, _ = PersonView().to_model_view(x_2d)
    whole = (x_2d != 0).any(-1).all((1, 2))
    assert whole.sum() > 30
    assert (again - x_2d)[whole].abs().max() < 0.05


def test_resumed_training_goes_on_with_the_next_batch(capture):
    source = VirtualCameraWindows(capture, 4, seed=5)
    from_start, resumed = (iter(Batches(source, lambda at=at: BatchPosition(at))) for at in (0, 2))
    next(from_start), next(from_start)
    torch.testing.assert_close(next(from_start)[0], next(resumed)[0])


def write_takes(path: Path, subjects: list[int], names: list[str], frames: int = 30) -> Path:
    """A file in which each take's hip has its subject's number as position."""
    positions = np.zeros((len(subjects) * frames, 17, 3), np.float32)
    positions[..., 0] = np.repeat(subjects, frames)[:, None]
    np.savez(
        path,
        positions=positions,
        head_forward=np.zeros((len(positions), 3), np.float16),
        offsets=np.arange(len(subjects) + 1) * frames,
        subject=np.array(subjects),
        name=np.array(names),
    )
    return path


def test_several_files_are_drawn_from_by_their_weights(tmp_path):
    often = write_takes(tmp_path / "often.npz", [60], ["cmu_060_01"])
    seldom = write_takes(tmp_path / "seldom.npz", [94], ["cmu_094_01"])
    capture = read_motion_capture_files({often: 1.0, seldom: 0.25}, lambda subject: True)
    positions, _ = capture.windows(capture.draw(1000, generator()), torch.ones(1000))
    assert 0.15 < (positions[:, 0, 0, 0] == 94).float().mean() < 0.25
    assert positions[:, :, 0, 0].std(1).max() == 0  # no window spans two files


def test_takes_much_alike_are_drawn_less_and_broken_ones_never(tmp_path):
    takes = write_takes(tmp_path / "takes.npz", [118, 5, 5], ["jump", "cmu_005_17", "dance"])
    capture = read_motion_capture_files({takes: 1.0}, lambda subject: True)
    assert capture.weights.unique().tolist() == pytest.approx([1 / 3, 1.0])
    assert capture.starts.tolist() == [*range(4), *range(60, 64)]


def test_gaps_are_refused(tmp_path):
    file = write_takes(tmp_path / "takes.npz", [5, 7], ["walk", "gap"])
    arrays = dict(np.load(file))
    arrays["positions"][35, 3] = np.nan
    np.savez(file, **arrays)
    assert read_motion_capture_files({file: 1.0}, {5}.__contains__) is not None
    with pytest.raises(DiffhpeError, match="1 frames of subject 7 have unknown positions, the fir"):
        read_motion_capture_files({file: 1.0}, lambda subject: True)


def test_weight_that_is_not_positive_is_refused(tmp_path):
    with pytest.raises(DiffhpeError, match="weight of .* is 0"):
        read_motion_capture_files(
            {write_takes(tmp_path / "a.npz", [1], ["a"]): 0}, lambda subject: True
        )


def test_people_who_validate_are_never_trained_on(mocap):
    files = dict.fromkeys(sorted(mocap.glob("*_50hz.npz")), 1.0)
    assert {2, 7, 12, 16, 39, 903, 905} == HELD_OUT_SUBJECTS
    people = read_motion_capture_files(files, VALIDATION_PEOPLE.__contains__)
    windows = validation_people(people, 100)
    assert windows.x_2d.shape == (100, 27, 17, 2)
    assert np.isfinite(windows.x_2d).all()
    made = data.motion_capture(
        {file.name: weight for file, weight in files.items()},
        "cmu_validation.npz",
        4,
        0,
        "cpu",
        "person",
        ["handmade"],
        folder=str(mocap),
    )
    assert len(made.validation) == 2 * len(read_windows(mocap / "cmu_validation.npz"))
    everything = read_motion_capture_files(files, lambda subject: True)
    held = read_motion_capture_files(files, HELD_OUT_SUBJECTS.__contains__)
    (source,) = made.source.sources
    training = source.capture
    assert len(training.starts) + len(held.starts) + len(people.starts) == len(everything.starts)


def test_windows_of_validation_people_are_the_same_every_time(capture):
    once, again = validation_people(capture, 20), validation_people(capture, 20)
    np.testing.assert_array_equal(once.x_2d, again.x_2d)
    assert np.linalg.norm(once.root, axis=-1).min() > 1.0


def test_calibration_has_as_many_windows_of_each_person(capture):
    """Subjects 13 and 902 are one person, who is 903 in the frozen evaluation."""
    who = torch.tensor([13] * 10 + [902] * 10 + [5] * 14)
    windows = calibration_people(replace(capture, subjects=who), 6)
    assert sorted(windows.subject.tolist()) == ["5"] * 6 + ["903"] * 6


def test_each_detector_sees_its_part_of_a_batch(capture):
    class Blind(HandmadeNoise):
        def errors(self, x_2d, generator):
            return torch.zeros_like(x_2d), torch.ones(x_2d.shape[:3], dtype=torch.bool)

    detectors = [HandmadeNoise(), HandmadeNoise(), Blind()]
    x_2d, _ = VirtualCameraWindows(capture, 9, seed=0, detectors=detectors).batch(0)
    assert (x_2d[6:] == 0).all()
    assert (x_2d[:6] != 0).any((1, 2, 3)).all()


def test_batch_may_be_smaller_than_the_number_of_detectors(capture):
    detectors = [HandmadeNoise(), data.DETECTORS["blazepose"](50.0), HandmadeNoise()]
    x_2d, poses = VirtualCameraWindows(capture, 2, seed=0, detectors=detectors).batch(0)
    assert x_2d.shape == (2, 27, 17, 2)
    assert poses.shape == (2, 27, 17, 3)


def test_seeds_give_other_windows(capture):
    one, other = (VirtualCameraWindows(capture, 4, seed=seed).batch(0)[0] for seed in (1, 2))
    assert (one - other).abs().max() > 0.01


def test_missing_files_are_named_with_the_way_to_make_them(mocap):
    files = {"cmu_h36m17_50hz.npz": 1.0, "cmu_amc_h36m17_50hz.npz": 1.0}
    with pytest.raises(DiffhpeError, match=r"cmu_amc.* \(1 of 2 files .*; data=cmu uses"):
        data.motion_capture(files, "cmu_validation.npz", 4, 0, "cpu", "person", ["handmade"],
                            folder=str(mocap))  # fmt: skip

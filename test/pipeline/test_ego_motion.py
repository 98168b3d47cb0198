"""People in front of a turning camera get the same results as in front of a fixed one."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from standing import standing_windows

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.pipeline.ego_motion import rotated_to_newest, turn_rays, turns_to_newest
from diffhpe_ros.pipeline.lifting_stage import LiftingStage
from diffhpe_ros.pipeline.options import OutputOptions
from diffhpe_ros.pipeline.people import LiftedPeople, PeopleWindows
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.windows import Observation, WindowBuilder

PAN, ROLL = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
FRAME_NS = 33_333_333
LAST, TURNING = 30, 45
"""Images of the walk that are lifted."""


def turns(degrees: NDArray[np.float64], axis: tuple[float, float, float]) -> NDArray[np.float64]:
    return Rotation.from_rotvec(np.radians(degrees)[:, None] * np.array(axis)).as_matrix()


def turning(windows: PeopleWindows, rotations: NDArray[np.float64]) -> PeopleWindows:
    """The windows as a camera of these orientations (27, 3, 3) sees them."""
    motion = RigidTransform(rotations[None], np.zeros((1, 27, 3)))
    back = np.swapaxes(turns_to_newest(motion), -1, -2)
    keypoints, covariance = turn_rays(windows.keypoints, windows.covariance, back)
    return replace(windows, keypoints=keypoints, covariance=covariance, motion=motion)


@pytest.mark.parametrize("axis", [PAN, ROLL])
def test_turn_of_the_camera_is_undone(axis: tuple[float, float, float]) -> None:
    still = standing_windows([3])
    moved = turning(still, turns(np.linspace(-50, 0, 27), axis))
    assert np.nanmax(np.abs(moved.keypoints - still.keypoints)) > 0.3
    found = rotated_to_newest(moved)
    np.testing.assert_allclose(found.keypoints, still.keypoints, atol=1e-5)
    np.testing.assert_allclose(found.covariance, still.covariance, rtol=1e-3, atol=1e-8)
    np.testing.assert_array_equal(found.confidence, still.confidence)


def test_covariance_turns_with_the_ray() -> None:
    rng = np.random.default_rng(0)
    covariance = np.array([[4e-4, 1e-4], [1e-4, 1e-4]])
    points = rng.multivariate_normal((0.8, -0.3), covariance, 20_000)
    rotation = turns(np.array([25.0]), PAN)[None]
    turned, _ = turn_rays(points[None, None], np.zeros((1, 1, len(points), 2, 2)), rotation)
    mean = np.array([[[[0.8, -0.3]]]])
    _, found = turn_rays(mean, covariance[None, None, None], rotation)
    np.testing.assert_allclose(found[0, 0, 0], np.cov(turned[0, 0].T), rtol=0.1)


def test_ray_behind_the_newest_camera_is_unseen() -> None:
    moved = replace(
        standing_windows([3]),
        motion=RigidTransform(turns(np.linspace(-120, 0, 27), PAN)[None], np.zeros((1, 27, 3))),
    )
    found = rotated_to_newest(moved)
    assert np.isnan(found.keypoints[0, 0]).all() and (found.confidence[0, 0] == 0).all()
    assert np.isfinite(found.keypoints[0, -1, 10]).all()


def test_windows_without_motion_stay_as_they_are() -> None:
    windows = standing_windows([3])
    assert rotated_to_newest(windows) is windows


def walk_before(
    lifter: Lifter, camera: RigidTransform, is_known: bool, lag: int = 0
) -> list[LiftedPeople]:
    """The clip's walk, lifted from a moving camera.

    Args:
        lifter: lifts the windows.
        camera: (T,) transforms from the camera at each image to the fixed camera.
        is_known: whether the lifter gets the camera's motion.
        lag: frames before the newest.
    """
    stage = LiftingStage(lifter, OutputOptions(lag=lag))
    builder, results = WindowBuilder(rate=30.0, first_rate=50.0), []
    last = len(camera.translation)
    times_ns = np.arange(last) * FRAME_NS
    for image, joints in enumerate(walking_clip().joints[:last]):
        seen = camera[image].inverse().points(joints)
        view = CANONICAL_FOCAL * seen[:, :2] / seen[:, 2:]
        unknown = np.full((17, 2, 2), np.nan)
        window = builder.add(Observation(int(times_ns[image]), view, np.ones(17), unknown))
        if window is None:
            continue
        at = (window.stamp_ns + window.offsets_ns) / FRAME_NS
        low = np.minimum(at.astype(int), last - 2)
        angles = Rotation.from_matrix(camera.rotation).as_rotvec()
        rotvec = angles[low] + (at - low)[:, None] * (angles[low + 1] - angles[low])
        place = camera.translation[low] + (at - low)[:, None] * (
            camera.translation[low + 1] - camera.translation[low]
        )
        motion = RigidTransform(Rotation.from_rotvec(rotvec).as_matrix()[None], place[None])
        windows = PeopleWindows(
            "camera", window.stamp_ns, (0,), window.offsets_ns[None], window.keypoints[None],
            window.confidence[None], window.covariance[None], motion=motion if is_known else None,
        )  # fmt: skip
        results += stage.process([windows])
    return results


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    return Lifter.from_pretrained("diffhpe-wrapper-robust", device="cpu", decode="rigid")


@pytest.mark.parametrize("lag", [0, 3])
def test_walk_before_a_turning_camera_is_that_before_a_still_one(lifter: Lifter, lag: int) -> None:
    seconds = np.arange(TURNING) * FRAME_NS / 1e9
    still = RigidTransform(np.tile(np.eye(3), (TURNING, 1, 1)), np.zeros((TURNING, 3)))
    sway = RigidTransform(turns(20 * np.sin(4 * seconds), PAN), np.zeros((TURNING, 3)))
    expected = walk_before(lifter, still, is_known=False, lag=lag)
    found, lost = (walk_before(lifter, sway, is_known, lag) for is_known in (True, False))

    def apart_mm(results: list[LiftedPeople]) -> float:
        errors = []
        # With a lag, people are not published before their windows have full length.
        for before, after in zip(expected[LAST - 16 :], results[LAST - 16 :], strict=True):
            time_s = after.stamp_ns / 1e9
            turn = turns(np.array([20 * np.sin(4 * time_s)]), PAN)[0]
            joints = RigidTransform(turn, np.zeros(3)).points(after.joints)
            pose, true = (each[0] - each[0, :1] for each in (joints, before.joints))
            errors.append(np.linalg.norm(pose - true, axis=-1).mean())
        return 1000 * float(np.mean(errors))

    assert apart_mm(found) < 10
    assert apart_mm(lost) > 25


def test_distance_follows_a_camera_that_drives(lifter: Lifter) -> None:
    """Towards the person, 2 m/s: the filter predicts it."""
    seconds = np.arange(LAST) * FRAME_NS / 1e9
    driving = RigidTransform(
        np.tile(np.eye(3), (LAST, 1, 1)), np.stack([0 * seconds, 0 * seconds, 2 * seconds], -1)
    )
    truth = walking_clip().joints[:LAST, 0, 2] - 2 * seconds
    known, unknown = (
        np.array([each.joints[0, 0, 2] for each in walk_before(lifter, driving, is_known)])
        for is_known in (True, False)
    )
    errors = [np.abs(found - truth[-len(found) :]).mean() for found in (known, unknown)]
    assert errors[0] <= errors[1] + 0.01 and errors[0] < 0.15

"""A person's state from handmade joints: metres, y down, facing the camera."""

import numpy as np
import pytest
from standing import STANDING

from diffhpe_ros.geometry.rigid_transform import RigidTransform
from diffhpe_ros.postures import GESTURES, POSTURES, UNKNOWN, PersonObserver, PersonState
from diffhpe_ros.rendering.body import turn

UP, DOWN = np.array([0.0, -1.0, 0.0]), np.array([0.0, 1.0, 0.0])
FORWARD = np.array([0.0, 0.0, -1.0])
LEFT, RIGHT = np.array([1.0, 0.0, 0.0]), np.array([-1.0, 0.0, 0.0])
PLACE = np.array([0.0, 0.0, 4.0])
FPS = 25
SURE = np.tile(0.02**2 * np.eye(3), (17, 1, 1))
THIGH, SHANK, UPPER_ARM, FOREARM = 0.45, 0.42, 0.29, 0.25
LEGS, ARMS = ((1, 2, 3), (4, 5, 6)), {"left": (11, 12, 13), "right": (14, 15, 16)}


def posed(legs=None, arms=None, lean: float = 0.0) -> np.ndarray:
    """A standing person with other directions of the limbs.

    Args:
        legs: directions of both thighs and both shanks.
        arms: by side, directions of upper arm and forearm.
        lean: degrees of the trunk forward.
    """
    joints = STANDING.astype(np.float64)
    angle = np.radians(lean)
    trunk = joints[7:]
    joints[7:] = np.column_stack(
        [trunk[:, 0], trunk[:, 1] * np.cos(angle), trunk[:, 1] * np.sin(angle) + trunk[:, 2]]
    )
    if legs is not None:
        for hip, knee, foot in LEGS:
            joints[knee] = joints[hip] + THIGH * unit(legs[0])
            joints[foot] = joints[knee] + SHANK * unit(legs[1])
    for side, (upper, lower) in (arms or {}).items():
        shoulder, elbow, wrist = ARMS[side]
        joints[elbow] = joints[shoulder] + UPPER_ARM * unit(upper)
        joints[wrist] = joints[elbow] + FOREARM * unit(lower)
    return joints + PLACE


def unit(direction) -> np.ndarray:
    return np.asarray(direction, float) / np.linalg.norm(direction)


def lying() -> np.ndarray:
    """A person who lies on the back, along the image."""
    joints = STANDING.astype(np.float64)
    turned = np.column_stack([joints[:, 1], -joints[:, 2], joints[:, 0]])
    return turned + PLACE + 0.9 * DOWN


def watch(observer: PersonObserver, poses, start_s: float = 0.0, up=UP, covariance=SURE):
    return [
        observer.update(round((start_s + frame / FPS) * 1e9), pose, covariance, up)
        for frame, pose in enumerate(poses)
    ]


def state_of(pose: np.ndarray, **others) -> PersonState:
    """The state after the person has held the pose for a second."""
    return watch(PersonObserver(), [pose] * FPS, **others)[-1]


SITTING = posed(legs=(FORWARD, DOWN))


@pytest.mark.parametrize(
    ("posture", "pose"),
    [
        ("STANDING", posed()),
        ("STANDING", posed(lean=80)),  # bows
        ("SITTING", SITTING),
        ("SITTING", posed(legs=([0, 0.3, -1], [0, 0.75, 0.66]))),  # feet under a high stool
        ("SITTING", posed(legs=([0, 0.1, -1], [0, 0.2, -1]))),  # on the floor
        ("CROUCHING", posed(legs=([0, 0, -1], [0, 0.8, 0.6]), lean=30)),
        ("KNEELING", posed(legs=(DOWN, -FORWARD))),
        ("KNEELING", posed(legs=(FORWARD + 0.3 * DOWN, -FORWARD))),  # on the heels
        ("LAYING", lying()),
    ],
)
def test_postures(posture, pose):
    """In any direction that the person faces."""
    for degrees in (0, 90, 200):
        about_y = turn(np.radians(degrees))[:, [0, 2, 1]][[0, 2, 1]]
        state = state_of((pose - PLACE) @ about_y.T)
        assert state.posture == posture, degrees
        assert sum(state.posture_probability.values()) == pytest.approx(1)
        assert state.posture_probability[posture] > 0.65


CROSSED = {
    "left": ([0.2, 1, -0.4], [-1, -0.1, -0.2]),
    "right": ([-0.2, 1, -0.4], [1, -0.1, -0.2]),
}
FACE = {
    "left": ([0.1, 0.6, -0.8], [-0.55, -0.9, 0.2]),
    "right": ([-0.1, 0.6, -0.8], [0.55, -0.9, 0.2]),
}


@pytest.mark.parametrize(
    ("gestures", "arms"),
    [
        ((), {}),
        (("LEFT_HAND_RAISED",), {"left": (LEFT, UP)}),
        (("RIGHT_HAND_RAISED",), {"right": (RIGHT, UP)}),
        (("BOTH_HANDS_RAISED",), {"left": (LEFT, UP), "right": (RIGHT, UP)}),
        (("ARMS_CROSSED",), CROSSED),
        (("HANDS_ON_FACE",), FACE),
        (("POINTING",), {"right": ([-0.5, 0, -1], [-0.5, 0, -1])}),
        ((), {"left": (LEFT, LEFT), "right": (RIGHT, RIGHT)}),  # both arms spread point nowhere
    ],
)
def test_gestures(gestures, arms):
    state = state_of(posed(arms=arms))
    assert state.gestures == gestures
    assert state.posture == "STANDING"
    assert (state.pointing is not None) == ("POINTING" in gestures)


def test_hand_that_goes_to_and_fro_waves():
    sides = np.sin(2 * np.pi * 1.5 * np.arange(2 * FPS) / FPS)
    arms = [{"right": (RIGHT, [0.6 * side, -1, 0])} for side in sides]
    states = watch(PersonObserver(), [posed(arms=each) for each in arms])
    assert "WAVING" in states[-1].gestures and "WAVING" not in states[FPS // 2].gestures
    swung_low = [posed(arms={"right": ([-0.2, 1, 0], [0.6 * side, 1, 0])}) for side in sides]
    assert watch(PersonObserver(), swung_low)[-1].gestures == ()


def test_ray_goes_from_the_nose_through_the_hand():
    pose = posed(arms={"left": ([1, 0, -1], [1, 0, -1])})
    pointing = state_of(pose).pointing
    assert pointing.side == "left"
    np.testing.assert_allclose(pointing.origin, pose[13])
    np.testing.assert_allclose(pointing.direction, unit(pose[13] - pose[9]))
    assert 2 < pointing.cone_deg < 10  # 2 cm at the ends of 70 cm
    assert state_of(pose, covariance=4 * SURE).pointing.cone_deg > 1.7 * pointing.cone_deg
    half = np.sqrt(0.5)
    quarter = RigidTransform.from_quaternion(
        np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, half, half])
    )
    moved = state_of(pose).moved(quarter).pointing
    x, y, z = pointing.direction
    np.testing.assert_allclose(moved.direction, [-y, x, z], atol=1e-9)
    np.testing.assert_allclose(moved.origin, quarter.points(pointing.origin))


def test_hand_that_moves_does_not_point():
    angles = np.linspace(0, np.pi / 2, FPS)
    arms = [{"left": ([np.cos(a), 0, -np.sin(a)],) * 2} for a in angles]
    assert watch(PersonObserver(), [posed(arms=each) for each in arms])[-1].gestures == ()


def test_without_up_only_what_needs_none_is_known():
    state = state_of(posed(arms=CROSSED), up=None)
    assert state.posture == UNKNOWN and not state.fallen
    assert np.isnan([state.posture_probability[each] for each in POSTURES]).all()
    known = {name for name in GESTURES if np.isfinite(state.gesture_probability[name])}
    assert known == {"ARMS_CROSSED", "HANDS_ON_FACE", "POINTING"}
    assert state.gestures == ("ARMS_CROSSED",)


def test_probability_is_less_the_less_the_joints_are_known():
    """A wrist 4 cm above the nose."""
    pose = posed(arms={"left": (LEFT, UP)})
    pose[13, 1] = pose[9, 1] - 0.04
    sure, unsure = (
        state_of(pose, covariance=np.tile(sd**2 * np.eye(3), (17, 1, 1))) for sd in (0.01, 0.1)
    )
    assert sure.gesture_probability["LEFT_HAND_RAISED"] > 0.97
    assert 0.5 < unsure.gesture_probability["LEFT_HAND_RAISED"] < 0.8


def test_what_trembles_on_the_edge_does_not_flicker():
    """The wrist is clearly above the nose, then a little above and below it, and then below."""
    pose = posed(arms={"left": (LEFT, UP)})
    tremble = 0.008 * np.sin(2 * np.pi * np.arange(4 * FPS) / FPS)
    above = np.concatenate([np.full(FPS, 0.1), tremble, np.full(FPS, -0.1)])
    poses = np.tile(pose, (len(above), 1, 1))
    poses[:, 13, 1] = pose[9, 1] - above
    states = watch(PersonObserver(), poses)
    raised = np.array(["LEFT_HAND_RAISED" in each.gestures for each in states])
    assert raised[: 5 * FPS].all() and not raised[-1]
    probability = np.array([each.gesture_probability["LEFT_HAND_RAISED"] for each in states])
    assert np.abs(np.diff(probability[FPS : 5 * FPS] > 0.5)).sum() > 4


def fall(seconds: float) -> list[np.ndarray]:
    """From standing to lying, then lying for three seconds."""
    standing, down = posed(), lying()
    shares = np.linspace(0, 1, round(seconds * FPS))
    return [standing + share * (down - standing) for share in shares] + [down] * (3 * FPS)


def test_who_lies_two_seconds_after_a_fall_has_fallen():
    states = watch(PersonObserver(), [posed()] * FPS + fall(0.8))
    first = next(frame for frame, each in enumerate(states) if each.posture == "LAYING")
    fallen = [frame for frame, each in enumerate(states) if each.fallen]
    assert fallen == list(range(first + 2 * FPS, len(states)))


def test_who_lies_down_slowly_or_lay_from_the_beginning_has_not_fallen():
    slow = [posed()] * FPS + [SITTING] * FPS + [posed(legs=(DOWN, -FORWARD))] * (3 * FPS)
    slow += [lying()] * (3 * FPS)
    for poses in (slow, [lying()] * (4 * FPS)):
        states = watch(PersonObserver(), poses)
        assert states[-1].posture == "LAYING" and not any(each.fallen for each in states)

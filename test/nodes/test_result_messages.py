"""The messages of `joints`, `skeletons` and `coherence`."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from standing import people_at, standing_at
from visualization_msgs.msg import Marker

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.joints import pack_joints, unpack_joints
from diffhpe_ros.nodes.messages.markers import pack_skeletons
from diffhpe_ros.nodes.messages.rotation import quaternions
from diffhpe_ros.nodes.messages.status import pack_coherence
from diffhpe_ros.pipeline.people import LiftedPeople

TRUSTED = ["", ""]


@pytest.fixture
def people() -> LiftedPeople:
    """Person 3 stands 4 m away; the position of person 7 is not known."""
    joints = np.stack([standing_at(0, 0, 4), np.full((17, 3), np.nan)]).astype(np.float32)
    covariance = np.tile(np.diag([1e-4, 4e-4, 9e-4]).astype(np.float32), (2, 17, 1, 1))
    covariance[..., 0, 1] = covariance[..., 1, 0] = 5e-5
    return people_at(
        joints,
        (3, 7),
        "cam",
        covariance=covariance,
        velocity=np.tile(np.array([0.5, 0, -1], np.float32), (2, 17, 1)),
        velocity_covariance=2 * covariance,
        confidence=np.array([[0.5] * 17, [0.9] * 2 + [0] * 15], np.float32),
        symmetry_gap=np.array([0.0123, 0.02]),
        segment_std=np.array([0.004, 0.005]),
        hypothesis_spread=np.array([0.0, 0.06]),
    )


def test_joints_have_the_people_of_known_position(people: LiftedPeople) -> None:
    message = pack_joints(people)
    names = " ".join(field.name for field in message.fields)
    assert names == (
        "x y z confidence person joint seen cov_xx cov_xy cov_xz cov_yy cov_yz cov_zz"
        " vx vy vz vcov_xx vcov_xy vcov_xz vcov_yy vcov_yz vcov_zz"
    )
    assert (message.height, message.width, message.is_dense) == (1, 17, True)
    joints = unpack_joints(message)
    assert (joints.frame_id, joints.stamp_ns, joints.track_ids) == ("cam", 1_500_000_000, (3,))
    np.testing.assert_array_equal(joints.positions, people.joints[:1])
    np.testing.assert_array_equal(joints.covariance, people.covariance[:1])
    np.testing.assert_array_equal(joints.confidence, people.confidence[:1])
    np.testing.assert_array_equal(joints.velocity, people.velocity[:1])
    np.testing.assert_array_equal(joints.velocity_covariance, people.velocity_covariance[:1])


def test_joints_say_which_were_seen(people: LiftedPeople) -> None:
    confidence = people.confidence.copy()
    confidence[0, 3] = 0
    joints = unpack_joints(pack_joints(replace(people, confidence=confidence)))
    assert np.flatnonzero(~joints.seen[0]).tolist() == [3]


def test_joints_are_where_readers_of_the_first_release_expect_them(people: LiftedPeople) -> None:
    offsets = {field.name: field.offset for field in pack_joints(people).fields}
    first = ("x", "y", "z", "confidence", "person", "joint", "cov_xx", "cov_xy", "cov_zz")
    assert [offsets[name] for name in first] == [0, 4, 8, 12, 16, 20, 24, 28, 44]


def test_joints_of_another_skeleton_are_refused(people: LiftedPeople) -> None:
    message = pack_joints(people)
    message.width = 18
    with pytest.raises(DiffhpeError, match="17 joints"):
        unpack_joints(message)


def test_skeletons_have_stable_names_and_a_lifetime(people: LiftedPeople) -> None:
    markers = pack_skeletons(people, TRUSTED, removed=[], lifetime_s=0.5, ellipsoids=True).markers
    body = [marker for marker in markers if marker.ns == "cam/person_3"]
    assert [marker.id for marker in body] == list(range(5))
    bones, joints, *_ = body
    assert (bones.type, len(bones.points)) == (Marker.LINE_LIST, 32)
    assert (joints.type, len(joints.points)) == (Marker.SPHERE_LIST, 17)
    assert joints.points[3].y == pytest.approx(0.87)
    for marker in markers:
        assert marker.action == Marker.ADD
        assert marker.lifetime.nanosec == 500_000_000
        assert marker.header.frame_id == "cam"


def test_all_ellipsoids_are_in_one_namespace(people: LiftedPeople) -> None:
    both = replace(people, joints=np.stack([standing_at(x, 0, 4) for x in (0, 1)]))
    markers = pack_skeletons(both, TRUSTED, removed=[], lifetime_s=0.5, ellipsoids=True).markers
    ids = [marker.id for marker in markers if marker.ns == "ellipsoids/cam"]
    assert ids == [*range(3 * 17, 4 * 17), *range(7 * 17, 8 * 17)]
    without = pack_skeletons(both, TRUSTED, removed=[], lifetime_s=0.5, ellipsoids=False).markers
    assert {marker.ns for marker in without} == {"cam/person_3", "cam/person_7"}


def test_warning_is_for_one_person_only(people: LiftedPeople) -> None:
    both = replace(people, joints=np.stack([standing_at(x, 0, 4) for x in (0, 1)]))
    markers = pack_skeletons(both, ["", "too bright"], [], 0.5, ellipsoids=False).markers
    labels = {marker.ns: marker.text for marker in markers if marker.text}
    assert labels["cam/person_3"] == "#3  4.0 m"
    assert labels["cam/person_7"].startswith("#7  4.1 m\ndo not trust:")


def test_message_does_not_change_when_the_next_one_is_made(people: LiftedPeople) -> None:
    message = pack_skeletons(people, TRUSTED, removed=[], lifetime_s=0.5, ellipsoids=True)
    sent = deepcopy(message)
    later = replace(people, stamp_ns=people.stamp_ns + 1, joints=people.joints + np.float32(1))
    pack_skeletons(later, ["doubt"] * 2, removed=[], lifetime_s=2.0, ellipsoids=True)
    assert message == sent


@pytest.mark.parametrize("person", [0, 5, 2**32 - 1])
def test_all_markers_of_a_removed_track_are_deleted(people: LiftedPeople, person: int) -> None:
    there = replace(people, track_ids=(person, 7))
    drawn = pack_skeletons(there, TRUSTED, removed=[], lifetime_s=0.5, ellipsoids=True).markers
    nobody = replace(there, joints=there.joints * np.nan)
    markers = pack_skeletons(nobody, TRUSTED, [person], lifetime_s=0.5, ellipsoids=False).markers
    assert {marker.action for marker in markers} == {Marker.DELETE}
    deleted = [(marker.ns, marker.id) for marker in markers]
    assert sorted(deleted) == sorted((marker.ns, marker.id) for marker in drawn)


def ellipsoids_of(people: LiftedPeople) -> list[Marker]:
    markers = pack_skeletons(people, TRUSTED, [], 0.5, ellipsoids=True).markers
    return [marker for marker in markers if marker.ns == "ellipsoids/cam"]


def test_ellipsoids_are_one_sigma_along_the_axes_of_the_covariance(people: LiftedPeople) -> None:
    marker = ellipsoids_of(people)[16]
    turn, size = marker.pose.orientation, marker.scale
    x, y, z, w = turn.x, turn.y, turn.z, turn.w
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    sigma = np.diag([size.x / 2, size.y / 2, size.z / 2])
    np.testing.assert_allclose(
        rotation @ sigma**2 @ rotation.T, people.covariance[0, 16], rtol=1e-4, atol=1e-9
    )


def test_ellipsoid_of_the_hip_is_larger_than_the_bones(people: LiftedPeople) -> None:
    covariance = np.tile(np.diag([1e-4, 1e-4, 0.04]), (2, 17, 1, 1)).astype(np.float32)
    bones = pack_skeletons(people, TRUSTED, [], 0.5, ellipsoids=False).markers[0]
    hip, knee = ellipsoids_of(replace(people, covariance=covariance))[:3:2]
    sizes = sorted([hip.scale.x, hip.scale.y, hip.scale.z])
    assert sizes[0] > bones.scale.x
    assert sizes[2] == pytest.approx(0.4)  # one sigma, 0.2 m, to either side
    assert hip.color.a > knee.color.a


def test_quaternions_of_mirrored_axes_are_unit() -> None:
    axes = np.linalg.eigh(np.random.default_rng(0).normal(size=(50, 3, 3)))[1]
    axes[:25, :, 0] *= -1
    np.testing.assert_allclose(np.linalg.norm(quaternions(axes), axis=-1), 1)


def test_joint_of_unknown_covariance_is_drawn(people: LiftedPeople) -> None:
    unknown = replace(people, covariance=people.covariance * np.nan)
    marker = ellipsoids_of(unknown)[-1]
    assert 0 < marker.scale.x <= 0.002


def test_coherence_values_are_numbers_as_text(people: LiftedPeople) -> None:
    message = pack_coherence(people, ["", "where the person is"], "mixste")
    first, second = message.status
    assert (first.name, first.hardware_id, first.level) == (
        "cam/person_3", "mixste", DiagnosticStatus.OK,
    )  # fmt: skip
    assert {pair.key: float(pair.value) for pair in first.values} == {
        "symmetry_gap_mm": 12.3,
        "segment_std_mm": 4.0,
        "hypothesis_spread_mm": 0.0,
        "visible_joints": 17,
    }
    assert second.level == DiagnosticStatus.WARN
    assert "where the person is" in second.message

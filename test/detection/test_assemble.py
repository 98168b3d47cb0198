import numpy as np

from diffhpe_ros.detection.assemble import Joints, to_people

HIP, RIGHT_HIP, LEFT_HIP, RIGHT_WRIST, SPINE, THORAX = 0, 1, 4, 16, 7, 8


def person(**changes: np.ndarray) -> Joints:
    """COCO joints along a diagonal, all with full confidence, each with a covariance of 4 px^2."""
    arrays = {
        "keypoints": np.arange(17)[:, None] * [2.0, 4.0] + 10,
        "confidence": np.full(17, 0.9),
        "covariance": np.tile(4 * np.eye(2), (17, 1, 1)),
    }
    return Joints(**{**arrays, **changes})


def test_joints_are_mapped_and_derived_ones_are_less_uncertain():
    people = to_people([person()], "coco17", 640, 480, 0.3)
    np.testing.assert_allclose(people.keypoints[0, HIP], np.array([33, 56]))  # mid of 11 and 12
    np.testing.assert_allclose(people.covariance[0, RIGHT_HIP], 4 * np.eye(2))
    np.testing.assert_allclose(people.covariance[0, HIP], 2 * np.eye(2))
    np.testing.assert_allclose(people.covariance[0, SPINE], np.eye(2))  # four joints' mean


def test_unsure_joint_is_unseen_and_with_it_what_is_derived_from_it():
    confidence = np.full(17, 0.9)
    confidence[12] = 0.2  # the right hip
    people = to_people([person(confidence=confidence)], "coco17", 640, 480, 0.3)
    unseen = np.isnan(people.keypoints[0]).all(-1)
    assert np.flatnonzero(unseen).tolist() == [HIP, RIGHT_HIP, SPINE]
    assert (people.confidence[0][unseen] == 0).all()
    assert np.isnan(people.covariance[0][unseen]).all()


def test_joint_outside_of_the_image_is_unseen_however_sure():
    keypoints = person().keypoints.copy()
    keypoints[10] = (640.0, 100.0)  # the right wrist, one pixel too far right
    people = to_people([person(keypoints=keypoints)], "coco17", 640, 480, 0.0)
    assert np.isnan(people.keypoints[0, RIGHT_WRIST]).all()
    assert np.isfinite(people.keypoints[0, :RIGHT_WRIST]).all()


def test_keypoints_need_no_covariance():
    people = to_people([person(covariance=np.full((17, 2, 2), np.nan))], "coco17", 640, 480, 0.3)
    assert np.isfinite(people.keypoints).all()
    assert np.isnan(people.covariance).all()


def test_person_of_whom_nothing_is_seen_is_nobody():
    ghost = person(confidence=np.full(17, 0.1))
    assert len(to_people([ghost, person()], "coco17", 640, 480, 0.3)) == 1
    assert len(to_people([ghost], "coco17", 640, 480, 0.3)) == 0
    assert len(to_people([], "coco17", 640, 480, 0.3)) == 0

"""BlazePose with its real networks on real clips."""

import numpy as np
import pytest

from diffhpe_ros.detection import create_detector
from diffhpe_ros.errors import DiffhpeError

LEGS = [2, 3, 5, 6]
# Results of mediapipe 0.10.21 itself (static_image_mode, model_complexity=1).
MEDIAPIPE = {  # (camera, frame): x, y of the 17 joints in px
    (0, 0): [
        (417.8, 734.6), (376.7, 730.0), (366.8, 906.5), (330.0, 1012.9), (458.8, 739.3),
        (453.8, 917.3), (417.3, 1084.8), (430.4, 618.5), (443.1, 502.3), (509.3, 444.1),
        (507.5, 425.5), (515.8, 512.6), (531.5, 624.3), (545.7, 728.2), (370.4, 492.0),
        (295.5, 604.7), (265.8, 732.0),
    ],
    (2, 11): [
        (610.3, 890.3), (651.1, 885.9), (653.5, 1076.0), (709.6, 1260.8), (569.5, 894.7),
        (522.0, 1033.5), (550.4, 1194.7), (598.8, 758.5), (587.3, 626.6), (500.1, 537.2),
        (500.5, 520.1), (512.6, 646.9), (495.1, 812.7), (459.5, 953.3), (661.9, 606.3),
        (739.4, 695.1), (673.0, 742.8),
    ],
}  # fmt: skip


@pytest.fixture
def detector(networks):
    return create_detector("blazepose")


def run(detector, frames):
    """Keypoints (frames, 17, 2), confidence (frames, 17), covariance of the one person."""
    people = [detector.detect(frame) for frame in frames]
    assert [len(one) for one in people] == [1] * len(frames)
    return (
        np.concatenate([one.keypoints for one in people]),
        np.concatenate([one.confidence for one in people]),
        np.concatenate([one.covariance for one in people]),
    )


@pytest.mark.parametrize(("camera", "frame"), MEDIAPIPE)
def test_single_frames_are_as_in_mediapipe(networks, view, camera, frame):
    people = create_detector("blazepose", min_confidence=0.0).detect(view(camera).frames[frame])
    distance = np.linalg.norm(people.keypoints[0] - MEDIAPIPE[camera, frame], axis=-1)
    assert np.median(distance) < 1.5
    assert distance.max() < 5


@pytest.mark.parametrize("camera", range(4))
def test_joints_land_on_the_person_in_a_video(detector, view, camera):
    keypoints, _, _ = run(detector, view(camera).frames)
    error = view(camera).error(keypoints)
    assert np.nanmedian(error) < 0.035
    per_joint = [np.median(one[np.isfinite(one)]) for one in error.T if np.isfinite(one).any()]
    assert len(per_joint) >= 16  # a wrist is behind the body in one view
    assert max(per_joint) < 0.08


def test_left_is_left_for_a_person_seen_from_the_front_and_from_behind(detector, view):
    for camera in (1, 2):
        detector.reset()
        keypoints, _, _ = run(detector, view(camera).frames[:4])
        shoulders = keypoints[:, 11] - keypoints[:, 14]
        truth = view(camera).joints[:4, 11] - view(camera).joints[:4, 14]
        assert ((shoulders * truth).sum(-1) > 0).all()


def test_spread_of_the_heat_maps_is_the_size_of_the_errors(detector, view):
    ratios = []
    for camera in range(4):
        keypoints, _, covariance = run(detector, view(camera).frames)
        offset = keypoints - view(camera).joints
        known = np.isfinite(covariance).all((-1, -2))
        inverse = np.linalg.inv(covariance[known])
        ratios.append(np.einsum("ni,nij,nj->n", offset[known], inverse, offset[known]) / 2)
        assert known[np.isfinite(keypoints).all(-1)].mean() > 0.95
    assert 0.2 < np.median(np.concatenate(ratios)) < 1.4  # 0.69 for a perfect Gaussian


def test_whole_person_is_seen_whole(detector, view):
    _, confidence, _ = run(detector, view(0).frames)
    assert (confidence >= 0.5).mean() > 0.97


def test_legs_below_the_image_are_unseen(detector, view):
    frames = [frame[: int(view(0).joints[0, 0, 1]) + 90] for frame in view(0).frames]
    keypoints, confidence, covariance = run(detector, frames)
    unseen = np.isnan(keypoints[:, LEGS]).all(-1)
    assert unseen.mean() > 0.8
    assert (confidence[:, LEGS][unseen] == 0).all()
    assert np.isnan(covariance[:, LEGS][unseen]).all()
    assert np.isfinite(keypoints[:, [8, 11, 14]]).mean() > 0.9  # the shoulders are still there


def test_min_confidence_decides_what_is_seen(networks, view):
    frames = view(2).frames  # in this view the body hides the right knee
    seen = {}
    for limit in (0.0, 0.5, 0.99):
        keypoints, confidence, _ = run(create_detector("blazepose", min_confidence=limit), frames)
        seen[limit] = np.isfinite(keypoints).all(-1).mean()
        assert (confidence[confidence > 0] >= limit).all()
    assert seen[0.0] == 1
    assert seen[0.0] > seen[0.5] > seen[0.99]


def test_video_and_single_frames_agree(networks, view):
    video, single = create_detector("blazepose"), create_detector("blazepose")
    keypoints, _, _ = run(video, view(1).frames)
    for frame, expected in zip(view(1).frames, keypoints, strict=True):
        single.reset()
        people = single.detect(frame)
        distance = np.linalg.norm(people.keypoints[0] - expected, axis=-1) / view(1).height
        assert np.nanmedian(distance) < 0.02


def test_reset_makes_the_detector_like_new(networks, view):
    used, new = create_detector("blazepose"), create_detector("blazepose")
    used.detect(view(0).frames[0])
    used.reset()
    expected = new.detect(view(1).frames[0])
    np.testing.assert_array_equal(used.detect(view(1).frames[0]).keypoints, expected.keypoints)


def test_another_image_size_is_another_video(detector, view):
    detector.detect(view(0).frames[0])
    half = np.ascontiguousarray(view(0).frames[0][::2, ::2])
    people = detector.detect(half)
    error = np.linalg.norm(people.keypoints[0] * 2 - view(0).joints[0], axis=-1)
    assert np.nanmedian(error) / view(0).height < 0.04


def test_person_who_leaves_is_gone_and_a_new_one_is_found(detector, view):
    frame = view(0).frames[0]
    assert len(detector.detect(frame)) == 1
    for _ in range(3):
        assert len(detector.detect(np.zeros_like(frame))) == 0
    assert len(detector.detect(frame)) == 1


def test_detector_stays_with_the_person_it_follows(detector, view):
    frame = view(0).frames[0]
    empty, twins = np.full_like(frame, 90), np.concatenate([frame, frame], axis=1)
    for start, left in (([frame, empty], True), ([empty, frame], False)):
        detector.reset()
        detector.detect(np.concatenate(start, axis=1))
        for _ in range(3):
            people = detector.detect(twins)
            assert (np.nanmean(people.keypoints[0, :, 0]) < frame.shape[1]) == left


def test_person_who_jumps_out_of_the_region_is_found_in_the_same_frame(detector, view):
    frame = view(0).frames[0]
    empty = np.full_like(frame, 90)
    left = np.concatenate([frame, empty], axis=1)
    right = np.concatenate([empty, frame], axis=1)
    detector.detect(left)
    people = detector.detect(right)
    assert len(people) == 1
    assert np.nanmean(people.keypoints[0, :, 0]) > frame.shape[1]


def test_two_people_are_followed_and_found_again_after_a_cut(networks, view):
    frame = view(0).frames[0]
    empty, twins = np.full_like(frame, 90), np.concatenate([frame, frame], axis=1)
    detector = create_detector("blazepose", max_people=4)
    counts = []
    for image in [twins] * 12 + [np.concatenate([frame, empty], axis=1)] * 2 + [twins] * 8:
        people = detector.detect(image)
        left = np.nanmean(people.keypoints[..., 0], axis=-1) < frame.shape[1]
        counts.append((int(left.sum()), int((~left).sum())))
    assert (1, 1) in counts[:11]
    assert counts[11:14] == [(1, 1), (1, 0), (1, 0)]
    assert counts[-1] == (1, 1)


def test_man_far_away_and_a_woman_who_passes_are_both_found(networks, two_people):
    detector = create_detector("blazepose", max_people=4, search_every=1)
    for frame in two_people:
        people = detector.detect(frame)
    assert len(people) == 2
    height, width = two_people[0].shape[:2]
    man, woman = sorted(np.nanmean(people.keypoints, axis=1).tolist())
    assert man[0] < 0.45 * width < 0.6 * width < woman[0]
    assert man[1] < height / 2 < woman[1]


@pytest.mark.parametrize("option", ["max_people", "search_every"])
def test_counts_below_one_are_refused(networks, option):
    with pytest.raises(DiffhpeError, match=f"{option} must be a whole number of at least 1, got 0"):
        create_detector("blazepose", **{option: 0})


@pytest.mark.parametrize("shape", [(480, 640, 3), (1, 1, 3), (1, 2000, 3), (3000, 2, 3)])
def test_empty_image_of_any_shape_has_nobody(detector, shape):
    for value in (0, 128, 255):
        assert len(detector.detect(np.full(shape, value, np.uint8))) == 0


def test_noise_is_nobody(detector):
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    assert len(detector.detect(noise)) == 0


def test_images_may_be_views_and_read_only(detector, view):
    frame = view(0).frames[0]
    expected = detector.detect(frame).keypoints
    detector.reset()
    rgb = np.ascontiguousarray(frame[..., ::-1])
    rgb.flags.writeable = False
    np.testing.assert_array_equal(detector.detect(rgb[..., ::-1]).keypoints, expected)


def test_arrays_that_are_no_image_are_refused(detector):
    with pytest.raises(DiffhpeError, match=r"got shape \(480, 640\) uint8"):
        detector.detect(np.zeros((480, 640), np.uint8))


def test_detector_has_a_name_and_a_device(networks):
    detector = create_detector("blazepose", runtime="litert")
    assert (detector.name, detector.device) == ("blazepose", "cpu (LiteRT)")

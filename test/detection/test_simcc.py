"""SimCC with handmade models of known output, since no released weights are available."""

import numpy as np
import pytest
from onnx_writer import write_constant_model, write_red_spot_simcc

from diffhpe_ros.detection import create_detector
from diffhpe_ros.detection.onnx.simcc import SimCC, decode
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import OnnxModel

BOXES = np.array([[100, 100, 200, 300], [300, 50, 400, 350]], np.float32)


def spots() -> np.ndarray:
    """A red spot in each box, and a blue one that looks red if colours are mixed up."""
    image = np.zeros((400, 500, 3), np.uint8)
    image[178:183, 128:133] = (0, 0, 255)
    image[100:105, 350:355] = (0, 0, 255)
    image[250:255, 150:155] = (255, 0, 0)
    return image


def gaussian(mean: float, sd: float, bins: int) -> np.ndarray:
    """Logits whose softmax, at RTMPose's sharpness of 10, is a Gaussian."""
    return 1 - ((np.arange(bins) - mean) / sd) ** 2 / 20


def test_joint_is_at_the_peaks_with_the_lesser_as_its_score():
    x, y = np.zeros((1, 2, 384)), np.zeros((1, 2, 512))
    x[0, 0, 101], y[0, 0, 300] = 0.9, 0.6
    x[0, 1, 7], y[0, 1, 9] = 0.4, 0.8
    points, score, _ = decode(x, y, 2)
    np.testing.assert_allclose(points[0], [[50.5, 150], [3.5, 4.5]])
    np.testing.assert_allclose(score[0], [0.6, 0.4])


def test_covariance_is_the_spread_of_the_distributions():
    x, y = gaussian(200, 6, 384), gaussian(300, 10, 512)
    _, _, covariance = decode(x, y, 2)
    np.testing.assert_allclose(covariance, np.diag([3**2, 5**2]), rtol=0.05)


def test_second_peak_widens_the_spread_and_a_flat_background_does_not():
    peak, background = np.zeros(384), np.zeros(384)
    peak[100] = background[100] = 1
    background += 0.05
    background[100] = 1
    two = peak.copy()
    two[120] = 0.9
    spread = [decode(axis, axis, 2)[2][0, 0] for axis in (peak, background, two)]
    assert spread[0] == spread[1] == 0
    weight = np.exp(-1) / (1 + np.exp(-1))  # softmax(10 · 0.9) beside softmax(10 · 1)
    assert np.isclose(spread[2], weight * (1 - weight) * 10**2)


@pytest.mark.parametrize("batch", ["batch", 1])
def test_joints_land_on_the_spot_of_their_own_box(tmp_path, batch):
    model = OnnxModel(write_red_spot_simcc(tmp_path / "m.onnx", batch=batch))
    assert SimCC.fits(model)
    track_ids = SimCC(model).estimate(spots(), BOXES)
    for person, expected in zip(track_ids, [(130, 180), (352, 102)], strict=True):
        np.testing.assert_allclose(person.keypoints, np.tile(expected, (17, 1)), atol=3)
        assert (person.confidence > 2).all()  # red, normalised as RTMPose expects


def test_halpe_models_are_known_and_others_are_not(tmp_path):
    assert SimCC(OnnxModel(write_red_spot_simcc(tmp_path / "h.onnx", 26))).layout == "halpe26"
    with pytest.raises(DiffhpeError, match=r"gives 133 joints; expected 17 \(coco17\) or 26"):
        SimCC(OnnxModel(write_red_spot_simcc(tmp_path / "w.onnx", 133)))


def test_outputs_that_do_not_fit_the_input_are_refused(tmp_path):
    outputs = {"simcc_x": np.zeros((1, 17, 384), "f4"), "simcc_y": np.zeros((1, 17, 500), "f4")}
    model = OnnxModel(write_constant_model(tmp_path / "m.onnx", (1, 3, 256, 192), outputs))
    with pytest.raises(DiffhpeError, match="do not fit its input of 192x256"):
        SimCC(model)


def test_whole_way_from_boxes_to_people(tmp_path):
    # The person model gets the 500x400 image scaled to 320x256.
    dets = np.concatenate([BOXES * 0.64, [[0.9], [0.8]]], axis=1)[None].astype(np.float32)
    labels = np.zeros((1, 2), np.int64)
    person = write_constant_model(
        tmp_path / "person.onnx", (1, 3, 320, 320), {"dets": dets, "labels": labels}
    )
    pose = write_red_spot_simcc(tmp_path / "pose.onnx")
    detector = create_detector("onnx", person_model=person, pose_model=pose)
    people = detector.detect(spots())
    assert len(people) == 2
    np.testing.assert_allclose(people.keypoints[:, 16], [[130, 180], [352, 102]], atol=3)
    np.testing.assert_array_equal(people.confidence, 1)
    assert np.isfinite(people.covariance).all()
    one = create_detector("onnx", person_model=person, pose_model=pose, max_people=1)
    assert len(one.detect(spots())) == 1
    # Without red, all peaks are below 0, so no joint and no person is detected.
    assert len(detector.detect(np.zeros((400, 500, 3), np.uint8))) == 0

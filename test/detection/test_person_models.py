import numpy as np
import pytest
from onnx_writer import write_constant_model

from diffhpe_ros.detection.onnx.person_models import PersonModel, suppress
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import OnnxModel

# An input of 64 x 64 has 8x8, 4x4 and 2x2 cells of 8, 16 and 32 pixels.
CELLS = 64 + 16 + 4


@pytest.fixture
def make(tmp_path):
    def make(outputs, threshold=0.4, kind=None):
        path = write_constant_model(tmp_path / "person.onnx", (1, 3, 64, 64), outputs)
        return PersonModel(OnnxModel(path), threshold, kind)

    return make


def yolox_cell(index: int, cx: float, cy: float, w: float, h: float, scores: list) -> np.ndarray:
    cells = np.zeros((1, CELLS, 7), np.float32)
    cells[0, index] = [cx, cy, np.log(w), np.log(h), *scores]
    return cells


def test_cell_of_a_yolox_is_a_box_in_pixels_of_the_image(make):
    # Cell x=3, y=2 of the 16 px layer, half a cell further: centre (56, 40) of the letterbox.
    model = make({"output": yolox_cell(64 + 2 * 4 + 3, 0.5, 0.5, 0.5, 2, [0.9, 0.8, 0.1])})
    assert model.kind == "yolox"
    boxes, scores = model.find(np.zeros((128, 128, 3), np.uint8))  # twice the letterbox
    np.testing.assert_allclose(boxes, [[104, 48, 120, 112]], rtol=1e-5)
    np.testing.assert_allclose(scores, [0.72], rtol=1e-5)


def test_yolox_with_its_decoding_inside_gives_the_same_box(make):
    cells = np.zeros((1, CELLS, 7), np.float32)
    cells[0, 70] = [56, 40, 8, 32, 0.9, 0.8, 0.1]  # in letterbox pixels
    boxes, scores = make({"output": cells}).find(np.zeros((128, 128, 3), np.uint8))
    np.testing.assert_allclose(boxes, [[104, 48, 120, 112]], rtol=1e-5)
    np.testing.assert_allclose(scores, [0.72], rtol=1e-5)


def test_other_classes_are_no_people(make):
    model = make({"output": yolox_cell(70, 0.5, 0.5, 1, 1, [0.9, 0.1, 0.9])})
    assert len(model.find(np.zeros((64, 64, 3), np.uint8))[0]) == 0


def test_detections_with_labels_are_an_rtmdet(make):
    dets = [[1, 2, 21, 42, 0.5], [5, 5, 30, 60, 0.9], [5, 5, 30, 60, 0.95], [9, 9, 12, 12, 0.1]]
    labels = [[0, 0, 7, 0]]  # the third is not a person, the last has too low a score
    model = make({"dets": np.array([dets], np.float32), "labels": np.array(labels)})
    assert model.kind == "rtmdet"
    boxes, scores = model.find(np.zeros((64, 64, 3), np.uint8))
    np.testing.assert_allclose(boxes, [[5, 5, 30, 60], [1, 2, 21, 42]])
    np.testing.assert_allclose(scores, [0.9, 0.5])


def test_boxes_end_at_the_image(make):
    dets = np.array([[[-9, -9, 99, 99, 0.9], [40, 40, 60, 60, 0.9]]], np.float32)
    model = make({"dets": dets, "labels": np.zeros((1, 2), np.int64)})
    boxes, _ = model.find(np.zeros((32, 64, 3), np.uint8))  # the second box is below the image
    np.testing.assert_allclose(boxes, [[0, 0, 64, 32]])


def test_only_an_rtmdet_is_fed_normalised_colours(make):
    outputs = {"dets": np.zeros((1, 0, 5), np.float32), "labels": np.zeros((1, 0), np.int64)}
    white = np.full((64, 32, 3), 255, np.uint8)
    raw, _ = make(outputs, kind="yolox").letterbox(white)
    normalised, _ = make(outputs).letterbox(white)
    assert raw[:, 0, 0].tolist() == [255] * 3
    assert raw[:, 0, 63].tolist() == [114] * 3  # the padding
    np.testing.assert_allclose(normalised[:, 0, 0], [2.64, 2.4286, 2.2489], atol=1e-3)


@pytest.mark.parametrize("outputs", [{"a": (1, 5, 85)}, {"a": (1, CELLS, 4)}, {"a": (1, 1, 17, 3)}])
def test_model_of_no_known_kind_is_described(make, outputs):
    arrays = {name: np.zeros(shape, np.float32) for name, shape in outputs.items()}
    with pytest.raises(DiffhpeError, match=r"neither a YOLOX.* nor an RTMDet.*input 1x3x64x64"):
        make(arrays)


def test_unknown_kind_is_answered_with_the_known_ones(make):
    with pytest.raises(DiffhpeError, match="yolox or rtmdet, got 'ssd'"):
        make({"output": np.zeros((1, CELLS, 7), np.float32)}, kind="ssd")


def test_overlapping_boxes_leave_the_surest():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [0, 0, 10, 5]])
    # The last overlaps the first by half: more than 0.45.
    assert suppress(boxes, np.array([0.6, 0.8, 0.7, 0.5])).tolist() == [1, 2, 3]
    assert suppress(boxes, np.array([0.9, 0.8, 0.7, 0.5])).tolist() == [0, 2]
    assert suppress(np.empty((0, 4)), np.empty(0)).tolist() == []

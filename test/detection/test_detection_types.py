import numpy as np
import pytest

from diffhpe_ros.detection import People, create_detector
from diffhpe_ros.detection.types import check_image, check_options
from diffhpe_ros.errors import DiffhpeError


def test_empty_people_have_length_zero_and_full_shapes():
    people = People.empty()
    assert len(people) == 0
    assert people.keypoints.shape == (0, 17, 2)
    assert people.covariance.shape == (0, 17, 2, 2)


def test_people_refuse_arrays_that_do_not_fit():
    with pytest.raises(DiffhpeError, match=r"got \(2, 17, 2\), \(1, 17\)"):
        People(np.zeros((2, 17, 2)), np.zeros((1, 17)), np.zeros((2, 17, 2, 2)))


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (np.zeros((4, 4), np.uint8), r"\(4, 4\) uint8"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\) uint8"),
        (np.zeros((4, 4, 3), np.float32), "float32"),
        (np.zeros((0, 4, 3), np.uint8), r"\(0, 4, 3\)"),
        ([[[0, 0, 0]]], "list"),
        (None, "NoneType"),
    ],
)
def test_image_that_is_none_is_named(image, found):
    with pytest.raises(DiffhpeError, match=f"got.*{found}"):
        check_image(image)


def test_options_out_of_range_are_named():
    with pytest.raises(DiffhpeError, match="threads must be a whole number of at least 1, got 0"):
        check_options(0)
    with pytest.raises(DiffhpeError, match=r"min_confidence must be a number in 0\.\.1, got 1\.5"):
        check_options(1, min_confidence=1.5)


def test_unknown_detectors_and_options_are_answered_with_the_known_ones():
    with pytest.raises(DiffhpeError, match="unknown detector 'openpose'; known: blazepose, onnx"):
        create_detector("openpose")
    with pytest.raises(DiffhpeError, match="no option thread; it has threads, detection_threshold"):
        create_detector("blazepose", thread=2)
    with pytest.raises(DiffhpeError, match="needs the option pose_model"):
        create_detector("onnx", person_model="person.onnx")

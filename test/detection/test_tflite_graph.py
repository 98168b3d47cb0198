"""Pruned networks are bit-identical to the complete ones."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import Model

from diffhpe_ros.detection.blazepose.tflite_graph import keep_outputs
from diffhpe_ros.detection.weights import blazepose_weights

HEATMAPS, SCORE = (1, 64, 64, 39), (1, 1)


@pytest.fixture(scope="module")
def landmarks() -> bytes:
    return blazepose_weights()[1]


def run(model: bytes) -> dict[tuple[int, ...], np.ndarray]:
    """All outputs on one image of noise, by their shapes."""
    network = Interpreter(model_content=model, num_threads=1)
    network.allocate_tensors()
    (image,) = network.get_input_details()
    noise = np.random.default_rng(0).random(image["shape"]).astype(np.float32)
    network.set_tensor(image["index"], noise)
    network.invoke()
    outputs = network.get_output_details()
    return {tuple(map(int, each["shape"])): network.get_tensor(each["index"]) for each in outputs}


def operators(model: bytes) -> int:
    return int(Model.GetRootAs(model, 0).Subgraphs(0).OperatorsLength())


@pytest.mark.parametrize("kept", [{HEATMAPS}, {HEATMAPS, SCORE}, {SCORE}])
def test_outputs_that_are_kept_are_the_same(landmarks: bytes, kept) -> None:
    whole, pruned = run(landmarks), run(keep_outputs(landmarks, kept))
    assert pruned.keys() == kept < whole.keys()
    for shape, values in pruned.items():
        np.testing.assert_array_equal(values, whole[shape])


def test_layers_that_nobody_needs_are_left_out(landmarks: bytes) -> None:
    assert operators(keep_outputs(landmarks, {SCORE})) < operators(landmarks)

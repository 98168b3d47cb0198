"""Converted networks give the same as LiteRT, on real images and on noise."""

import cv2
import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema

from diffhpe_ros.detection.blazepose.landmarks import LANDMARK_OUTPUTS
from diffhpe_ros.detection.blazepose.litert import LiteRTNetwork
from diffhpe_ros.detection.blazepose.onnx_network import OnnxNetwork
from diffhpe_ros.detection.blazepose.regions import REGION_OUTPUTS
from diffhpe_ros.detection.blazepose.tflite_constants import fold_constants
from diffhpe_ros.detection.blazepose.tflite_graph import keep_outputs
from diffhpe_ros.detection.blazepose.tflite_onnx import tflite_to_onnx
from diffhpe_ros.errors import DiffhpeError

CPU = ("CPUExecutionProvider",)
WORLD = (1, 117)


@pytest.fixture(params=["regions", "landmarks"])
def both(request, networks, tmp_path) -> tuple[LiteRTNetwork, OnnxNetwork]:
    """A network on LiteRT, and its conversion on onnxruntime."""
    outputs = {"regions": REGION_OUTPUTS, "landmarks": (*LANDMARK_OUTPUTS, WORLD)}[request.param]
    model = networks[request.param == "landmarks"]
    path = tmp_path / "network.onnx"
    path.write_bytes(tflite_to_onnx(keep_outputs(model, outputs)))
    return LiteRTNetwork(model, 1, outputs), OnnxNetwork(path, 1, CPU)


def assert_same(
    both: tuple[LiteRTNetwork, OnnxNetwork], images: np.ndarray, tolerance: float = 1e-4
) -> None:
    litert, converted = ([network(image) for image in images] for network in both)
    assert converted[0].keys() == litert[0].keys()
    for shape in litert[0]:
        expected = np.stack([outputs[shape] for outputs in litert])
        found = np.stack([outputs[shape] for outputs in converted])
        scale = 1.0 if shape == (1, 1) else np.ptp(expected)  # the score is a probability
        assert np.abs(found - expected).max() < tolerance * scale


def test_outputs_on_real_images_are_the_same(both, view):
    side = both[0].input_size
    frames = [view(camera).frames[0] for camera in range(4)]
    whole = [cv2.resize(frame, (side, side))[..., ::-1] / np.float32(255) for frame in frames]
    assert_same(both, np.stack(whole))


def test_outputs_on_random_patches_are_the_same(both):
    side = both[0].input_size
    patches = np.random.default_rng(0).random((4, 14, 14, 3), np.float32)
    images = [cv2.resize(each, (side, side), interpolation=cv2.INTER_CUBIC) for each in patches]
    assert_same(both, np.stack(images))


def test_outputs_on_noise_are_as_near_as_float32_has_them(both):
    """On noise, onnxruntime differs as much from itself without optimisations."""
    side = both[0].input_size
    noise = np.random.default_rng(0).random((3, side, side, 3), np.float32)
    assert_same(both, noise, tolerance=1e-3)


def test_weights_stay_in_half_precision_so_that_the_file_is_no_larger(networks):
    assert len(tflite_to_onnx(networks[1])) < len(networks[1])


def test_metadata_is_written_into_the_file(networks):
    made = onnx.load_from_string(tflite_to_onnx(networks[0], {"source": "pose_detection"}))
    assert {each.key: each.value for each in made.metadata_props} == {"source": "pose_detection"}


def test_operator_that_blazepose_does_not_have_is_refused(networks):
    content = unpacked(networks[0])
    code = schema.BuiltinOperator.ADD
    for each in content.operatorCodes:
        if each.deprecatedBuiltinCode == code:
            each.builtinCode = each.deprecatedBuiltinCode = schema.BuiltinOperator.MUL
    with pytest.raises(DiffhpeError, match="tflite operator 18 cannot be converted"):
        tflite_to_onnx(packed(content))


def test_activation_that_blazepose_does_not_have_is_refused(networks):
    content = unpacked(networks[1])
    for operator in content.subgraphs[0].operators:
        if isinstance(operator.builtinOptions, schema.AddOptionsT):
            operator.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.TANH
    with pytest.raises(DiffhpeError, match="tflite activation 4 cannot be converted"):
        tflite_to_onnx(packed(content))


def test_zeros_that_a_sparse_weight_leaves_out_are_put_back(networks):
    """Half of the values of a person detection network's 1x1 convolutions are zero."""
    content = unpacked(networks[0])
    constants, operators = fold_constants(content)
    tensors = content.subgraphs[0].tensors
    sparse = [number for number, tensor in enumerate(tensors) if tensor.sparsity]
    assert len(sparse) == 38
    for number in sparse:
        assert constants[number].shape == tuple(tensors[number].shape)
        stored = np.frombuffer(bytes(content.buffers[tensors[number].buffer].data), np.float16)
        np.testing.assert_array_equal(
            constants[number][constants[number] != 0], stored[stored != 0]
        )
    assert not any(int(operator.inputs[0]) in constants for operator in operators)


def unpacked(model: bytes) -> schema.ModelT:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))


def packed(content: schema.ModelT) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(0)
    builder.Finish(content.Pack(builder), b"TFL3")
    return bytes(builder.Output())

import sys

import numpy as np
import pytest
from onnx_writer import node, write_constant_model, write_model

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.onnx_session import OnnxModel


@pytest.fixture
def path(tmp_path):
    return write_constant_model(tmp_path / "m.onnx", (1, 2), {"out": np.ones((1, 3), np.float32)})


def test_model_runs_and_describes_itself(path):
    model = OnnxModel(path)
    assert model.input_shape == (1, 2)
    assert model.providers[-1] == "CPUExecutionProvider"
    np.testing.assert_array_equal(model.run(np.zeros((1, 2)))["out"], [[1, 1, 1]])
    assert model.describe() == f"{path} (input 1x2, out 1x3)"


def test_tensors_go_to_the_inputs_in_their_order(tmp_path):
    float32 = np.dtype(np.float32)
    shapes = {"minuend": (1, 2), "subtrahend": (1, 2)}
    difference = node("Sub", ["minuend", "subtrahend"], "difference")
    path = write_model(
        tmp_path / "m.onnx", [difference], {}, shapes, {"difference": (float32, (1, 2))}
    )
    result = OnnxModel(path).run(np.array([[3, 4]]), np.array([[1, 1]]))
    np.testing.assert_array_equal(result["difference"], [[2, 3]])


def test_provider_that_is_not_to_be_had_is_warned_of(path):
    with pytest.warns(RuntimeWarning, match="cannot use TensorrtExecutionProvider, Foo and runs"):
        model = OnnxModel(path, ["TensorrtExecutionProvider", "Foo"])
    assert model.providers == ("CPUExecutionProvider",)


def test_provider_that_was_got_is_not_warned_of(path, recwarn):
    OnnxModel(path, ["CPUExecutionProvider"])
    OnnxModel(path, "CPUExecutionProvider")
    OnnxModel(path)
    assert not recwarn.list


@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")  # of onnxruntime itself
def test_cuda_that_is_installed_but_does_not_work_is_warned_of(path, monkeypatch):
    import onnxruntime

    # As if onnxruntime-gpu found no driver: it lists CUDA, but the session runs without it.
    names = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)
    with pytest.warns(RuntimeWarning, match="cannot use CUDAExecutionProvider and runs on CPU"):
        model = OnnxModel(path)
    assert "CUDAExecutionProvider" not in model.providers


def test_missing_and_corrupt_files_are_named(path):
    with pytest.raises(DiffhpeError, match=r"there is no ONNX model at .*none\.onnx"):
        OnnxModel(path.with_name("none.onnx"))
    with pytest.raises(DiffhpeError, match="there is no ONNX model at"):
        OnnxModel(path.parent)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DiffhpeError, match="is not a usable ONNX model") as raised:
        OnnxModel(path)
    assert "\n" not in str(raised.value)
    path.write_bytes(b"")
    with pytest.raises(DiffhpeError, match="is not a usable ONNX model"):
        OnnxModel(path)


def test_tensor_of_the_wrong_shape_is_an_error_of_ours(path):
    with pytest.raises(DiffhpeError, match="does not run"):
        OnnxModel(path).run(np.zeros((1, 5)))


def test_missing_onnxruntime_is_named(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DiffhpeError, match="pip install onnxruntime, or onnxruntime-gpu"):
        OnnxModel(path)

"""Converts a tflite network to ONNX; supports only the operators of BlazePose's networks.

tflite stores images as (1, H, W, C), ONNX's operators take (1, C, H, W). Every 4D tensor is
therefore kept as (1, C, H, W). The input, the outputs and reshaped tensors are transposed.
Weights stay in half precision in the file; onnxruntime casts them to float32 when it loads it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from diffhpe_ros.detection.blazepose.tflite_constants import fold_constants, operator_code
from diffhpe_ros.errors import DiffhpeError

_OPSET, _IR_VERSION = 13, 8
"""An opset old enough for the onnxruntime of any robot."""
_TO_FIRST, _TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]
"""Permutations that move the channels to the second axis, and back to the last."""
_Operator = schema.BuiltinOperator
_Activation = schema.ActivationFunctionType


def tflite_to_onnx(model: bytes, metadata: Mapping[str, str] | None = None) -> bytes:
    """Convert a network.

    Args:
        model: a .tflite file with one input, an image (1, S, S, 3).
        metadata: stored in the ONNX file.

    Returns:
        An .onnx file with the same input and outputs, computing in float32.

    Raises:
        DiffhpeError: the network has an unsupported operator.
    """
    graph = _Graph(schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0)))
    made = helper.make_model(
        graph.convert(),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="diffhpe_ros",
    )
    helper.set_model_props(made, dict(metadata or {}))
    onnx.checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString())


class _Graph:
    """The ONNX graph under construction."""

    def __init__(self, content: schema.ModelT) -> None:
        self._content = content
        (self._tflite,) = content.subgraphs
        self._constants, self._operators = fold_constants(content)
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}

    def convert(self) -> onnx.GraphProto:
        """Convert the whole network."""
        (image,) = self._tflite.inputs
        self._node("Transpose", ["image"], _name(image), perm=_TO_FIRST)
        for operator in self._operators:
            code = operator_code(self._content, operator)
            if code not in _CONVERSIONS:
                raise DiffhpeError(f"tflite operator {code} cannot be converted to ONNX")
            _CONVERSIONS[code](self, operator, operator.builtinOptions)
        outputs = [self._output(int(number)) for number in self._tflite.outputs]
        inputs = [
            helper.make_tensor_value_info("image", TensorProto.FLOAT, list(self._shape(image)))
        ]
        return helper.make_graph(
            self._nodes, "tflite", inputs, outputs, list(self._weights.values())
        )

    def convolution(self, operator: schema.OperatorT, options: Any) -> None:
        """CONV_2D and DEPTHWISE_CONV_2D."""
        image, kernel, bias = (int(number) for number in operator.inputs)
        weight = self._constants[kernel]
        if isinstance(options, schema.DepthwiseConv2DOptionsT):  # (1, h, w, C): one filter each
            weight, group = weight.transpose(3, 0, 1, 2), self._shape(image)[3]
        else:  # (out, h, w, in)
            weight, group = weight.transpose(_TO_FIRST), 1
        dilations = (options.dilationHFactor, options.dilationWFactor)
        inputs = [
            self._tensor(image),
            self._weight(f"kernel{kernel}", weight),
            self._weight(f"bias{bias}", self._constants[bias]),
        ]
        window = self._window(image, weight.shape[2:], options, dilations)
        self._activated("Conv", inputs, operator, group=group, dilations=dilations, **window)

    def max_pool(self, operator: schema.OperatorT, options: Any) -> None:
        """MAX_POOL_2D."""
        image = int(operator.inputs[0])
        window = self._window(image, (options.filterHeight, options.filterWidth), options)
        self._activated("MaxPool", [self._tensor(image)], operator, **window)

    def add(self, operator: schema.OperatorT, _options: Any) -> None:
        """ADD."""
        self._activated("Add", [self._tensor(int(n)) for n in operator.inputs], operator)

    def concatenation(self, operator: schema.OperatorT, options: Any) -> None:
        """CONCATENATION."""
        inputs = [int(n) for n in operator.inputs]
        axis = options.axis % len(self._shape(inputs[0]))
        if len(self._shape(inputs[0])) == 4:
            axis = _TO_FIRST.index(axis)
        self._activated("Concat", [self._tensor(n) for n in inputs], operator, axis=axis)

    def logistic(self, operator: schema.OperatorT, _options: Any) -> None:
        """LOGISTIC."""
        self._node("Sigmoid", [self._tensor(int(operator.inputs[0]))], _name(operator.outputs[0]))

    def depth_to_space(self, operator: schema.OperatorT, options: Any) -> None:
        """DEPTH_TO_SPACE."""
        inputs, output = [self._tensor(int(operator.inputs[0]))], _name(operator.outputs[0])
        self._node("DepthToSpace", inputs, output, blocksize=options.blockSize, mode="DCR")

    def pad(self, operator: schema.OperatorT, _options: Any) -> None:
        """PAD, with zeros."""
        image, amounts = (int(number) for number in operator.inputs)
        before_and_after = self._constants[amounts][_TO_FIRST].T.reshape(-1).astype(np.int64)
        inputs = [self._tensor(image), self._weight(f"pads{amounts}", before_and_after)]
        self._node("Pad", inputs, _name(operator.outputs[0]))

    def resize(self, operator: schema.OperatorT, options: Any) -> None:
        """RESIZE_BILINEAR, with half-pixel centres as in torch and OpenCV."""
        if options.alignCorners or not options.halfPixelCenters:
            raise DiffhpeError("RESIZE_BILINEAR without half pixels cannot be converted to ONNX")
        image, result = int(operator.inputs[0]), int(operator.outputs[0])
        larger = np.array(self._shape(result), np.float32) / self._shape(image)
        scales = self._weight(f"scales{result}", larger[_TO_FIRST].astype(np.float32))
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        self._node("Resize", [self._tensor(image), "", scales], _name(result), **how)

    def reshape(self, operator: schema.OperatorT, _options: Any) -> None:
        """RESHAPE, which orders the values with the channels last."""
        source, result = int(operator.inputs[0]), int(operator.outputs[0])
        shape = self._weight(f"shape{result}", np.array(self._shape(result), np.int64))
        four = len(self._shape(result)) == 4
        reshaped = f"{_name(result)}_last" if four else _name(result)
        self._node("Reshape", [self._channels_last(source), shape], reshaped)
        if four:
            self._node("Transpose", [reshaped], _name(result), perm=_TO_FIRST)

    def _output(self, number: int) -> onnx.ValueInfoProto:
        name = self._tflite.tensors[number].name.decode()
        self._node("Identity", [self._channels_last(number)], name)
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(self._shape(number)))

    def _window(
        self,
        image: int,
        kernel: tuple[int, ...],
        options: Any,
        dilations: tuple[int, int] = (1, 1),
    ) -> dict[str, Any]:
        """Kernel, strides and padding of a convolution or pooling."""
        strides = (options.strideH, options.strideW)
        pads = np.zeros((2, 2), np.int64)  # before and after, of rows and columns
        if options.padding == schema.Padding.SAME:
            lengths = np.array(self._shape(image)[1:3])
            covered = (np.array(kernel) - 1) * dilations + 1
            steps = -(-lengths // strides) - 1
            total = np.maximum(steps * strides + covered - lengths, 0)
            pads[:] = total // 2, total - total // 2  # an odd one goes after
        return {"kernel_shape": kernel, "strides": strides, "pads": pads.reshape(-1).tolist()}

    def _activated(
        self, kind: str, inputs: list[str], operator: schema.OperatorT, **attributes: Any
    ) -> None:
        """A node, and the activation that tflite fuses into it."""
        result = _name(operator.outputs[0])
        activation = operator.builtinOptions.fusedActivationFunction
        if activation == _Activation.NONE:
            self._node(kind, inputs, result, **attributes)
            return
        if activation != _Activation.RELU6:
            raise DiffhpeError(f"tflite activation {activation} cannot be converted to ONNX")
        self._node(kind, inputs, f"{result}_linear", **attributes)
        limits = [self._weight(f"limit{n}", np.array(n, np.float32)) for n in (0, 6)]
        self._node("Clip", [f"{result}_linear", *limits], result)

    def _channels_last(self, number: int) -> str:
        """A tensor in tflite's layout, channels last."""
        name = self._tensor(number)
        if len(self._shape(number)) != 4:
            return name
        self._node("Transpose", [name], f"{name}_image", perm=_TO_LAST)
        return f"{name}_image"

    def _tensor(self, number: int) -> str:
        if number in self._constants:
            raise DiffhpeError("a tflite operator on a constant cannot be converted to ONNX")
        return _name(number)

    def _weight(self, name: str, values: NDArray[Any]) -> str:
        """A constant, possibly shared by several operators; half precision is cast to float32."""
        half = values.dtype == np.float16
        used = f"{name}_single" if half else name
        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
            if half:
                self._node("Cast", [name], used, to=TensorProto.FLOAT)
        return used

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))

    def _shape(self, number: int) -> tuple[int, ...]:
        return tuple(int(n) for n in self._tflite.tensors[number].shape)


def _name(number: int) -> str:
    return f"tensor{number}"


_CONVERSIONS: dict[int, Callable[[_Graph, schema.OperatorT, Any], None]] = {
    _Operator.CONV_2D: _Graph.convolution,
    _Operator.DEPTHWISE_CONV_2D: _Graph.convolution,
    _Operator.MAX_POOL_2D: _Graph.max_pool,
    _Operator.ADD: _Graph.add,
    _Operator.CONCATENATION: _Graph.concatenation,
    _Operator.LOGISTIC: _Graph.logistic,
    _Operator.DEPTH_TO_SPACE: _Graph.depth_to_space,
    _Operator.PAD: _Graph.pad,
    _Operator.RESIZE_BILINEAR: _Graph.resize,
    _Operator.RESHAPE: _Graph.reshape,
}

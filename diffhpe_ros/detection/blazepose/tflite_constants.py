"""The constants of a tflite network: its weights, as arrays."""

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError

_DTYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
}
_UNPACKING = (schema.BuiltinOperator.DEQUANTIZE, schema.BuiltinOperator.DENSIFY)


def fold_constants(
    content: schema.ModelT,
) -> tuple[dict[int, NDArray[Any]], list[schema.OperatorT]]:
    """Unpack the weights, which are stored in half precision and partly sparse.

    Returns:
        The constant tensors by number, in the precision in which they are stored, and the
        operators that depend on the input.

    Raises:
        DiffhpeError: a weight is stored in a format that BlazePose's networks do not use.
    """
    (graph,) = content.subgraphs
    constants = {
        number: _stored(tensor, content.buffers[tensor.buffer].data)
        for number, tensor in enumerate(graph.tensors)
        if content.buffers[tensor.buffer].data is not None
    }
    operators = []
    for operator in graph.operators:
        code = operator_code(content, operator)
        source = int(operator.inputs[0])
        if code in _UNPACKING and source in constants:
            constants[int(operator.outputs[0])] = constants[source]
        else:
            operators.append(operator)
    return constants, operators


def operator_code(content: schema.ModelT, operator: schema.OperatorT) -> int:
    """The operator's number in `schema.BuiltinOperator`."""
    code = content.operatorCodes[operator.opcodeIndex]
    # Old files have the number only in the second field, which ends at 127.
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def _stored(tensor: schema.TensorT, data: NDArray[np.uint8]) -> NDArray[Any]:
    if tensor.type not in _DTYPES:
        raise DiffhpeError(f"a tflite tensor of type {tensor.type} cannot be converted to ONNX")
    values = np.asarray(data, np.uint8).view(_DTYPES[tensor.type])
    shape = tuple(int(n) for n in tensor.shape)
    return _dense(tensor.sparsity, values, shape) if tensor.sparsity else values.reshape(shape)


def _dense(
    sparsity: schema.SparsityParametersT, values: NDArray[Any], shape: tuple[int, ...]
) -> NDArray[Any]:
    """Make a sparse tensor dense: each row stores only its non-zero values and their places."""
    *outer, last = sparsity.dimMetadata
    in_order = list(sparsity.traversalOrder) == list(range(len(shape)))
    if not in_order or any(dim.format for dim in outer) or not last.format:
        raise DiffhpeError("a sparse tflite tensor is not stored by rows: it cannot be converted")
    starts = np.asarray(last.arraySegments.values, np.int64)
    dense = np.zeros((len(starts) - 1, shape[-1]), values.dtype)
    rows = np.repeat(np.arange(len(dense)), np.diff(starts))
    dense[rows, np.asarray(last.arrayIndices.values, np.int64)] = values
    return dense.reshape(shape)

"""Writes small ONNX files for tests, with the few protobuf fields that onnxruntime needs."""

from pathlib import Path

import numpy as np

_FLOAT, _INT64 = 1, 7
_TYPES = {np.dtype(np.float32): _FLOAT, np.dtype(np.int64): _INT64}


def write_constant_model(path: Path, input_shape: tuple, outputs: dict[str, np.ndarray]) -> Path:
    """A model with constant outputs for any input."""
    nodes = [node("Identity", [f"{name}_value"], name) for name in outputs]
    constants = {f"{name}_value": value for name, value in outputs.items()}
    types = {name: (value.dtype, value.shape) for name, value in outputs.items()}
    return write_model(path, nodes, constants, {"input": input_shape}, types)


def write_red_spot_simcc(path: Path, joints: int = 17, batch: int | str = "batch") -> Path:
    """A SimCC model (N, 3, 256, 192) whose joints are all where the image is reddest."""
    finer_x, finer_y = (np.kron(np.eye(n), [[1.0, 0.9]]).astype(np.float32) for n in (192, 256))
    nodes = [
        node("Gather", ["input", "first"], "red", axis=1),
        node("ReduceMax", ["red"], "x", axes=[1]),  # (N, 1, 192)
        node("MatMul", ["x", "finer_x"], "x_bins"),
        node("Mul", ["x_bins", "ones"], "simcc_x"),
        node("ReduceMax", ["red"], "y", axes=[2]),  # (N, 256, 1)
        node("Transpose", ["y"], "y_row", perm=[0, 2, 1]),
        node("MatMul", ["y_row", "finer_y"], "y_bins"),
        node("Mul", ["y_bins", "ones"], "simcc_y"),
    ]
    constants = {
        "first": np.array(0, np.int64),
        "finer_x": finer_x,
        "finer_y": finer_y,
        "ones": np.ones((1, joints, 1), np.float32),
    }
    float32 = np.dtype(np.float32)
    outputs = {
        "simcc_x": (float32, (batch, joints, 384)),
        "simcc_y": (float32, (batch, joints, 512)),
    }
    return write_model(path, nodes, constants, {"input": (batch, 3, 256, 192)}, outputs)


def node(operator: str, inputs: list[str], output: str, **attributes: int | list[int]) -> bytes:
    encoded = b"".join(_field(1, name) for name in inputs) + _field(2, output) + _field(4, operator)
    for name, value in attributes.items():
        if isinstance(value, int):
            body = _field(3, value) + _field(20, 2)
        else:
            body = b"".join(_field(8, number) for number in value) + _field(20, 7)
        encoded += _field(5, _field(1, name) + body)
    return encoded


def write_model(
    path: Path,
    nodes: list[bytes],
    constants: dict[str, np.ndarray],
    inputs: dict[str, tuple],
    outputs: dict[str, tuple[np.dtype, tuple]],
) -> Path:
    graph = b"".join(_field(1, one) for one in nodes) + _field(2, "test")
    graph += b"".join(_field(5, _tensor(name, value)) for name, value in constants.items())
    for name, shape in inputs.items():
        graph += _field(11, _value_info(name, np.dtype(np.float32), shape))
    for name, (dtype, shape) in outputs.items():
        graph += _field(12, _value_info(name, dtype, shape))
    path.write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(2, 13)))
    return path


def _tensor(name: str, value: np.ndarray) -> bytes:
    dims = b"".join(_field(1, n) for n in value.shape)
    return dims + _field(2, _TYPES[value.dtype]) + _field(8, name) + _field(9, value.tobytes())


def _value_info(name: str, dtype: np.dtype, shape: tuple) -> bytes:
    dims = b"".join(_field(1, _field(2 if isinstance(n, str) else 1, n)) for n in shape)
    tensor = _field(1, _TYPES[dtype]) + _field(2, dims)
    return _field(1, name) + _field(2, _field(1, tensor))


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])

"""Removing unused outputs: a tflite network always computes every output that it has."""

from collections.abc import Collection

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

_IDENTIFIER = b"TFL3"


def keep_outputs(model: bytes, shapes: Collection[tuple[int, ...]]) -> bytes:
    """Remove all outputs but those of some shapes, and the layers that only the others need.

    The remaining outputs are the same as before, to the bit.

    Args:
        model: a .tflite file.
        shapes: shapes of the outputs to keep.

    Returns:
        A .tflite file.
    """
    content = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    (graph,) = content.subgraphs
    graph.outputs = [out for out in graph.outputs if tuple(graph.tensors[out].shape) in shapes]
    graph.operators = _needed(graph.operators, graph.outputs)
    content.signatureDefs = None  # they name all outputs
    builder = flatbuffers.Builder(len(model))
    builder.Finish(content.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output())


def _needed(operators: list[schema.OperatorT], outputs: list[int]) -> list[schema.OperatorT]:
    """The operators that the outputs need, in their order."""
    wanted, kept = set(outputs), []
    for operator in reversed(operators):  # each comes after its inputs' operators
        if wanted.intersection(operator.outputs):
            wanted.update(operator.inputs)
            kept.append(operator)
    return kept[::-1]

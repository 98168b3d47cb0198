"""Leaving out what nobody asks for: a tflite network computes every output that it has."""

from collections.abc import Collection

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

_IDENTIFIER = b"TFL3"


def keep_outputs(model: bytes, shapes: Collection[tuple[int, ...]]) -> bytes:
    """A network without the outputs of other shapes, and without the layers that only they need.

    What is left computes as before, to the bit.

    Args:
        model: a .tflite file.
        shapes: of the outputs that are wanted.

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
    """The operators that lead to the outputs, in their order."""
    wanted, kept = set(outputs), []
    for operator in reversed(operators):  # each comes after those whose results it takes
        if wanted.intersection(operator.outputs):
            wanted.update(operator.inputs)
            kept.append(operator)
    return kept[::-1]

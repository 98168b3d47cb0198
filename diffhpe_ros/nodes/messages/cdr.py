"""Reproducible serialization: equal messages have equal bytes.

The middleware does not initialize the padding between a message's fields, so two recordings of
equal messages would differ. Here the padding is 0.
"""

import re
from struct import pack
from typing import Any

import numpy as np

_HEAD = b"\x00\x01\x00\x00"  # CDR, little-endian
_PRIMITIVES = {
    "boolean": "?", "octet": "c", "uint8": "B", "int8": "b", "uint16": "H", "int16": "h",
    "uint32": "I", "int32": "i", "uint64": "Q", "int64": "q", "float": "f", "double": "d",
}  # fmt: skip
_SEQUENCE = re.compile(r"sequence<([^,>]+)(?:, \d+)?>")
_ARRAY = re.compile(r"(.+)\[\d+\]")


def serialize(message: Any) -> bytes:
    """A message's bytes, as from `rclpy.serialization.serialize_message` except for the padding.

    A publisher accepts them in place of the message.
    """
    out = bytearray()
    _write(out, message)
    return _HEAD + bytes(out)


def _write(out: bytearray, message: Any) -> None:
    for name, kind in message.get_fields_and_field_types().items():
        value = getattr(message, name)
        if sequence := _SEQUENCE.fullmatch(kind):
            _write_number(out, "I", len(value))
            _write_each(out, sequence[1], value)
        elif array := _ARRAY.fullmatch(kind):
            _write_each(out, array[1], value)
        else:
            _write_one(out, kind, value)


def _write_each(out: bytearray, kind: str, values: Any) -> None:
    code = _PRIMITIVES.get(kind)
    if code is None or code in "?c":
        for value in values:
            _write_one(out, kind, value)
    elif len(values):
        numbers = np.asarray(values, "<" + np.dtype(code).str[1:])
        _align(out, numbers.itemsize)
        out += numbers.tobytes()


def _write_one(out: bytearray, kind: str, value: Any) -> None:
    if kind in _PRIMITIVES:
        _write_number(out, _PRIMITIVES[kind], value)
    elif kind == "string":
        text = value.encode() + b"\x00"
        _write_number(out, "I", len(text))
        out += text
    else:
        _write(out, value)


def _write_number(out: bytearray, code: str, value: Any) -> None:
    data = pack("<" + code, value)
    _align(out, len(data))
    out += data


def _align(out: bytearray, size: int) -> None:
    out += bytes(-len(out) % size)

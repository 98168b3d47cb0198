"""Conversion of PointCloud2 to and from structured arrays."""

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from diffhpe_ros.errors import DiffhpeError

_DATATYPES = {
    np.dtype(np.uint8): PointField.UINT8,
    np.dtype(np.int32): PointField.INT32,
    np.dtype(np.uint32): PointField.UINT32,
    np.dtype(np.float32): PointField.FLOAT32,
}
_MAX_FIELDS = 64
_CAMERA = "camera:"
_MAX_POINT_STEP = 4096


def pack_cloud(header: Header, points: NDArray[Any], is_dense: bool) -> PointCloud2:
    """Convert a structured array (height, width) to a PointCloud2 with the same fields.

    Args:
        header: header of the message.
        points: array with fields of uint8, int32, uint32 or float32.
        is_dense: true if no value is NaN.
    """
    layout = points.dtype
    return PointCloud2(
        header=header,
        height=points.shape[0],
        width=points.shape[1],
        fields=[
            PointField(name=name, offset=offset, datatype=_DATATYPES[kind], count=1)
            for name, (kind, offset) in _fields(layout).items()
        ],
        is_bigendian=False,
        point_step=layout.itemsize,
        row_step=layout.itemsize * points.shape[1],
        data=array("B", points.tobytes()),
        is_dense=is_dense,
    )


def unpack_cloud(message: PointCloud2, wanted: np.dtype[Any]) -> NDArray[Any]:
    """Read a PointCloud2 of any sender as a structured array (height, width).

    Fields may be in any order, with other fields between them. The array is a view of the message.

    Args:
        message: the cloud.
        wanted: names and types of the required fields; their offsets do not matter.

    Raises:
        DiffhpeError: a field is missing or has another type, or the sizes contradict each other.
    """
    if len(message.fields) > _MAX_FIELDS or message.point_step > _MAX_POINT_STEP:
        raise DiffhpeError(
            f"a cloud of at most {_MAX_FIELDS} fields and {_MAX_POINT_STEP} bytes a point is"
            f" expected, got {len(message.fields)} fields and {message.point_step} bytes"
        )
    names, kinds = zip(*((name, kind) for name, (kind, _) in _fields(wanted).items()), strict=True)
    offsets = [_offset(message, name, kind) for name, kind in zip(names, kinds, strict=True)]
    _check_sizes(message)
    order = ">" if message.is_bigendian else "<"
    layout = np.dtype(
        {
            "names": names,
            "formats": [kind.newbyteorder(order) for kind in kinds],
            "offsets": offsets,
            "itemsize": message.point_step,
        }
    )
    return np.ndarray(
        (message.height, message.width),
        layout,
        np.frombuffer(message.data, np.uint8).data if message.height * message.width else b"",
        strides=(message.row_step, message.point_step),
    )


def name_camera(message: PointCloud2, camera: str) -> None:
    """Add the name of a camera to a cloud that has a field `person`.

    A cloud can hold text only in its field names. So a second field named `camera:<name>` is added
    at the offset of `person`.
    """
    (person,) = (field for field in message.fields if field.name == "person")
    message.fields.append(
        PointField(name=_CAMERA + camera, offset=person.offset, datatype=person.datatype, count=1)
    )


def camera_name(message: PointCloud2) -> str:
    """The camera that `name_camera` added; empty if there is none."""
    names = [each.name for each in message.fields[:_MAX_FIELDS]]
    found = [name.removeprefix(_CAMERA) for name in names if name.startswith(_CAMERA)]
    return found[0] if found else ""


def _fields(layout: np.dtype[Any]) -> dict[str, tuple[np.dtype[Any], int]]:
    """Name → (type, offset), in the order of the offsets."""
    assert layout.fields is not None
    entries = {name: (entry[0], entry[1]) for name, entry in layout.fields.items()}
    return dict(sorted(entries.items(), key=lambda item: item[1][1]))


def _offset(message: PointCloud2, name: str, kind: np.dtype[Any]) -> int:
    found = [field for field in message.fields if field.name == name]
    if len(found) != 1:
        names = ", ".join(field.name[:32] for field in message.fields) or "none"
        raise DiffhpeError(f"one cloud field {name!r} is expected, got the fields {names}")
    (field,) = found
    if field.datatype != _DATATYPES[kind] or field.count != 1:
        raise DiffhpeError(
            f"cloud field {name!r} must be one {kind} (datatype {_DATATYPES[kind]}),"
            f" got {field.count} of datatype {field.datatype}"
        )
    if field.offset + kind.itemsize > message.point_step:
        raise DiffhpeError(
            f"cloud field {name!r} at byte {field.offset} ends beyond the point's"
            f" {message.point_step} bytes"
        )
    return int(field.offset)


def _check_sizes(message: PointCloud2) -> None:
    row = message.width * message.point_step
    if message.row_step < row:
        raise DiffhpeError(
            f"rows of at least {row} bytes are expected ({message.width} points of"
            f" {message.point_step}), got a row_step of {message.row_step}"
        )
    size = message.height * message.row_step
    if len(message.data) != size:
        raise DiffhpeError(
            f"{size} bytes of cloud data are expected ({message.height} rows of"
            f" {message.row_step}), got {len(message.data)}"
        )

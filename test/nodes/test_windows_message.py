"""`windows` survives the round trip through a message, and foreign messages do no harm."""

import random
from array import array
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2, PointField
from standing import standing_windows

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.windows import (
    POINT,
    camera_of,
    is_progress,
    pack_progress,
    pack_windows,
    unpack_windows,
)
from diffhpe_ros.pipeline.people import PeopleWindows


def test_the_message_is_as_documented(windows: PeopleWindows) -> None:
    message = pack_windows(windows)
    assert (message.height, message.width) == (2 * 27, 17)
    assert [(field.name, field.datatype) for field in message.fields] == [
        ("u", PointField.FLOAT32),
        ("v", PointField.FLOAT32),
        ("var_uu", PointField.FLOAT32),
        ("var_uv", PointField.FLOAT32),
        ("var_vv", PointField.FLOAT32),
        ("confidence", PointField.FLOAT32),
        ("t", PointField.INT32),
        ("person", PointField.UINT32),
    ]
    assert message.header.frame_id == "camera"
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (5, 0)


def test_round_trip_through_serialization(windows: PeopleWindows) -> None:
    raw = serialize_message(pack_windows(windows))
    back = unpack_windows(deserialize_message(raw, PointCloud2))
    assert (back.frame_id, back.stamp_ns, back.track_ids) == ("camera", 5_000_000_000, (3, 7))
    for name in ("offsets_ns", "keypoints", "confidence", "covariance"):
        np.testing.assert_array_equal(getattr(back, name), getattr(windows, name))


def test_depth_is_a_field_more_where_there_is_a_depth_camera(windows: PeopleWindows) -> None:
    depth = np.full((2, 17), 4.0, np.float32)
    depth[1, 3] = np.nan
    message = pack_windows(replace(windows, depth=depth))
    assert message.fields[-1].name == "depth"
    np.testing.assert_array_equal(unpack_windows(message).depth, depth)
    assert unpack_windows(pack_windows(windows)).depth is None
    for nonsense in (-1.0, 0.0, np.inf):
        depth[0, 0] = nonsense
        with pytest.raises(DiffhpeError, match="depths above 0"):
            unpack_windows(pack_windows(replace(windows, depth=depth)))


def test_world_landmarks_are_three_fields_more_where_the_detector_gives_some(windows) -> None:
    landmarks = np.random.default_rng(0).normal(0, 0.4, (2, 27, 17, 3)).astype(np.float32)
    landmarks[1, 3] = np.nan
    message = pack_windows(replace(windows, world_landmarks=landmarks))
    assert [field.name for field in message.fields[-3:]] == ["wx", "wy", "wz"]
    np.testing.assert_array_equal(unpack_windows(message).world_landmarks, landmarks)
    assert unpack_windows(pack_windows(windows)).world_landmarks is None
    landmarks[0, 0, 0, 0] = 1000.0  # millimetres
    with pytest.raises(DiffhpeError, match="world landmarks within 5 m"):
        unpack_windows(pack_windows(replace(windows, world_landmarks=landmarks)))


def test_nobody_is_a_message_too() -> None:
    nobody = unpack_windows(pack_windows(standing_windows([])))
    assert len(nobody) == 0
    assert nobody.keypoints.shape == (0, 27, 17, 2)


def test_other_layouts_of_the_same_fields_are_read(windows: PeopleWindows) -> None:
    """Another sender may add padding, reorder fields, and use the other byte order."""
    message = pack_windows(windows)
    points = np.frombuffer(message.data, POINT)
    other = np.dtype(
        {
            "names": ["person", "extra", *list(POINT.names)[:-1]],
            "formats": [">u4", ">f8", *[">f4"] * 6, ">i4"],
            "offsets": [0, 8, *range(16, 44, 4)],
            "itemsize": 48,
        }
    )
    moved = np.zeros(len(points), other)
    for name in POINT.names:
        moved[name] = points[name]
    message.fields = [
        PointField(name=f.name, datatype=f.datatype, count=1, offset=other.fields[f.name][1])
        for f in message.fields
    ]
    message.is_bigendian, message.point_step = True, 48
    rows = moved.tobytes()
    message.row_step = 17 * 48 + 5
    message.data = array(
        "B", b"".join(rows[k : k + 17 * 48] + b"12345" for k in range(0, len(rows), 17 * 48))
    )
    np.testing.assert_array_equal(unpack_windows(message).keypoints, windows.keypoints)
    assert unpack_windows(message).track_ids == (3, 7)


def _set(name: str, value: object) -> Callable[[PointCloud2], None]:
    return lambda message: setattr(message, name, value)


def _field(number: int, name: str, value: object) -> Callable[[PointCloud2], None]:
    return lambda message: setattr(message.fields[number], name, value)


def _values(name: str, rows: object, value: float) -> Callable[[PointCloud2], None]:
    def change(message: PointCloud2) -> None:
        points = np.frombuffer(bytes(message.data), POINT).reshape(-1, 17).copy()
        points[name][rows] = value
        message.data = array("B", points.tobytes())

    return change


BROKEN = {
    "height": (_set("height", 28), "people x 27 rows"),
    "width": (_set("width", 16), "17 columns"),
    "crowd": (_set("height", 27 * 65), "at most 64 people"),
    "huge": (_set("height", 27 * 2**26), "at most 64 people"),
    "row step": (_set("row_step", 17 * 32 - 1), "row_step"),
    "huge row step": (_set("row_step", 2**32 - 1), "bytes of cloud data"),
    "point step": (_set("point_step", 2**32 - 1), "bytes a point"),
    "small point": (_set("point_step", 30), "beyond the point"),
    "no point": (_set("point_step", 0), "beyond the point"),
    "short data": (lambda message: message.data.pop(), "bytes of cloud data"),
    "no data": (_set("data", array("B")), "bytes of cloud data"),
    "no fields": (_set("fields", []), "one cloud field"),
    "many fields": (_set("fields", [PointField()] * 65), "at most 64 fields"),
    "missing field": (_field(0, "name", "x"), "one cloud field 'u'"),
    "double field": (_field(1, "name", "u"), "one cloud field 'u'"),
    "field type": (_field(0, "datatype", PointField.FLOAT64), "field 'u' must be one float32"),
    "field count": (_field(6, "count", 2), "field 't' must be one int32"),
    "field offset": (_field(0, "offset", 2**32 - 1), "beyond the point"),
    "frame id": (lambda message: setattr(message.header, "frame_id", "x" * 1000), "frame_id"),
    "stamp": (lambda message: setattr(message.header.stamp, "nanosec", 10**9), "nanoseconds"),
    "infinite": (_values("u", 5, np.inf), "u and v"),
    "absurd": (_values("v", 5, 1e30), "u and v"),
    "confidence": (_values("confidence", 5, 1.5), "confidence"),
    "variance": (_values("var_vv", 5, -1), "variances"),
    "time order": (_values("t", 3, 0), "rising"),
    "future": (_values("t", 26, 1), "rising"),
    "two times in a frame": (_values("t", (4, 2), -1), "same t"),
    "two people in a window": (_values("person", (4, 2), 9), "one number"),
    "the same person twice": (_values("person", slice(None), 9), "one number"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_messages_are_refused_in_one_line(case: str, windows: PeopleWindows) -> None:
    spoil, expected = BROKEN[case]
    message = pack_windows(windows)
    spoil(message)
    with pytest.raises(DiffhpeError, match=expected) as error:
        unpack_windows(message)
    assert "\n" not in str(error.value)


def test_random_damage_never_does_more_than_a_refusal(windows: PeopleWindows) -> None:
    good = bytearray(serialize_message(pack_windows(windows)))
    chance = random.Random(0)
    refused = 0
    for _ in range(300):
        raw = bytearray(good)
        # Damage is worst in the header with its sizes and fields.
        for _ in range(3):
            raw[chance.randrange(4, 330)] = chance.randrange(256)
        try:
            message = deserialize_message(bytes(raw), PointCloud2)
        except Exception:  # not even a message: DDS drops it
            continue
        try:
            unpack_windows(message)
        except DiffhpeError:
            refused += 1
    assert refused > 50


def test_windows_too_long_for_their_times_are_refused(windows: PeopleWindows) -> None:
    slow = PeopleWindows(**{**vars(windows), "offsets_ns": windows.offsets_ns * 5})
    with pytest.raises(DiffhpeError, match=r"2\.147 s"):
        pack_windows(slow)


def test_progress_is_no_window_of_nobody() -> None:
    progress = pack_progress("camera", 5, "left")
    assert is_progress(progress) and camera_of(progress) == "left"
    assert not is_progress(pack_windows(standing_windows([])))
    assert not is_progress(PointCloud2())

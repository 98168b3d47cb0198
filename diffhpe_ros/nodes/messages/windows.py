"""Topic `windows`: 27-frame windows of 2D joints, as a PointCloud2 of people x 27 rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.cloud import camera_name, name_camera, pack_cloud, unpack_cloud
from diffhpe_ros.nodes.messages.header import make_header, stamp_to_ns
from diffhpe_ros.pipeline.people import MAX_PEOPLE, PeopleWindows
from diffhpe_ros.placement.depth import FARTHEST_M
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.windows import FRAMES

POINT = np.dtype(
    [
        ("u", np.float32),
        ("v", np.float32),
        ("var_uu", np.float32),
        ("var_uv", np.float32),
        ("var_vv", np.float32),
        ("confidence", np.float32),
        ("t", np.int32),
        ("person", np.uint32),
    ]
)
"""One joint in one frame; t in nanoseconds relative to the header's stamp."""

DEPTH = [("depth", np.float32)]
"""Optional field: the depth from a depth camera, in metres; NaN in all but the newest frame."""
WORLD_LANDMARKS = [("wx", np.float32), ("wy", np.float32), ("wz", np.float32)]
"""Optional fields: the detector's own 3D joints in metres, see `People.world_landmarks`."""

_LARGEST_VIEW = 1000.0  # tan of 89.87 degrees times 2.29: no camera has a wider view
_LARGEST_BODY_M = 5.0
_LONGEST_NAME = 256


def pack_windows(windows: PeopleWindows) -> PointCloud2:
    """The message; its height is 0 if there are no people.

    Raises:
        DiffhpeError: a window is longer than the 2.1 s that t can hold.
    """
    if (windows.offsets_ns < np.iinfo(np.int32).min).any():
        raise DiffhpeError(
            f"windows of at most 2.147 s are expected, got {-windows.offsets_ns.min() / 1e9:g} s"
        )
    layout = _layout(windows.depth is not None, windows.world_landmarks is not None)
    points = np.empty((len(windows), FRAMES, NUM_JOINTS), layout)
    points["u"], points["v"] = np.moveaxis(windows.keypoints, -1, 0)
    points["var_uu"] = windows.covariance[..., 0, 0]
    points["var_uv"] = windows.covariance[..., 0, 1]
    points["var_vv"] = windows.covariance[..., 1, 1]
    points["confidence"] = windows.confidence
    points["t"] = windows.offsets_ns[..., None]
    points["person"] = np.array(windows.track_ids, np.uint32)[:, None, None]
    if windows.depth is not None:
        points["depth"] = np.nan
        points["depth"][:, -1] = windows.depth
    if windows.world_landmarks is not None:
        points["wx"], points["wy"], points["wz"] = np.moveaxis(windows.world_landmarks, -1, 0)
    header = make_header(windows.frame_id, windows.stamp_ns)
    # Unseen joints are NaN in almost every window.
    message = pack_cloud(header, points.reshape(-1, NUM_JOINTS), is_dense=False)
    if windows.camera != windows.frame_id:
        name_camera(message, windows.camera)
    return message


def pack_progress(frame_id: str, stamp_ns: int, camera: str) -> PointCloud2:
    """A message of size 0: this image has no windows."""
    message = pack_cloud(make_header(frame_id, stamp_ns), np.empty((0, 0), POINT), is_dense=False)
    if camera:
        name_camera(message, camera)
    return message


def is_progress(message: PointCloud2) -> bool:
    """Whether a message was made by `pack_progress`."""
    has_people = any(field.name == "person" for field in message.fields)
    return has_people and message.height == message.width == 0


def camera_of(message: PointCloud2) -> str:
    """Name of the camera that a message is from."""
    return camera_name(message) or message.header.frame_id


def unpack_windows(message: PointCloud2) -> PeopleWindows:
    """Read a message of any sender.

    Raises:
        DiffhpeError: it has other fields or sizes, or a value is out of range.
    """
    if message.height % FRAMES or message.width != NUM_JOINTS:
        raise DiffhpeError(
            f"windows of people x {FRAMES} rows and {NUM_JOINTS} columns are expected,"
            f" got {message.height} x {message.width}"
        )
    if message.height > MAX_PEOPLE * FRAMES:
        raise DiffhpeError(
            f"windows of at most {MAX_PEOPLE} people are expected, got {message.height // FRAMES}"
        )
    if max(len(message.header.frame_id), len(camera_name(message))) > _LONGEST_NAME:
        raise DiffhpeError(
            f"frame_id and camera of at most {_LONGEST_NAME} characters are expected"
        )
    names = {field.name for field in message.fields}
    has_depth, has_world_landmarks = "depth" in names, "wx" in names
    layout = _layout(has_depth, has_world_landmarks)
    points = unpack_cloud(message, layout).reshape(-1, FRAMES, NUM_JOINTS)
    keypoints = np.stack([points["u"], points["v"]], -1).astype(np.float32)
    return PeopleWindows(
        frame_id=message.header.frame_id,
        stamp_ns=stamp_to_ns(message.header.stamp),
        track_ids=_persons(points["person"]),
        offsets_ns=_offsets(points["t"]),
        keypoints=_checked_view(keypoints),
        confidence=_confidence(points["confidence"]),
        covariance=_covariance(points),
        depth=_depth(points["depth"][:, -1]) if has_depth else None,
        world_landmarks=_world_landmarks(points) if has_world_landmarks else None,
        camera_name=camera_name(message),
    )


def _layout(has_depth: bool, has_world_landmarks: bool) -> np.dtype[Any]:
    """`POINT` with the optional fields."""
    further = DEPTH * has_depth + WORLD_LANDMARKS * has_world_landmarks
    return np.dtype([*((name, POINT[name]) for name in POINT.names or ()), *further])


def _persons(numbers: NDArray[Any]) -> tuple[int, ...]:
    each = numbers[:, 0, 0]
    track_ids = tuple(each.tolist())
    if (numbers != each[:, None, None]).any() or len(set(track_ids)) != len(track_ids):
        raise DiffhpeError("one number for each person's window is expected, different for each")
    return track_ids


def _offsets(times: NDArray[Any]) -> NDArray[np.int64]:
    offsets = times[..., 0].astype(np.int64)
    if (times != times[..., :1]).any() or (np.diff(offsets) <= 0).any() or (offsets > 0).any():
        raise DiffhpeError(
            "the same t for the joints of a frame, rising from frame to frame up to 0, is expected"
        )
    return offsets


def _checked_view(keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
    if (np.abs(keypoints) > _LARGEST_VIEW).any():
        raise DiffhpeError(
            f"u and v within {_LARGEST_VIEW:g} (canonical view) or NaN are expected,"
            f" got {np.nanmax(np.abs(keypoints)):g}"
        )
    return keypoints


def _confidence(values: NDArray[Any]) -> NDArray[np.float32]:
    confidence = np.where(np.isnan(values), 0, values).astype(np.float32)
    if ((confidence < 0) | (confidence > 1)).any():
        raise DiffhpeError(
            "confidence in 0..1 or NaN is expected,"
            f" got {confidence.min():g} to {confidence.max():g}"
        )
    return confidence


def _covariance(points: NDArray[Any]) -> NDArray[np.float32]:
    uu, uv, vv = (points[name].astype(np.float32) for name in ("var_uu", "var_uv", "var_vv"))
    if np.isinf([uu, uv, vv]).any() or (uu < 0).any() or (vv < 0).any():
        raise DiffhpeError("variances of at least 0 or NaN are expected, got negative or infinite")
    return np.stack([uu, uv, uv, vv], -1).reshape(*uu.shape, 2, 2)


def _depth(values: NDArray[Any]) -> NDArray[np.float32]:
    depth = values.astype(np.float32)
    if ((depth <= 0) | (depth > FARTHEST_M)).any():
        raise DiffhpeError(
            f"depths above 0 and up to {FARTHEST_M:g} m, or NaN, are expected,"
            f" got {np.nanmin(depth):g} to {np.nanmax(depth):g}"
        )
    return depth


def _world_landmarks(points: NDArray[Any]) -> NDArray[np.float32]:
    landmarks = np.stack([points[name] for name in ("wx", "wy", "wz")], -1).astype(np.float32)
    if (np.abs(landmarks) > _LARGEST_BODY_M).any():
        raise DiffhpeError(
            f"world landmarks within {_LARGEST_BODY_M:g} m or NaN are expected,"
            f" got {np.nanmax(np.abs(landmarks)):g} m"
        )
    return landmarks

"""Topic `joints`: the 3D joints of people, as a PointCloud2 of people x 17 points."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.cloud import camera_name, name_camera, pack_cloud, unpack_cloud
from diffhpe_ros.nodes.messages.header import make_header, stamp_to_ns
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.skeleton import NUM_JOINTS

_COVARIANCE = {"cov_xx": (0, 0), "cov_xy": (0, 1), "cov_xz": (0, 2),
               "cov_yy": (1, 1), "cov_yz": (1, 2), "cov_zz": (2, 2)}  # fmt: skip
POINT = np.dtype(
    [
        ("x", np.float32),
        ("y", np.float32),
        ("z", np.float32),
        ("confidence", np.float32),
        ("person", np.uint32),
        ("joint", np.uint8),
        *((name, np.float32) for name in _COVARIANCE),
    ],
    align=True,
)
"""One joint: metres in the frame of the header, and square metres."""


@dataclass(frozen=True, eq=False)
class UnpackedJoints:
    """The content of a `joints` message of P people."""

    frame_id: str
    stamp_ns: int
    track_ids: tuple[int, ...]
    positions: NDArray[np.float32]
    """(P, 17, 3) metres, in the frame of `frame_id`."""
    confidence: NDArray[np.float32]
    """(P, 17)."""
    covariance: NDArray[np.float32]
    """(P, 17, 3, 3) m²."""
    camera: str
    """Identity of the camera; together with the track id it identifies a person."""


def pack_joints(people: LiftedPeople) -> PointCloud2:
    """The message with the people whose position is known; its height is 0 if there are none."""
    placed = people.placed
    joints, covariance = people.joints[placed], people.covariance[placed]
    points = np.zeros(joints.shape[:2], POINT)
    points["x"], points["y"], points["z"] = np.moveaxis(joints, -1, 0)
    points["confidence"] = people.confidence[placed]
    points["person"] = np.array(people.track_ids, np.uint32)[placed, None]
    points["joint"] = np.arange(NUM_JOINTS)
    for name, (row, column) in _COVARIANCE.items():
        points[name] = covariance[..., row, column]
    dense = bool(np.isfinite(covariance).all())
    header = make_header(people.frame_id, people.stamp_ns)
    message = pack_cloud(header, points, is_dense=dense)
    if people.camera != people.frame_id:
        name_camera(message, people.camera)
    return message


def unpack_joints(message: PointCloud2) -> UnpackedJoints:
    """Read the message.

    Raises:
        DiffhpeError: it has other fields or another width.
    """
    if message.width != NUM_JOINTS:
        raise DiffhpeError(f"{NUM_JOINTS} joints a person are expected, got {message.width}")
    points = unpack_cloud(message, POINT)
    covariance: NDArray[Any] = np.empty((*points.shape, 3, 3), np.float32)
    for name, (row, column) in _COVARIANCE.items():
        covariance[..., row, column] = covariance[..., column, row] = points[name]
    return UnpackedJoints(
        frame_id=message.header.frame_id,
        stamp_ns=stamp_to_ns(message.header.stamp),
        track_ids=tuple(int(number) for number in points["person"][:, 0]),
        positions=np.stack([points["x"], points["y"], points["z"]], -1),
        confidence=points["confidence"].astype(np.float32),
        covariance=covariance,
        camera=camera_name(message) or message.header.frame_id,
    )

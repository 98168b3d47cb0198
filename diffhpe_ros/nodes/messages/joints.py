"""Topic `joints`: the 3D joints of people, as a PointCloud2 of people x 17 points."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.joint_cloud import ELEMENTS, JOINT_POINT
from diffhpe_ros.nodes.messages.cloud import camera_name, name_camera, pack_cloud, unpack_cloud
from diffhpe_ros.nodes.messages.header import make_header, stamp_to_ns
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.skeleton import NUM_JOINTS


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
    velocity: NDArray[np.float32]
    """(P, 17, 3) m/s."""
    velocity_covariance: NDArray[np.float32]
    """(P, 17, 3, 3) m²/s²."""
    seen: NDArray[np.bool_]
    """(P, 17) whether the joint was seen; if not, its position is the model's guess."""
    camera: str
    """Name of the camera; together with the track id it identifies a person."""


def pack_joints(people: LiftedPeople) -> PointCloud2:
    """The message of the people with a known position; its height is 0 if there are none."""
    located = people.located
    covariance, of_velocity = people.covariance[located], people.velocity_covariance[located]
    points = np.zeros((len(covariance), NUM_JOINTS), JOINT_POINT)
    points["x"], points["y"], points["z"] = np.moveaxis(people.joints[located], -1, 0)
    points["vx"], points["vy"], points["vz"] = np.moveaxis(people.velocity[located], -1, 0)
    points["confidence"] = people.confidence[located]
    points["person"] = np.array(people.track_ids, np.uint32)[located, None]
    points["joint"] = np.arange(NUM_JOINTS)
    points["seen"] = people.seen[located]
    for name, (row, column) in ELEMENTS.items():
        points[f"cov_{name}"] = covariance[..., row, column]
        points[f"vcov_{name}"] = of_velocity[..., row, column]
    dense = bool(np.isfinite(covariance).all() and np.isfinite(of_velocity).all())
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
    points = unpack_cloud(message, JOINT_POINT)
    return UnpackedJoints(
        frame_id=message.header.frame_id,
        stamp_ns=stamp_to_ns(message.header.stamp),
        track_ids=tuple(int(number) for number in points["person"][:, 0]),
        positions=np.stack([points["x"], points["y"], points["z"]], -1),
        confidence=points["confidence"].astype(np.float32),
        covariance=_matrices(points, "cov_"),
        velocity=np.stack([points["vx"], points["vy"], points["vz"]], -1),
        velocity_covariance=_matrices(points, "vcov_"),
        seen=points["seen"] > 0,
        camera=camera_name(message) or message.header.frame_id,
    )


def _matrices(points: NDArray[Any], prefix: str) -> NDArray[np.float32]:
    """Symmetric matrices (..., 3, 3) of points (...)."""
    matrices = np.empty((*points.shape, 3, 3), np.float32)
    for name, (row, column) in ELEMENTS.items():
        matrices[..., row, column] = matrices[..., column, row] = points[f"{prefix}{name}"]
    return matrices

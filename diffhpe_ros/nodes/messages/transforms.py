"""Topic `/tf`: people as coordinate frames, named as REP-155 has it."""

from importlib import import_module
from typing import Any

import numpy as np
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.rotation import quaternions
from diffhpe_ros.pipeline.people import LiftedPeople
from diffhpe_ros.skeleton import HIP, THORAX

LINKS = {
    1: "r_hip", 2: "r_knee", 3: "r_ankle", 4: "l_hip", 5: "l_knee", 6: "l_ankle",
    7: "waist", 8: "torso", 9: "nose", 10: "head",
    11: "l_shoulder", 12: "l_elbow", 13: "l_wrist", 14: "r_shoulder", 15: "r_elbow", 16: "r_wrist",
}  # fmt: skip
"""Joint → link of REP-155; `nose` is ours."""

_RIGHT_HIP, _LEFT_HIP = 1, 4


def tf_message_type(parameter: str) -> Any:
    """The type of `/tf`.

    Args:
        parameter: that needs it.

    Raises:
        DiffhpeError: it is not installed.
    """
    try:
        return import_module("tf2_msgs.msg").TFMessage
    except ImportError as error:
        raise DiffhpeError(
            f"parameter {parameter} expects the package tf2_msgs, which comes with ROS (apt install"
            f" ros-$ROS_DISTRO-tf2-msgs) and not from PyPI: install it, or do not set {parameter}"
        ) from error


def body_id(camera: str, person: int) -> str:
    """A name for a track that is unique among all cameras, for names of frames."""
    return f"{camera.strip('/').replace('/', '_')}_{person}"


def make_transforms(people: LiftedPeople, joints: bool) -> list[TransformStamped]:
    """Frames of the people whose position is known.

    `body_<id>` has its origin between the hips, x forward, y to the person's left and z towards the
    head; its parent is the frame of the joints. The joints' frames are its children and have its
    orientation, since points alone do not show how limbs are twisted.

    Args:
        people: of one camera.
        joints: make frames of the joints, too.
    """
    transforms: list[TransformStamped] = []
    for row in np.flatnonzero(people.placed):
        axes = _axes(people.joints[row])
        if axes is None:
            continue
        name = body_id(people.camera, people.track_ids[row])
        header = make_header(people.frame_id, people.stamp_ns)
        root = people.joints[row, HIP].astype(np.float64)
        x, y, z, w = quaternions(axes[None])[0].tolist()
        orientation = Quaternion(x=x, y=y, z=z, w=w)
        transforms.append(_stamped(header, f"body_{name}", root, orientation))
        if joints:
            header = make_header(f"body_{name}", people.stamp_ns)
            transforms += [
                _stamped(header, f"{link}_{name}", position, Quaternion())
                for link, position in zip(
                    LINKS.values(), (people.joints[row, list(LINKS)] - root) @ axes, strict=True
                )
            ]
    return transforms


def _axes(joints: NDArray[Any]) -> NDArray[np.float64] | None:
    """The body's axes, columns of (3, 3) in the joints' frame; None for a body without extent."""
    pose = joints.astype(np.float64)
    up, left = pose[THORAX] - pose[HIP], pose[_LEFT_HIP] - pose[_RIGHT_HIP]
    forward = np.cross(left, up)
    lengths = np.linalg.norm(up), np.linalg.norm(forward)
    if min(lengths) < 1e-6:
        return None
    up, forward = up / lengths[0], forward / lengths[1]
    return np.stack([forward, np.cross(up, forward), up], -1)


def _stamped(
    header: Any, child: str, position: NDArray[np.float64], orientation: Quaternion
) -> TransformStamped:
    x, y, z = position.tolist()
    transform = Transform(translation=Vector3(x=x, y=y, z=z), rotation=orientation)
    return TransformStamped(header=header, child_frame_id=child, transform=transform)

"""Topic `/tf`: people as coordinate frames, named by REP-155."""

from importlib import import_module
from typing import Any

import numpy as np
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.geometry.kinematic_chain import LINKS, forward
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.rotation import quaternions
from diffhpe_ros.pipeline.articulated_body import articulated_body
from diffhpe_ros.pipeline.people import LiftedPeople


def tf_message_type(parameter: str) -> Any:
    """The message type of `/tf`.

    Args:
        parameter: name of the parameter that needs it.

    Raises:
        DiffhpeError: tf2_msgs is not installed.
    """
    try:
        return import_module("tf2_msgs.msg").TFMessage
    except ImportError:
        raise DiffhpeError(
            f"parameter {parameter} needs the package tf2_msgs, which comes with ROS (apt install"
            f" ros-$ROS_DISTRO-tf2-msgs) and not from PyPI: install it, or do not set {parameter}"
        ) from None


def body_id(camera: str, person: int) -> str:
    """A name for a track, unique among all cameras, to build frame names."""
    return f"{camera.strip('/').replace('/', '_')}_{person}"


def make_transforms(people: LiftedPeople, joints: bool) -> list[TransformStamped]:
    """Frames of the people with a known position.

    `body_<id>` has its origin between the hips, x forward, y to the person's left and z towards the
    head; its parent is the frame of the joints' coordinates. The joints' frames are its children.
    Limb frames have the limb along -z, and their y axis is the hinge of elbow or knee.

    Args:
        people: people of one camera.
        joints: whether to make frames of the joints, too.
    """
    transforms: list[TransformStamped] = []
    for row in np.flatnonzero(people.located):
        body = articulated_body(people.joints[row])
        if body is None:
            continue
        name = body_id(people.camera, people.track_ids[row])
        header = make_header(people.frame_id, people.stamp_ns)
        x, y, z, w = quaternions(body.axes[None])[0].tolist()
        orientation = Quaternion(x=x, y=y, z=z, w=w)
        transforms.append(stamped(header, f"body_{name}", body.position, orientation))
        if joints:
            header = make_header(f"body_{name}", people.stamp_ns)
            positions = (people.joints[row] - body.position) @ body.axes
            links = forward(body.angles, body.lengths)
            turns = quaternions(np.stack([links[link][0] for link in LINKS.values()])).tolist()
            transforms += [
                stamped(header, f"{link}_{name}", positions[joint], Quaternion(x=x, y=y, z=z, w=w))
                for (joint, link), (x, y, z, w) in zip(LINKS.items(), turns, strict=True)
            ]
    return transforms


def stamped(
    header: Any, child: str, position: NDArray[np.float64], orientation: Quaternion
) -> TransformStamped:
    """A child frame at a position (3,) in its parent, the header's frame."""
    x, y, z = position.tolist()
    transform = Transform(translation=Vector3(x=x, y=y, z=z), rotation=orientation)
    return TransformStamped(header=header, child_frame_id=child, transform=transform)

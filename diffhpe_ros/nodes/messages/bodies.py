"""Messages of a body in space: joint states, position, velocity, and the frames of its links."""

from collections.abc import Iterator

import numpy as np
from geometry_msgs.msg import (
    Point,
    PointStamped,
    Quaternion,
    TransformStamped,
    Twist,
    TwistStamped,
    Vector3,
)
from numpy.typing import NDArray
from sensor_msgs.msg import JointState

from diffhpe_ros.geometry.kinematic_chain import CHAIN, ROOT
from diffhpe_ros.nodes.messages.header import make_header
from diffhpe_ros.nodes.messages.rotation import quaternions
from diffhpe_ros.nodes.messages.transforms import stamped
from diffhpe_ros.pipeline.articulated_body import ArticulatedBody

Array = NDArray[np.float64]


def pack_joint_states(person: str, stamp_ns: int, body: ArticulatedBody) -> JointState:
    """The joint angles of one body."""
    return JointState(
        header=make_header(f"{ROOT}_{person}", stamp_ns),
        name=[f"{name}_{person}" for name in body.angles],
        position=list(body.angles.values()),
    )


def pack_position(frame_id: str, stamp_ns: int, position: Array) -> PointStamped:
    """The place (3,) of a body in metres."""
    x, y, z = position.tolist()
    return PointStamped(header=make_header(frame_id, stamp_ns), point=Point(x=x, y=y, z=z))


def pack_velocity(frame_id: str, stamp_ns: int, velocity: Array) -> TwistStamped:
    """The velocity (3,) of a body in m/s."""
    x, y, z = velocity.tolist()
    return TwistStamped(
        header=make_header(frame_id, stamp_ns), twist=Twist(linear=Vector3(x=x, y=y, z=z))
    )


def make_link_transforms(
    person: str, frame_id: str, stamp_ns: int, body: ArticulatedBody
) -> Iterator[TransformStamped]:
    """The frames of all links of one body, each a child of the link that it hangs on."""
    x, y, z, w = quaternions(body.axes[None])[0].tolist()
    header = make_header(frame_id, stamp_ns)
    orientation = Quaternion(x=x, y=y, z=z, w=w)
    yield stamped(header, f"{ROOT}_{person}", body.position, orientation)
    for joint in CHAIN:
        half = body.angles[joint.name] / 2 if joint.axis is not None else 0.0
        x, y, z = (np.sin(half) * np.array(joint.axis or (0.0, 0.0, 0.0))).tolist()
        orientation = Quaternion(x=x, y=y, z=z, w=float(np.cos(half)))
        header = make_header(f"{joint.parent}_{person}", stamp_ns)
        yield stamped(header, f"{joint.child}_{person}", joint.offset(body.lengths), orientation)

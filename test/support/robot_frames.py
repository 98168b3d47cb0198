"""Messages of /tf."""

import numpy as np
from geometry_msgs.msg import TransformStamped
from tf2_msgs.msg import TFMessage

OPTICAL = (-0.5, 0.5, -0.5, 0.5)
"""x y z w: an optical frame in a body frame that looks the same way, x forward and z up."""


def transform(
    parent: str,
    child: str,
    stamp_ns: int,
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0),
    quaternion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0),
) -> TFMessage:
    """One transform."""
    stamped = TransformStamped(child_frame_id=child)
    stamped.header.frame_id = parent
    stamped.header.stamp.sec, stamped.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    t, q = stamped.transform.translation, stamped.transform.rotation
    t.x, t.y, t.z = map(float, translation)
    q.x, q.y, q.z, q.w = map(float, quaternion)
    return TFMessage(transforms=[stamped])


def turned(degrees: float) -> tuple[float, float, float, float]:
    """Quaternion of a turn to the left, about z."""
    half = np.radians(degrees) / 2
    return 0.0, 0.0, float(np.sin(half)), float(np.cos(half))

"""The ROS4HRI interface (REP-155), with the parameter `hri`: people as `/humans/bodies/<id>`.

The detector publishes the image topics, the lifter the 3D topics. hri_msgs is imported only when
it is needed.
"""

from importlib import import_module
from typing import Any

from diffhpe_ros.errors import DiffhpeError

BODIES = "/humans/bodies"


def hri_messages() -> Any:
    """The module `hri_msgs.msg`.

    Raises:
        DiffhpeError: it is not installed.
    """
    try:
        return import_module("hri_msgs.msg")
    except ImportError:
        raise DiffhpeError(
            "parameter hri needs the package hri_msgs, which PyPI does not have: sudo apt install"
            " ros-$ROS_DISTRO-hri-msgs, or set hri to false"
        ) from None


def body_id(track_id: int) -> str:
    """The id of a track's body: b0001 for track 0, and so on."""
    return f"b{track_id + 1:04d}"

"""The nodes' parameters: name, type, default, values and meaning.

Each node has a dataclass. Its values are read by `configure` and then fixed until `cleanup`, but
for those marked `live`, which can be set between two messages. docs/ros.md, config/lift.yaml and
the descriptions of the launch arguments are made from these tables (`parameters.document`).

The launch file imports this module, so it must not import ROS or torch. A test compares the choices
that repeat names of `lifting` with its registries.
"""

from dataclasses import fields

from diffhpe_ros.nodes.parameters.tables.common import CommonParameters, StageParameters
from diffhpe_ros.nodes.parameters.tables.detector import DetectorParameters
from diffhpe_ros.nodes.parameters.tables.lifter import AUTO_PRESET, LifterParameters
from diffhpe_ros.nodes.parameters.tables.video_source import VideoSourceParameters

__all__ = [
    "AUTO_PRESET",
    "PARAMETER_NAMES",
    "CommonParameters",
    "DetectorParameters",
    "LifterParameters",
    "StageParameters",
    "VideoSourceParameters",
]

PARAMETER_NAMES = frozenset(
    each.name
    for kind in (DetectorParameters, LifterParameters, VideoSourceParameters)
    for each in fields(kind)
)
"""Of all nodes."""

"""DiffPose, beside DiffHPE and behind the same lifter."""

from diffhpe_ros.lifting.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.diffpose.initial import Component, InitialDistribution
from diffhpe_ros.lifting.diffpose.model import Context, DiffPose

__all__ = ["Component", "Context", "DiffPose", "DiffPoseConfig", "InitialDistribution"]

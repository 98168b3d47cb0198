"""DiffPose, beside DiffHPE and behind the same lifter."""

from diffhpe_ros.lifting.models.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.models.diffpose.initial import Component, InitialDistribution
from diffhpe_ros.lifting.models.diffpose.model import Context, DiffPose

__all__ = ["Component", "Context", "DiffPose", "DiffPoseConfig", "InitialDistribution"]

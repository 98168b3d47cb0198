"""DiffPose (Gong et al., CVPR 2023), behind the same lifter as DiffHPE."""

from diffhpe_ros.lifting.models.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.models.diffpose.initial import Component, InitialDistribution
from diffhpe_ros.lifting.models.diffpose.model import Context, DiffPose

__all__ = ["Component", "Context", "DiffPose", "DiffPoseConfig", "InitialDistribution"]

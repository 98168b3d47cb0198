"""DiffPose (Gong et al., CVPR 2023), used through the same lifter as DiffHPE."""

"""DiffPose (Gong et al., CVPR 2023), behind the same lifter as DiffHPE."""

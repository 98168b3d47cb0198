"""Drawings of results: 2D joints, 3D skeletons, and both side by side.

The still figure is in a separate module, `diffhpe_ros.drawing.figure`, since it needs matplotlib.
"""

from diffhpe_ros.drawing.background import BACKGROUNDS, overlay_background
from diffhpe_ros.drawing.keypoints import draw_keypoints
from diffhpe_ros.drawing.overlay import compose_frame
from diffhpe_ros.drawing.scene import SkeletonView

__all__ = [
    "BACKGROUNDS",
    "SkeletonView",
    "compose_frame",
    "draw_keypoints",
    "overlay_background",
]

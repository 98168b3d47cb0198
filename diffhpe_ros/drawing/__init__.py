"""Pictures of what the package sees: 2D joints, 3D skeletons, and both side by side.

The still figure is in `diffhpe_ros.drawing.figure`, apart, since it needs matplotlib.
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

"""The root of a pose from its image: the shift with which the joints project onto the keypoints.

Lifting and placement both use this fit, on different poses: the lifter on a window's unconstrained
poses, for their reprojection residual; placement on the output poses, with their confidence and
stamps.
"""

from diffhpe_ros.geometry.root_fit import localize_root, localize_windows
from diffhpe_ros.geometry.root_trajectory import RootTrajectory

__all__ = ["RootTrajectory", "localize_root", "localize_windows"]

"""The root of a pose from its image: the shift that makes root-relative joints project onto it.

Lifting and placement both use this fit, on different poses: the lifter on a window's unconstrained
poses, for their reprojection residual; placement on the poses that are given out, with their
confidence and stamps.
"""

from diffhpe_ros.geometry.root_fit import localize_root, localize_windows
from diffhpe_ros.geometry.root_trajectory import RootTrajectory

__all__ = ["RootTrajectory", "localize_root", "localize_windows"]

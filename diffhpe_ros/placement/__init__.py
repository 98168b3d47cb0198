"""Where people stand: the root's position from root-relative poses and their images.

The lifters give joints relative to the root. With known rays to the same joints, the root is the
shift that makes the pose project onto them.
"""

from diffhpe_ros.placement.depth import DEPTH_SD_M, measure, sample_depth
from diffhpe_ros.placement.following import DistanceFilter
from diffhpe_ros.placement.place import RootTrajectory
from diffhpe_ros.placement.size import BodyScale
from diffhpe_ros.placement.track import localize_track
from diffhpe_ros.placement.windows import localize_root, localize_windows

__all__ = [
    "DEPTH_SD_M",
    "BodyScale",
    "DistanceFilter",
    "RootTrajectory",
    "localize_root",
    "localize_track",
    "localize_windows",
    "measure",
    "sample_depth",
]

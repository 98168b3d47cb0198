"""Where people stand: the root's position from root-relative poses and their images.

The lifters give joints relative to the root. With known rays to the same joints, the root is the
shift that makes the pose project onto them.
"""

from diffhpe_ros.placement.depth import DEPTH_SD_M, measure, sample_depth
from diffhpe_ros.placement.following import Following
from diffhpe_ros.placement.place import Place
from diffhpe_ros.placement.size import Size
from diffhpe_ros.placement.track import place_track
from diffhpe_ros.placement.windows import place_root, place_windows

__all__ = [
    "DEPTH_SD_M",
    "Following",
    "Place",
    "Size",
    "measure",
    "place_root",
    "place_track",
    "place_windows",
    "sample_depth",
]

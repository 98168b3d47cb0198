"""People's positions in metres: over a recording, over time for one person, and from depth images.

The fit of a root to one window is in `diffhpe_ros.geometry`.
"""

from diffhpe_ros.placement.body_scale import BodyScale
from diffhpe_ros.placement.depth import DEPTH_SD_M, measure, sample_depth
from diffhpe_ros.placement.distance_filter import DistanceFilter
from diffhpe_ros.placement.track import localize_track

__all__ = [
    "DEPTH_SD_M",
    "BodyScale",
    "DistanceFilter",
    "localize_track",
    "measure",
    "sample_depth",
]

"""Where people stand: the root's position from root-relative poses and their images.

The lifters give joints relative to the root. With known rays to the same joints, the root is the
shift that makes the pose project onto them.
"""

from diffhpe_ros.placement.following import Following
from diffhpe_ros.placement.place import Place
from diffhpe_ros.placement.track import place_track
from diffhpe_ros.placement.windows import place_root, place_windows

__all__ = ["Following", "Place", "place_root", "place_track", "place_windows"]

"""From 2D frames at any rate to windows on the uniform grid that the lifters were trained on.

Cameras run at 15, 30 or 60 Hz, skip frames and have jitter; a lifter expects 27 frames at its rate.
`live` does frame by frame what `track` does with a whole recording.
"""

from diffhpe_ros.windows.grid import BRIDGE_S, FRAMES, LIVE_RATE, RATE
from diffhpe_ros.windows.live import Observation, Window, WindowBuilder
from diffhpe_ros.windows.track import TrackWindows, windows_of_track

__all__ = [
    "BRIDGE_S",
    "FRAMES",
    "LIVE_RATE",
    "RATE",
    "Observation",
    "TrackWindows",
    "Window",
    "WindowBuilder",
    "windows_of_track",
]

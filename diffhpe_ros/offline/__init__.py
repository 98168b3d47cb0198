"""Lifts whole recordings to files, for `diffhpe lift`.

A source gives the people in each frame, from images or from keypoints. They are stored on disk, in
a folder next to the output. Then each person's track is lifted piece by piece, and finally all
poses are written. So recordings of hours need no more memory than those of minutes, and a stopped
run can be resumed.
"""

from diffhpe_ros.offline.lifted import Lifted
from diffhpe_ros.offline.options import SourceOptions
from diffhpe_ros.offline.run import lift_recording

__all__ = ["Lifted", "SourceOptions", "lift_recording"]

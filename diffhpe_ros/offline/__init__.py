"""Whole recordings to files: what `diffhpe lift` does.

A source gives the people in each frame, from images or from keypoints. They are kept on disk, in a
folder beside the output; then each person's track is lifted piece by piece; then all are written.
So recordings of hours need no more memory than those of minutes, and a run that was stopped can go
on.
"""

from diffhpe_ros.offline.lifted import Lifted
from diffhpe_ros.offline.options import SourceOptions
from diffhpe_ros.offline.run import lift_recording

__all__ = ["Lifted", "SourceOptions", "lift_recording"]

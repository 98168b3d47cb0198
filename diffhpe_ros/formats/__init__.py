"""File formats: 2D keypoints in, 3D poses out; one file for each format.

`readers` turn other programs' keypoints into `KeypointRows`. `writers` turn a `PoseRecording` into
files for other programs. Neither needs ROS or torch.
"""

from diffhpe_ros.formats.keypoint_rows import KeypointRows
from diffhpe_ros.formats.pose_recording import POSE_ROW, PoseRecording, PoseTrack
from diffhpe_ros.formats.readers import read_keypoints
from diffhpe_ros.formats.writers import ENDINGS, check_ending, write_poses

__all__ = [
    "ENDINGS",
    "POSE_ROW",
    "KeypointRows",
    "PoseRecording",
    "PoseTrack",
    "check_ending",
    "read_keypoints",
    "write_poses",
]

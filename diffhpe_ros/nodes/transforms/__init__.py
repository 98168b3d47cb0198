"""Coordinate frames of the robot: what /tf and /tf_static say, at any time of the last seconds.

tf2_ros is not on PyPI, and what its listener knows at a moment depends on the network. This buffer
needs tf2_msgs alone, and its answers in replay depend on the messages only.
"""

"""Coordinate frames of the robot, from /tf and /tf_static, at any time of the last seconds.

tf2_ros is not on PyPI, and what its listener knows at a given moment depends on the network. This
buffer needs only tf2_msgs, and its answers in replay depend only on the messages.
"""

"""Conversions between arrays and ROS messages, a file for each kind of message."""

"""Conversions between arrays and ROS messages, one file for each kind of message."""

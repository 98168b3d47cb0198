"""Every conversion between arrays and ROS messages, one file per kind of message."""

"""Image → people in metres, without ROS: the stages that the nodes wrap."""

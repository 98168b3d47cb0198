"""The ROS nodes; with `demo`, the only package that imports rclpy.

`detector`, `lifter` and `video_source` are transport: parameters, topics, threads and diagnostics.
The data is processed in `diffhpe_ros.pipeline`, without ROS; `messages` converts it.
"""

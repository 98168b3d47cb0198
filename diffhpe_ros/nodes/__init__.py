"""The ROS nodes: the only room that knows rclpy.

`detector`, `lifter` and `video_source` are wiring: parameters, topics and threads. What they do
to the data is in `detection_stage` and `lifting_stage`, without ROS; how it looks on the wire is
in `messages`.
"""

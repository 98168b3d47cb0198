#!/bin/bash
# Runs a command with ROS, the virtual environment and this package.
set -e
source "/opt/ros/$ROS_DISTRO/setup.bash"
source /ws/venv/bin/activate
source /ws/install/setup.bash
exec "$@"

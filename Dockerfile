# diffhpe_ros on ROS 2, by the apt route of README.md. Not built yet.
#
#   docker build -t diffhpe_ros .
#   docker run --rm --net=host --ipc=host diffhpe_ros \
#       ros2 launch diffhpe_ros lift.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info
#
# docker/bake.hcl has this image for an NVIDIA GPU and for a Jetson, and one without ROS.
ARG ROS_DISTRO=jazzy
FROM ros:${ROS_DISTRO}-ros-base

SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /ws

RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ python3-venv \
    && rm -rf /var/lib/apt/lists/*

# What changes seldom comes first.
COPY package.xml src/diffhpe_ros/
RUN apt-get update \
    && rosdep update \
    && rosdep install --from-paths src --ignore-src --default-yes \
    && rm -rf /var/lib/apt/lists/*

# The default model needs no torch: the build compiles its engine.
ARG TORCH=
ARG ONNXRUNTIME=onnxruntime
# ROS's own Python packages are built for numpy 1. Several packages may be in one argument.
RUN python3 -m venv --system-site-packages venv \
    && touch venv/COLCON_IGNORE \
    && source venv/bin/activate \
    && pip install --no-cache-dir colcon-common-extensions "setuptools<80" "numpy<2" safetensors \
        "ai-edge-litert>=2.1" "av>=14.1" ${ONNXRUNTIME} ${TORCH}

COPY . src/diffhpe_ros
# The compiled library is chosen by the CPU at run time; BlazePose's weights are fetched now.
RUN source "/opt/ros/${ROS_DISTRO}/setup.bash" \
    && source venv/bin/activate \
    && python -m colcon build \
    && source install/setup.bash \
    && python -m diffhpe_ros.detection.weights

ENTRYPOINT ["/ws/src/diffhpe_ros/docker/entrypoint.sh"]
CMD ["ros2", "launch", "diffhpe_ros", "lift.launch.py"]

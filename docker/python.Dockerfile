# diffhpe_ros without ROS: `diffhpe lift`, `diffhpe view` and PosePipeline. Not built yet.
#
#   docker build -f docker/python.Dockerfile -t diffhpe_ros:python .
#   docker run --rm -u "$(id -u)" -v "$PWD:/data" diffhpe_ros:python lift walk.mp4 --out walk.bvh
#   docker run --rm -p 127.0.0.1:8080:8080 -v "$PWD:/data" diffhpe_ros:python \
#       view walk.mp4 --host 0.0.0.0 --no-open
ARG PYTHON=3.12
FROM python:${PYTHON}-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /src

FROM python:${PYTHON}-slim
ARG EXTRAS=cpu,demo,view
# Readable for every user: BlazePose's weights are fetched now.
ENV DIFFHPE_CACHE=/opt/diffhpe
RUN --mount=from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir "$(ls /wheels/*.whl)[${EXTRAS}]" \
    && python -m diffhpe_ros.detection.weights
WORKDIR /data
ENTRYPOINT ["diffhpe"]
CMD ["--help"]

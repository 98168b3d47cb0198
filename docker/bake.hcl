# All images; not built yet.
#
#   docker buildx bake -f docker/bake.hcl            # cpu and python
#   docker buildx bake -f docker/bake.hcl cuda       # run it with --gpus=all
#   docker buildx bake -f docker/bake.hcl jetson     # on the Jetson itself, or by emulation
group "default" {
  targets = ["cpu", "python"]
}

variable "ROS_DISTRO" {
  default = "jazzy"
}

target "cpu" {
  args = { ROS_DISTRO = ROS_DISTRO }
  tags = ["diffhpe_ros:${ROS_DISTRO}"]
}

# PyPI's torch for x86-64 brings CUDA; cuDNN for onnxruntime comes with it.
target "cuda" {
  inherits = ["cpu"]
  args = {
    TORCH       = "torch"
    ONNXRUNTIME = "onnx onnxruntime-gpu"
  }
  tags = ["diffhpe_ros:${ROS_DISTRO}-cuda"]
}

# On the CPU: PyPI's torch for aarch64 is not built for the Jetson's GPU.
target "jetson" {
  inherits  = ["cpu"]
  platforms = ["linux/arm64"]
  tags      = ["diffhpe_ros:${ROS_DISTRO}-jetson"]
}

target "python" {
  dockerfile = "docker/python.Dockerfile"
  tags       = ["diffhpe_ros:python"]
}

target "python-cuda" {
  inherits = ["python"]
  args     = { EXTRAS = "gpu,demo,view" }
  tags     = ["diffhpe_ros:python-cuda"]
}

"""Live 3D human skeletons from one camera, by diffusion lifting (DiffHPE), for ROS 2."""

__version__ = "0.1.0"

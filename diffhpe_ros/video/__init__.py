"""Reads and writes video files."""

from diffhpe_ros.video.reader import VideoReader
from diffhpe_ros.video.writer import VideoWriter

__all__ = ["VideoReader", "VideoWriter"]

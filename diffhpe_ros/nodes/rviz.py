"""RViz for any camera: a frame whose z axis points up, and a configuration that uses it.

The launch file reads this module, so it needs nothing but Python.
"""

import tempfile
from pathlib import Path

DEFAULT_FRAME = "camera_optical_frame"
"""The optical frame in `config/lift.rviz` and of `video_source`."""


def upright_frame(frame: str) -> str:
    """Name of an optical frame's child frame whose z axis points up."""
    return f"{frame}_upright"


def write_rviz_config(template: Path, frame: str, target_frame: str = "") -> Path:
    """Write a temporary copy of an RViz configuration for another optical frame.

    Args:
        template: configuration with the optical frame `DEFAULT_FRAME`.
        frame: the optical frame of the images, their header.frame_id.
        target_frame: the frame of the results; empty for the camera's upright frame.

    Returns:
        The path of the copy.
    """
    text = template.read_text()
    text = text.replace(upright_frame(DEFAULT_FRAME), target_frame or upright_frame(frame))
    text = text.replace(DEFAULT_FRAME, frame)
    with tempfile.NamedTemporaryFile("w", prefix="diffhpe_", suffix=".rviz", delete=False) as file:
        file.write(text)
    return Path(file.name)

"""Parameters of the video source."""

from dataclasses import dataclass

from diffhpe_ros.nodes.parameters.tables.common import CommonParameters
from diffhpe_ros.nodes.parameters.tables.row import parameter


@dataclass(frozen=True)
class VideoSourceParameters(CommonParameters):
    """Parameters of `video_source`."""

    path: str = parameter(
        "",
        "Video file, or address of a stream such as rtsp://...; either path or camera is needed.",
        launch_only=True,
    )
    camera: int = parameter(-1, "Number of a webcam.", least=-1, most=63, launch_only=True)
    loop: bool = parameter(False, "Play the file again when it ends; the stamps keep rising.")
    frame_id: str = parameter("camera_optical_frame", "Optical frame of the images.")
    calibration: str = parameter(
        "", "YAML file of camera_calibration, for camera_info; empty: uncalibrated, K is 0."
    )
    wait_s: float = parameter(
        5.0,
        "Seconds to wait for a subscriber before the first image; in replay at least 30.",
        least=0.0,
        most=600.0,
    )
    start_time_s: float = parameter(
        0.0,
        "Stamp of a file's first image, for reproducible stamps; 0: now.",
        least=0.0,
        most=4e9,
    )

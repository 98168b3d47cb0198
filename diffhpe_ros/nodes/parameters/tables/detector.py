"""Parameters of the detector."""

from dataclasses import dataclass, fields
from typing import Any

from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW
from diffhpe_ros.detection import DETECTORS
from diffhpe_ros.detection.blazepose.network import RUNTIMES
from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.installed_models import LEAST_RATE, MOST_RATE
from diffhpe_ros.nodes.parameters.tables.common import StageParameters
from diffhpe_ros.nodes.parameters.tables.row import option_parameter, parameter, split_names
from diffhpe_ros.pipeline.options import WindowOptions
from diffhpe_ros.track_registry import RETURN_S, TRACK_S
from diffhpe_ros.windows import LIVE_RATE, RATE


@dataclass(frozen=True)
class DetectorParameters(StageParameters):
    """Parameters of `detector`."""

    detector: str = parameter(
        "blazepose",
        "The 2D detector. onnx needs person_model and pose_model; mmpose also needs pose_config and"
        " trust_checkpoint.",
        choices=DETECTORS,
    )
    person_model: str = parameter(
        "",
        "onnx and mmpose: .onnx file of the model that finds people, a YOLOX or RTMDet.",
        detector_option=True,
    )
    pose_model: str = parameter(
        "",
        "onnx: .onnx file of the model that finds joints, a MoveNet or SimCC model such as RTMPose."
        " mmpose: its .pth file.",
        read_only=True,
        detector_option=True,
    )
    pose_config: str = parameter(
        "", "mmpose: .py file of pose_model.", read_only=True, detector_option=True
    )
    trust_checkpoint: bool = parameter(
        False,
        "mmpose: allow pose_config and pose_model to run code; files of these kinds can contain"
        " any code.",
        read_only=True,
        detector_option=True,
    )
    min_confidence: float = parameter(
        -1.0,
        "Joints with a lower confidence count as unseen; -1: the detector's default.",
        least=-1.0,
        most=1.0,
        live=True,
    )
    threads: int = parameter(
        0, "CPU threads; 0: the detector's default.", least=0, most=256, detector_option=True
    )
    max_people: int = parameter(
        4,
        "Largest number of tracks at a time: large and confident detections first, existing"
        " tracks before new ones.",
        least=1,
        most=16,
        live=True,
    )
    runtime: str = parameter(
        "auto",
        "blazepose: litert runs on the CPU, onnx in onnxruntime. auto: onnx where onnxruntime has a"
        " working GPU, else litert.",
        choices=RUNTIMES,
        detector_option=True,
    )
    providers: str = parameter(
        "",
        "onnxruntime's execution providers in order of preference, separated by commas; empty: CUDA"
        " where there is one, else the CPU.",
        detector_option=True,
    )
    blazepose_model: str = parameter(
        "auto",
        "blazepose: lite is the fastest, heavy has the best joints; lite and heavy are downloaded"
        " once by npm. auto: the best that keeps up with the camera; in replay the best"
        " available.",
        choices=MODELS,
    )
    check_every: int = parameter(
        10,
        "blazepose: in every n-th image, the model heavy checks left and right of a person that a"
        " faster model tracks; this runs in the background. 0: never, else at least 6.",
        least=0,
        most=1000,
        detector_option=True,
    )
    search_every: int = parameter(
        5,
        "blazepose: look for new people in every n-th image, and in every image for one second"
        " after a person was lost.",
        least=1,
        most=1000,
        detector_option=True,
    )
    forget_s: float = parameter(
        TRACK_S,
        "Seconds for which an unseen track keeps its id and its place among max_people.",
        least=0.0,
        most=10.0,
    )
    return_s: float = parameter(
        RETURN_S,
        "Seconds for which a person who left is recognised by the colours of their clothes, and"
        " gets the same id again; 0: never.",
        least=0.0,
        most=600.0,
    )
    first_track_id: int = parameter(
        0,
        "Id of the first track. With hri, cameras that share a lifter need separate ranges, for"
        " example from 0 and from 1000.",
        least=0,
        most=2**31 - 1,
    )
    image_transport: str = parameter(
        "raw",
        "compressed: the topic image is a CompressedImage; remap it to .../compressed.",
        choices=("raw", "compressed"),
    )
    camera_name: str = parameter(
        "",
        "Distinguishes cameras that send the same frame_id; empty: the frame_id is used.",
    )
    overlay_background: str = parameter(
        "image",
        "What ~/overlay shows behind the joints: the image, a blurred image without recognisable"
        " faces, or no image.",
        choices=("image", "blurred", "none"),
        live=True,
    )
    rectified: bool = parameter(
        False, "The images are undistorted: use P of camera_info, without distortion."
    )
    camera_info_timeout_s: float = parameter(
        2.0,
        "Seconds to wait for camera_info after the first image; then field_of_view is used.",
        least=0.0,
        most=60.0,
    )
    field_of_view: float = parameter(
        DEFAULT_FIELD_OF_VIEW,
        "Degrees over the longer image side, for cameras without calibration.",
        least=1.0,
        most=170.0,
    )
    announce_images: bool = parameter(
        False,
        "In replay, also send a message for images without windows, so that a lifter with"
        " expected_cameras knows the progress of each camera.",
    )
    camera_moves: bool = parameter(
        False,
        "The camera moves, and the lifter knows its motion from motion_frame or imu: do not warn"
        " when the background moves. The launch file sets it.",
    )
    depth: bool = parameter(
        False, "Use the topic depth: a depth image aligned to the colour image."
    )
    depth_tolerance_s: float = parameter(
        0.02,
        "Largest difference between the stamps of image and depth, in seconds.",
        least=0.0,
        most=1.0,
    )
    rate: float = parameter(
        LIVE_RATE,
        "Frames per second of the windows: what the lifter's model expects. The launch file sets it"
        " where another model than the default one is chosen.",
        least=LEAST_RATE,
        most=MOST_RATE,
    )
    first_rate: float = parameter(
        RATE,
        "Frames per second of a person's first window, so that results start early; later windows"
        " grow to the length that belongs to rate. Values below rate count as rate.",
        least=LEAST_RATE,
        most=MOST_RATE,
    )
    stride: int = option_parameter(WindowOptions, "stride", "Make windows for every n-th image.")
    bridge_s: float = option_parameter(
        WindowOptions,
        "bridge_s",
        "Gaps of a joint up to this many seconds are interpolated; below 15 images/s, gaps up to"
        " 1.5 image periods always are.",
    )
    restart_s: float = option_parameter(
        WindowOptions,
        "restart_s",
        "A track that is unseen for longer than this many seconds starts a new window.",
    )

    @property
    def detector_settings(self) -> dict[str, Any]:
        """Settings of all detectors, for `detection.detector_from_settings`."""
        options = [each.name for each in fields(self) if each.metadata["detector_option"]]
        providers = split_names(self.providers)
        values = {name: getattr(self, name) for name in options}
        return values | {"providers": providers, "model": self.blazepose_model}

    @property
    def window_options(self) -> WindowOptions:
        """Options of the detection stage."""
        return WindowOptions(self.rate, self.first_rate, self.stride, self.bridge_s, self.restart_s)

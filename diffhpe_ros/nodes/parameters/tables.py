"""The nodes' parameters: name, type, default, range and meaning, in one place.

Each node's are a dataclass. They are taken when the node is configured and are then fixed until
`cleanup`, but for those marked `live`, which change between two messages.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW
from diffhpe_ros.detection import DETECTORS
from diffhpe_ros.detection.blazepose.network import RUNTIMES
from diffhpe_ros.pipeline.options import OutputOptions, WindowOptions
from diffhpe_ros.track_registry import OUTPUT_S, TRACK_S, WINDOW_S
from diffhpe_ros.windows import BRIDGE_S, FRAMES, RATE


def _parameter(
    default: Any,
    description: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    read_only: bool = False,
    live: bool = False,
    detector_option: bool = False,
) -> Any:
    metadata = {
        "description": description,
        "range": None if least is None else (least, most),
        "choices": choices,
        "read_only": read_only,
        "live": live,
        "detector_option": detector_option,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class CommonParameters:
    """Parameters of every node."""

    autostart: bool = _parameter(
        False, "configure and activate at start, without a lifecycle manager", read_only=True
    )
    replay: bool = _parameter(
        False, "process every message, reproducibly, instead of the newest only"
    )


@dataclass(frozen=True)
class StageParameters(CommonParameters):
    """Parameters of the nodes between image and skeleton."""

    latency_warn_s: float = _parameter(
        0.3,
        "results that lag their image by more than this are warned of",
        least=0.0,
        most=3600.0,
        live=True,
    )
    latency_error_s: float = _parameter(
        1.0, "results that lag their image by more than this are an error", least=0.0,
        most=3600.0, live=True,
    )  # fmt: skip


@dataclass(frozen=True)
class DetectorParameters(StageParameters):
    """Parameters of `detector`."""

    detector: str = _parameter("blazepose", "what finds the joints", choices=DETECTORS)
    person_model: str = _parameter(
        "",
        "onnx and mmpose: .onnx file of a YOLOX or RTMDet that finds people",
        detector_option=True,
    )
    pose_model: str = _parameter(
        "",
        "finds joints; onnx: .onnx file of a MoveNet or SimCC model; mmpose: a checkpoint",
        read_only=True,
        detector_option=True,
    )
    pose_config: str = _parameter(
        "", "mmpose: .py file of the pose model", read_only=True, detector_option=True
    )
    trust_checkpoint: bool = _parameter(
        False,
        "mmpose: let pose_config and pose_model run code, which such files can",
        read_only=True,
        detector_option=True,
    )
    min_confidence: float = _parameter(
        -1.0,
        "joints below are unseen; -1 is the detector's own default",
        least=-1.0,
        most=1.0,
        live=True,
    )
    threads: int = _parameter(
        0,
        "CPU threads of the detector; 0 is its own default",
        least=0,
        most=256,
        detector_option=True,
    )
    max_people: int = _parameter(
        4,
        "follow no more: the largest and surest first, those followed before new ones",
        least=1,
        most=16,
        live=True,
    )
    runtime: str = _parameter(
        "auto",
        "blazepose: what runs its networks; auto: onnx where onnxruntime has a GPU, else litert",
        choices=RUNTIMES,
        detector_option=True,
    )
    providers: str = _parameter(
        "",
        "execution providers of onnxruntime in the order of preference, separated by commas;"
        " empty: CUDA where there is one, else the CPU",
        detector_option=True,
    )
    search_every: int = _parameter(
        5,
        "blazepose: look for new people in every n-th image",
        least=1,
        most=1000,
        detector_option=True,
    )
    forget_s: float = _parameter(
        TRACK_S, "people unseen for no longer than this keep their number", least=0.0, most=10.0
    )
    image_transport: str = _parameter(
        "raw", "type of the topic `image`: Image or CompressedImage", choices=("raw", "compressed")
    )
    rectified: bool = _parameter(
        False, "the images are undistorted already: use P of camera_info, without distortion"
    )
    camera_info_timeout_s: float = _parameter(
        2.0,
        "wait so long for camera_info after the first image; then field_of_view is used",
        least=0.0,
        most=60.0,
    )
    field_of_view: float = _parameter(
        DEFAULT_FIELD_OF_VIEW,
        "degrees over the longer image side, for cameras without calibration",
        least=1.0,
        most=170.0,
    )
    depth: bool = _parameter(
        False, "use the topic `depth`: a depth image in the pixels of the colour image"
    )
    depth_tolerance_s: float = _parameter(
        0.02, "stamps of image and depth may differ by so much", least=0.0, most=1.0
    )
    rate: float = _parameter(
        RATE, "frames per second of the windows: what the lifter's model expects", least=13.0,
        most=1000.0,
    )  # fmt: skip
    stride: int = _parameter(1, "give windows for every n-th image", least=1, most=1000)
    bridge_s: float = _parameter(
        BRIDGE_S,
        "joints unseen for no longer than this are interpolated; more below 15 images/s",
        least=0.0,
        most=2.0,
    )
    restart_s: float = _parameter(
        WINDOW_S, "people unseen for longer than this start a new window", least=0.01, most=10.0
    )

    @property
    def detector_settings(self) -> dict[str, Any]:
        """Settings of all detectors, for `detection.detector_from_settings`."""
        options = [each.name for each in fields(self) if each.metadata["detector_option"]]
        providers = [name.strip() for name in self.providers.split(",") if name.strip()]
        return {name: getattr(self, name) for name in options} | {"providers": providers}

    @property
    def window_options(self) -> WindowOptions:
        """Of the detection stage."""
        return WindowOptions(self.rate, self.stride, self.bridge_s, self.restart_s)


@dataclass(frozen=True)
class LifterParameters(StageParameters):
    """Parameters of `lifter`."""

    model: str = _parameter(
        "diffhpe-wrapper-robust", "name of a model that is installed, or its path"
    )
    device: str = _parameter("auto", "cpu, cuda, cuda:N, or auto: cuda where there is one")
    threads: int = _parameter(
        0, "CPU threads of the model; 0 is half of the cores", least=0, most=256
    )
    engine: str = _parameter(
        "auto",
        "what runs the model: cuda_graph, native, folded, plain, onnx for one that was exported, or"
        " auto: cuda_graph on CUDA, else native where that can be",
    )
    kernels: str = _parameter(
        "torch",
        "of the engines cuda_graph and folded; triton: fused ones",
        choices=("torch", "triton"),
    )
    preset: str = _parameter(
        "",
        "fast, balanced or faithful; auto: the best that keeps up; empty is the model's default,"
        " on CUDA auto",
    )
    expected_people: int = _parameter(
        4, "preset auto: keep up with so many people at once", least=1, most=16
    )
    expected_rate: float = _parameter(
        30.0, "preset auto: keep up with so many images a second", least=1.0, most=1000.0
    )
    sampler: str = _parameter("", "ddpm, ddim or dpm-solver; empty is the preset's")
    steps: int = _parameter(0, "sampling steps; 0 is the preset's", least=0, most=1000, live=True)
    hypotheses: int = _parameter(
        0, "poses per window; 0 is the preset's", least=0, most=100, live=True
    )
    start: str = _parameter(
        "", "where sampling starts: noise, backbone or previous; empty is the preset's"
    )
    augmentation: str = _parameter(
        "", "none, or flip: half of the hypotheses are of the mirror image; empty is the preset's"
    )
    aggregation: str = _parameter(
        "mean", "how a window's hypotheses become one pose", choices=("mean", "reprojection")
    )
    decode: str = _parameter(
        "rigid",
        "rigid: a person's bones keep their length; free: as the model gives them",
        choices=("free", "rigid"),
    )
    seed: int = _parameter(0, "of the noise that diffusion starts from")
    lag: int = _parameter(
        0, "show the frame so many before the newest: later, and better", least=0, most=FRAMES // 2
    )
    blend_s: float = _parameter(
        0.04,
        "seconds over which overlapping windows are blended; 0 is off",
        least=0.0,
        most=1.0,
        live=True,
    )
    one_euro_min_cutoff: float = _parameter(
        0.0,
        "Hz, of a One-Euro filter of the joints, at rest; 0 is off",
        least=0.0,
        most=100.0,
        live=True,
    )
    one_euro_beta: float = _parameter(
        5.0,
        "Hz per m/s, by which its cutoff rises with a joint's speed",
        least=0.0,
        most=1000.0,
        live=True,
    )
    marker_lifetime_s: float = _parameter(
        OUTPUT_S,
        "skeletons of people unseen for longer than this are removed",
        least=0.05,
        most=60.0,
        live=True,
    )
    ellipsoids: bool = _parameter(True, "draw the one-sigma ellipsoid of each joint", live=True)
    tf: str = _parameter(
        "none",
        "frames of people on /tf: body_<id>, and those of its joints; needs tf2_msgs",
        choices=("none", "body", "joints"),
    )

    @property
    def output_options(self) -> OutputOptions:
        """Of the lifting stage."""
        return OutputOptions(
            self.lag,
            self.blend_s,
            self.one_euro_min_cutoff,
            self.one_euro_beta,
            self.marker_lifetime_s,
        )


@dataclass(frozen=True)
class VideoSourceParameters(CommonParameters):
    """Parameters of `video_source`."""

    path: str = _parameter("", "video file or address, such as rtsp://...; or else give `camera`")
    camera: int = _parameter(-1, "number of a webcam", least=-1, most=63)
    loop: bool = _parameter(False, "begin the file again when it ends")
    frame_id: str = _parameter("camera_optical_frame", "of the images")
    calibration: str = _parameter(
        "", "YAML file of camera_calibration; without one the images count as uncalibrated"
    )
    wait_s: float = _parameter(
        5.0,
        "wait so long for a subscriber before the first image; in replay at least 30 s",
        least=0.0,
        most=600.0,
    )
    start_time_s: float = _parameter(
        0.0, "stamp of a file's first image, for reproducible stamps; 0 is now", least=0.0,
        most=4e9,
    )  # fmt: skip

"""The nodes' parameters: name, type, default, values and meaning.

Each node has a dataclass. Its values are read by `configure` and then fixed until `cleanup`, but
for those marked `live`, which can be set between two messages. docs/ros.md, config/lift.yaml and
the descriptions of the launch arguments are made from these tables (`parameters.document`).

The launch file imports this module, so it must not import ROS or torch. A test compares the choices
that repeat names of `lifting` with its registries.
"""

from dataclasses import dataclass, field, fields
from typing import Any

from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW
from diffhpe_ros.detection import DETECTORS
from diffhpe_ros.detection.blazepose.network import RUNTIMES
from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.pipeline.options import ObstacleOptions, OutputOptions, WindowOptions
from diffhpe_ros.track_registry import OUTPUT_S, RETURN_S, TRACK_S, WINDOW_S
from diffhpe_ros.windows import BRIDGE_S, FRAMES, RATE

AUTO_PRESET = "auto"
"""Instead of a preset of the model: the best that keeps up with the camera."""


def _parameter(
    default: Any,
    description: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    read_only: bool = False,
    live: bool = False,
    launch_only: bool = False,
    detector_option: bool = False,
) -> Any:
    """A field of a table.

    Args:
        default: its type is the parameter's.
        description: plain text, for `ros2 param describe`, docs/ros.md and config/lift.yaml.
        least: the range begins here.
        most: the range ends here.
        choices: allowed values.
        read_only: can be set when the process starts, and never after.
        live: can be set while the node is configured.
        launch_only: set by launch arguments, so config/lift.yaml does not have it.
        detector_option: an option of detectors, see `DetectorParameters.detector_settings`.
    """
    metadata = {
        "description": description,
        "range": None if least is None else (least, most),
        "choices": choices,
        "read_only": read_only,
        "live": live,
        "launch_only": launch_only,
        "detector_option": detector_option,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class CommonParameters:
    """Parameters of every node."""

    autostart: bool = _parameter(
        False,
        "Configure and activate at start, without a lifecycle manager.",
        read_only=True,
        launch_only=True,
    )
    replay: bool = _parameter(
        False,
        "Process every message, reproducibly, instead of the newest only.",
        launch_only=True,
    )


@dataclass(frozen=True)
class StageParameters(CommonParameters):
    """Parameters of the nodes between image and skeleton."""

    latency_warn_s: float = _parameter(
        0.3,
        "Seconds from image stamp to result above which the status is WARN.",
        least=0.0,
        most=3600.0,
        live=True,
    )
    latency_error_s: float = _parameter(
        1.0,
        "Seconds from image stamp to result above which the status is ERROR.",
        least=0.0,
        most=3600.0,
        live=True,
    )

    hri: bool = _parameter(
        False,
        "Publish people as ROS4HRI (REP-155) has it, as /humans/bodies/<id>. Needs hri_msgs.",
        launch_only=True,
    )


@dataclass(frozen=True)
class DetectorParameters(StageParameters):
    """Parameters of `detector`."""

    detector: str = _parameter(
        "blazepose",
        "The 2D detector. onnx needs person_model and pose_model; mmpose also needs pose_config and"
        " trust_checkpoint.",
        choices=DETECTORS,
    )
    person_model: str = _parameter(
        "",
        "onnx and mmpose: .onnx file of the model that finds people, a YOLOX or RTMDet.",
        detector_option=True,
    )
    pose_model: str = _parameter(
        "",
        "onnx: .onnx file of the model that finds joints, a MoveNet or SimCC model such as RTMPose."
        " mmpose: its .pth file.",
        read_only=True,
        detector_option=True,
    )
    pose_config: str = _parameter(
        "", "mmpose: .py file of pose_model.", read_only=True, detector_option=True
    )
    trust_checkpoint: bool = _parameter(
        False,
        "mmpose: allow pose_config and pose_model to run code, which such files can.",
        read_only=True,
        detector_option=True,
    )
    min_confidence: float = _parameter(
        -1.0,
        "Joints with a lower confidence are unseen; -1: the detector's default.",
        least=-1.0,
        most=1.0,
        live=True,
    )
    threads: int = _parameter(
        0, "CPU threads; 0: the detector's default.", least=0, most=256, detector_option=True
    )
    max_people: int = _parameter(
        4,
        "Tracks at a time: the largest and surest people first, existing tracks before new ones.",
        least=1,
        most=16,
        live=True,
    )
    runtime: str = _parameter(
        "auto",
        "blazepose: litert runs on the CPU, onnx in onnxruntime. auto: onnx where onnxruntime has a"
        " working GPU, else litert.",
        choices=RUNTIMES,
        detector_option=True,
    )
    providers: str = _parameter(
        "",
        "onnxruntime's execution providers in order of preference, separated by commas; empty: CUDA"
        " where there is one, else the CPU.",
        detector_option=True,
    )
    blazepose_model: str = _parameter(
        "auto",
        "blazepose: lite, full, heavy: faster or better joints; lite and heavy are fetched once by"
        " npm. auto: the best that keeps up with the camera; in replay the best that can be had.",
        choices=MODELS,
    )
    check_every: int = _parameter(
        10,
        "blazepose: in every n-th image heavy checks left and right of a person whom a faster model"
        " sees, in the background; 0: never, else at least 6.",
        least=0,
        most=1000,
        detector_option=True,
    )
    search_every: int = _parameter(
        5,
        "blazepose: look for new people in every n-th image; for a second after a person was lost,"
        " in each.",
        least=1,
        most=1000,
        detector_option=True,
    )
    forget_s: float = _parameter(
        TRACK_S,
        "Seconds for which an unseen track keeps its id and its place among max_people.",
        least=0.0,
        most=10.0,
    )
    return_s: float = _parameter(
        RETURN_S,
        "Seconds for which somebody who left is known again by the colours of their clothes, and"
        " gets their id again; 0: never.",
        least=0.0,
        most=600.0,
    )
    first_track_id: int = _parameter(
        0,
        "Id of the first track. With hri, cameras that share a lifter need ranges of their own, for"
        " example from 0 and from 1000.",
        least=0,
        most=2**31 - 1,
    )
    image_transport: str = _parameter(
        "raw",
        "compressed: the topic image is a CompressedImage; remap it to .../compressed.",
        choices=("raw", "compressed"),
    )
    camera_name: str = _parameter(
        "",
        "Tells the people of several cameras apart that send the same frame_id; empty: the frame_id"
        " does.",
    )
    overlay_background: str = _parameter(
        "image",
        "What ~/overlay shows behind the joints: the image, the image without faces, or nothing"
        " of it.",
        choices=("image", "blurred", "none"),
        live=True,
    )
    rectified: bool = _parameter(
        False, "The images are undistorted: use P of camera_info, without distortion."
    )
    camera_info_timeout_s: float = _parameter(
        2.0,
        "Seconds for which the first image waits for camera_info; then field_of_view is used.",
        least=0.0,
        most=60.0,
    )
    field_of_view: float = _parameter(
        DEFAULT_FIELD_OF_VIEW,
        "Degrees over the longer image side, for cameras without calibration.",
        least=1.0,
        most=170.0,
    )
    announce_images: bool = _parameter(
        False,
        "In replay, send a message for images without windows, too: a lifter with expected_cameras"
        " then knows how far each camera is.",
    )
    camera_moves: bool = _parameter(
        False,
        "The camera moves, and the lifter knows how, by motion_frame or imu: no warning when the"
        " background moves. The launch file sets it.",
    )
    depth: bool = _parameter(
        False, "Use the topic depth: a depth image aligned to the colour image."
    )
    depth_tolerance_s: float = _parameter(
        0.02, "Largest difference of the stamps of image and depth.", least=0.0, most=1.0
    )
    rate: float = _parameter(
        RATE,
        "Frames per second of the windows: what the lifter's model expects.",
        least=13.0,
        most=1000.0,
    )
    stride: int = _parameter(1, "Make windows for every n-th image.", least=1, most=1000)
    bridge_s: float = _parameter(
        BRIDGE_S,
        "Gaps of a joint up to this are interpolated; at least 1.5 image periods are, below"
        " 15 images/s.",
        least=0.0,
        most=2.0,
    )
    restart_s: float = _parameter(
        WINDOW_S,
        "A track unseen for longer than this starts a new window.",
        least=0.01,
        most=10.0,
    )

    @property
    def detector_settings(self) -> dict[str, Any]:
        """Settings of all detectors, for `detection.detector_from_settings`."""
        options = [each.name for each in fields(self) if each.metadata["detector_option"]]
        providers = _names(self.providers)
        values = {name: getattr(self, name) for name in options}
        return values | {"providers": providers, "model": self.blazepose_model}

    @property
    def window_options(self) -> WindowOptions:
        """Options of the detection stage."""
        return WindowOptions(self.rate, self.stride, self.bridge_s, self.restart_s)


@dataclass(frozen=True)
class LifterParameters(StageParameters):
    """Parameters of `lifter`."""

    model: str = _parameter(
        "diffhpe-wrapper-robust",
        "Name of an installed model, path of a model folder, or a released checkpoint.",
    )
    device: str = _parameter("auto", "cpu, cuda, cuda:N, or auto: CUDA where there is one.")
    threads: int = _parameter(
        0, "CPU threads of the model; 0: half of the cores.", least=0, most=256
    )
    engine: str = _parameter(
        "auto",
        "What computes the networks. auto: cuda_graph on CUDA, else native if it was compiled, else"
        " folded. reference is the readable, slow one; onnx needs a model that was exported.",
        choices=("auto", "reference", "folded", "native", "onnx", "cuda_graph"),
    )
    kernels: str = _parameter(
        "torch",
        "Kernels of the engines cuda_graph and folded. triton: fused ones, for CUDA.",
        choices=("torch", "triton"),
    )
    preset: str = _parameter(
        "",
        "Sampler, steps and hypotheses by name: fast, balanced or faithful. auto: the best that"
        " keeps up with the camera. Empty: the model's default, on CUDA auto.",
    )
    expected_people: int = _parameter(
        4, "Preset auto: people at once to keep up with.", least=1, most=16
    )
    expected_rate: float = _parameter(
        30.0, "Preset auto: images a second to keep up with.", least=1.0, most=1000.0
    )
    sampler: str = _parameter(
        "", "Reverse process; empty: the preset's.", choices=("", "ddpm", "ddim", "dpm-solver")
    )
    steps: int = _parameter(0, "Denoising steps; 0: the preset's.", least=0, most=1000, live=True)
    hypotheses: int = _parameter(
        0, "Sampled poses per window; 0: the preset's.", least=0, most=100, live=True
    )
    start: str = _parameter(
        "",
        "Initial state of the sampler: noise, the pose of the backbone or of the track's previous"
        " window with noise added. Empty: the preset's.",
        choices=("", "noise", "backbone", "previous"),
    )
    augmentation: str = _parameter(
        "",
        "flip: half of the hypotheses are of the mirror image, so their number must be even. Empty:"
        " the preset's.",
        choices=("", "none", "flip"),
    )
    aggregation: str = _parameter(
        "mean",
        "How the hypotheses of a window become one pose. reprojection: each joint from the"
        " hypothesis nearest to its place in the image.",
        choices=("mean", "reprojection"),
    )
    decode: str = _parameter(
        "rigid",
        "rigid: the bones of a track keep one length, the mean over the last 10 s. free: as the"
        " model gives them.",
        choices=("free", "rigid"),
    )
    fuse: bool = _parameter(
        True,
        "Fuse the detector's own 3D estimate, where it gives one (BlazePose does), with the lifted"
        " poses.",
    )
    seed: int = _parameter(0, "Seed of the noise, together with frame_id, stamp and track id.")
    lag: int = _parameter(
        0,
        "Give the frame so many before the newest one: each is 20 ms later, and more accurate.",
        least=0,
        most=FRAMES // 2,
    )
    blend_s: float = _parameter(
        0.04,
        "Seconds over which overlapping windows are blended: less jitter, without delay; 0: off.",
        least=0.0,
        most=1.0,
        live=True,
    )
    one_euro_min_cutoff: float = _parameter(
        0.0,
        "Hz, cutoff at rest of a One-Euro filter of each joint in metres; 0: no filter.",
        least=0.0,
        most=100.0,
        live=True,
    )
    one_euro_beta: float = _parameter(
        5.0,
        "Hz per m/s by which its cutoff rises with the speed of the joint.",
        least=0.0,
        most=1000.0,
        live=True,
    )
    marker_lifetime_s: float = _parameter(
        OUTPUT_S,
        "Seconds after which the markers of an unseen track are deleted.",
        least=0.05,
        most=60.0,
        live=True,
    )
    ellipsoids: bool = _parameter(
        True,
        "Draw the one-sigma ellipsoid of each joint: most of the time that the markers take.",
        live=True,
    )
    target_frame: str = _parameter(
        "",
        "Frame that people are given in, such as base_link or map, by /tf at the image's stamp;"
        " its z axis must point up, unless its name ends in optical_frame. Empty: the camera's"
        " optical frame. Needs tf2_msgs.",
    )
    motion_frame: str = _parameter(
        "",
        "Frame that stands still, such as odom: by the camera's motion in it, windows are freed"
        " from pans and tilts, and distances predicted. Empty: the camera is taken to stand still."
        " Needs tf2_msgs.",
    )
    imu: bool = _parameter(
        False,
        "Use the topic imu, of a sensor that is fixed to the camera: its gyroscope frees windows"
        " from turns where motion_frame is not set or not known. Needs tf2_msgs.",
    )
    level_camera: bool = _parameter(
        False,
        "The camera is level: up is against the y axis of its optical frame. Postures need to know"
        " it where no target_frame says what is up.",
    )
    floor_frame: str = _parameter(
        "",
        "Frame whose z = 0 is the floor, such as base_footprint: feet that stand on it say how"
        " large and how far away people are. Needs tf2_msgs.",
    )
    camera_height: float = _parameter(
        0.0,
        "Metres of the cameras above the floor, instead of floor_frame; 0: not known. It needs"
        " gravity, by the topic imu, target_frame, level_camera, or people who walk.",
        least=0.0,
        most=30.0,
    )
    person_height: float = _parameter(
        0.0,
        "Metres from sole to crown of the only person whom a camera sees; 0: not known. It counts"
        " for tracks that are alone in view.",
        least=0.0,
        most=2.4,
    )
    upright_frames: str = _parameter(
        "",
        "Optical frames, separated by commas. Each gets a child with z up, its name and _upright,"
        " on /tf_static: level at first, then by the accelerometer of the topic imu, or by people"
        " who walk. Needs tf2_msgs.",
    )
    transform_timeout_s: float = _parameter(
        0.1,
        "Longest wait for a transform; then the people of that image are dropped and counted as"
        " untransformed.",
        least=0.0,
        most=10.0,
    )
    fuse_cameras: bool = _parameter(
        False,
        "Make one person of the tracks of several cameras that are the same. Needs target_frame.",
    )
    expected_cameras: int = _parameter(
        0,
        "In replay, take the messages of so many cameras in the order of their stamps: fused people"
        " then do not depend on which detector is faster. Each needs announce_images. 0: in the"
        " order in which they come.",
        least=0,
        most=64,
    )
    tf: str = _parameter(
        "none",
        "Frames of people on /tf. body: one for each person; joints: one for each joint, too. Needs"
        " tf2_msgs.",
        choices=("none", "body", "joints"),
    )
    obstacle_sigma: float = _parameter(
        2.0,
        "Standard deviations of their position by which people are inflated on obstacles.",
        least=0.0,
        most=10.0,
        live=True,
    )
    obstacle_horizon_s: float = _parameter(
        0.0,
        "Seconds for which people on obstacles are moved on at their velocity; all places on the"
        " way are filled.",
        least=0.0,
        most=5.0,
        live=True,
    )
    obstacle_spacing: float = _parameter(
        0.1,
        "Metres between the points of obstacles; the resolution of the map that they go into.",
        least=0.02,
        most=1.0,
        live=True,
    )
    distance_frames: str = _parameter(
        "",
        "Frames to whose origins nearest gives the distance of each person, separated by commas, by"
        " /tf at the image's stamp; needs tf2_msgs. Empty: the frame of the results. Not"
        " safety-rated.",
    )

    @property
    def using_transforms(self) -> list[str]:
        """Names of the parameters for which transforms are looked up."""
        names = ("target_frame", "motion_frame", "imu", "floor_frame", "distance_frames")
        return [name for name in names if getattr(self, name)]

    @property
    def distance_frame_list(self) -> list[str]:
        """The names in `distance_frames`."""
        return _names(self.distance_frames)

    @property
    def upright_frame_list(self) -> list[str]:
        """The names in `upright_frames`."""
        return _names(self.upright_frames)

    @property
    def obstacle_options(self) -> ObstacleOptions:
        """How large people are as obstacles."""
        return ObstacleOptions(self.obstacle_sigma, self.obstacle_horizon_s, self.obstacle_spacing)

    @property
    def output_options(self) -> OutputOptions:
        """Options of the lifting stage."""
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

    path: str = _parameter(
        "",
        "Video file, or address of a stream such as rtsp://...; either path or camera is needed.",
        launch_only=True,
    )
    camera: int = _parameter(-1, "Number of a webcam.", least=-1, most=63, launch_only=True)
    loop: bool = _parameter(False, "Play the file again when it ends; the stamps keep rising.")
    frame_id: str = _parameter("camera_optical_frame", "Optical frame of the images.")
    calibration: str = _parameter(
        "", "YAML file of camera_calibration, for camera_info; empty: uncalibrated, K is 0."
    )
    wait_s: float = _parameter(
        5.0,
        "Seconds to wait for a subscriber before the first image; in replay at least 30.",
        least=0.0,
        most=600.0,
    )
    start_time_s: float = _parameter(
        0.0,
        "Stamp of a file's first image, for reproducible stamps; 0: now.",
        least=0.0,
        most=4e9,
    )


def _names(text: str) -> list[str]:
    """Names that are separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


PARAMETER_NAMES = frozenset(
    each.name
    for kind in (DetectorParameters, LifterParameters, VideoSourceParameters)
    for each in fields(kind)
)
"""Of all nodes."""

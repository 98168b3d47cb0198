"""Parameters of the lifter."""

from dataclasses import dataclass

from diffhpe_ros.nodes.parameters.tables.common import StageParameters
from diffhpe_ros.nodes.parameters.tables.row import option_parameter, parameter, split_names
from diffhpe_ros.pipeline.options import ObstacleOptions, OutputOptions

AUTO_PRESET = "auto"
"""Instead of a preset of the model: the best that keeps up with the camera."""


@dataclass(frozen=True)
class LifterParameters(StageParameters):
    """Parameters of `lifter`."""

    model: str = parameter(
        "diffhpe-wrapper-robust",
        "Name of an installed model, path of a model folder, or a released checkpoint.",
    )
    device: str = parameter("auto", "cpu, cuda, cuda:N, or auto: CUDA where there is one.")
    threads: int = parameter(
        0, "CPU threads of the model; 0: half of the cores.", least=0, most=256
    )
    engine: str = parameter(
        "auto",
        "Implementation that runs the networks. auto: cuda_graph on CUDA, else native if it was"
        " compiled, else folded. reference is readable but slow; onnx needs an exported model.",
        choices=("auto", "reference", "folded", "native", "onnx", "cuda_graph"),
    )
    kernels: str = parameter(
        "torch",
        "Kernels of the engines cuda_graph and folded. triton: fused kernels, for CUDA.",
        choices=("torch", "triton"),
    )
    preset: str = parameter(
        "",
        "Sampler, steps and hypotheses by name: fast, balanced or faithful. auto: the best that"
        " keeps up with the camera. Empty: the model's default; on CUDA, auto.",
    )
    expected_people: int = parameter(
        4, "Preset auto: number of people at a time that it must keep up with.", least=1, most=16
    )
    expected_rate: float = parameter(
        30.0, "Preset auto: images per second that it must keep up with.", least=1.0, most=1000.0
    )
    sampler: str = parameter(
        "", "Reverse process; empty: the preset's.", choices=("", "ddpm", "ddim", "dpm-solver")
    )
    steps: int = parameter(0, "Denoising steps; 0: the preset's.", least=0, most=1000, live=True)
    hypotheses: int = parameter(
        0, "Sampled poses per window; 0: the preset's.", least=0, most=100, live=True
    )
    start: str = parameter(
        "",
        "Initial state of the sampler: noise, or the pose of the backbone or of the track's"
        " previous window, with noise added. Empty: the preset's.",
        choices=("", "noise", "backbone", "previous"),
    )
    augmentation: str = parameter(
        "",
        "flip: half of the hypotheses are lifted from the mirror image, so their number must be"
        " even. Empty: the preset's.",
        choices=("", "none", "flip"),
    )
    aggregation: str = parameter(
        "mean",
        "How the hypotheses of a window become one pose. reprojection: each joint from the"
        " hypothesis that projects nearest to its 2D keypoint.",
        choices=("mean", "reprojection"),
    )
    decode: str = parameter(
        "rigid",
        "rigid: the bones of a track keep one length, the mean over the last 10 s. free: bone"
        " lengths as predicted.",
        choices=("free", "rigid"),
    )
    fuse: bool = parameter(
        True,
        "Fuse the detector's own 3D estimate, where it gives one (BlazePose does), with the lifted"
        " poses.",
    )
    seed: int = parameter(0, "Seed of the noise, together with frame_id, stamp and track id.")
    lag: int = option_parameter(
        OutputOptions,
        "lag",
        "Output the frame this many frames before the newest. Each frame adds 33 ms of delay at a"
        " rate of 30, and makes results more accurate. With a lag, a person's results start once"
        " their window has its full length.",
    )
    blend_s: float = option_parameter(
        OutputOptions,
        "blend_s",
        "Seconds over which overlapping windows are blended: less jitter, without delay; 0: off.",
        live=True,
    )
    one_euro_min_cutoff: float = option_parameter(
        OutputOptions,
        "one_euro_min_cutoff",
        "Cutoff frequency at rest, in Hz, of a One-Euro filter on each joint; 0: no filter.",
        live=True,
    )
    one_euro_beta: float = option_parameter(
        OutputOptions,
        "one_euro_beta",
        "Rise of the One-Euro filter's cutoff frequency with the speed of the joint, in Hz per"
        " m/s.",
        live=True,
    )
    marker_lifetime_s: float = option_parameter(
        OutputOptions,
        "forget_s",
        "Seconds after which the markers of an unseen track are deleted.",
        live=True,
    )
    ellipsoids: bool = parameter(
        True,
        "Draw the one-sigma ellipsoid of each joint; this takes most of the markers' computing"
        " time.",
        live=True,
    )
    target_frame: str = parameter(
        "",
        "Coordinate frame of the results, such as base_link or map, looked up on /tf at the"
        " image's stamp; its z axis must point up, unless its name ends in optical_frame. Empty:"
        " the camera's optical frame. Needs tf2_msgs.",
    )
    motion_frame: str = parameter(
        "",
        "Fixed frame, such as odom. The camera's motion in it serves to remove pans and tilts"
        " from windows and to predict distances. Empty: the camera is assumed to be fixed. Needs"
        " tf2_msgs.",
    )
    imu: bool = parameter(
        False,
        "Use the topic imu, of a sensor that is fixed to the camera: its gyroscope removes"
        " rotations from windows where motion_frame is not set or not known. Needs tf2_msgs.",
    )
    level_camera: bool = parameter(
        False,
        "The camera is level: up is opposite to the y axis of its optical frame. Postures need"
        " the up direction, and this gives it where no target_frame does.",
    )
    floor_frame: str = parameter(
        "",
        "Frame whose z = 0 is the floor, such as base_footprint: the feet of people who stand on"
        " it determine their size and distance. Needs tf2_msgs.",
    )
    camera_height: float = parameter(
        0.0,
        "Height of the cameras above the floor in metres, instead of floor_frame, at least 0.1;"
        " 0: not known. It needs gravity, from the topic imu, target_frame, level_camera, or people"
        " who walk.",
        least=0.0,
        most=30.0,
    )
    person_height: float = parameter(
        0.0,
        "Height in metres, from sole to crown, of the only person in a camera's view, at"
        " least 0.6; 0: not known. It is used for tracks that are alone in view.",
        least=0.0,
        most=2.4,
    )
    upright_frames: str = parameter(
        "",
        "Optical frames, separated by commas. Each gets a child frame with z up on /tf_static,"
        " named after it with the ending _upright. It assumes a level camera at first, then uses"
        " the accelerometer of the topic imu, or people who walk. Needs tf2_msgs.",
    )
    transform_timeout_s: float = parameter(
        0.1,
        "Longest wait for a transform, in seconds; then the people of that image are dropped and"
        " counted as untransformed.",
        least=0.0,
        most=10.0,
    )
    fuse_cameras: bool = parameter(
        False,
        "Merge the tracks of several cameras that are the same person. Needs target_frame.",
    )
    expected_cameras: int = parameter(
        0,
        "In replay, take the messages of this many cameras in the order of their stamps, so that"
        " fused people do not depend on which detector is faster. Each detector needs"
        " announce_images. 0: in order of arrival.",
        least=0,
        most=64,
    )
    tf: str = parameter(
        "none",
        "Frames of people on /tf. body: one for each person; joints: also one for each joint."
        " Needs tf2_msgs.",
        choices=("none", "body", "joints"),
    )
    obstacle_sigma: float = option_parameter(
        ObstacleOptions,
        "sigma",
        "Number of standard deviations of their position by which people on the topic obstacles"
        " are inflated.",
        live=True,
    )
    obstacle_horizon_s: float = option_parameter(
        ObstacleOptions,
        "horizon_s",
        "Seconds for which people on the topic obstacles are moved ahead at their velocity; the"
        " whole path is filled.",
        live=True,
    )
    obstacle_spacing: float = option_parameter(
        ObstacleOptions,
        "spacing",
        "Distance between the points of the topic obstacles in metres; set it to the resolution"
        " of the map.",
        live=True,
    )
    distance_frames: str = parameter(
        "",
        "Frames, separated by commas: the topic nearest gives each person's distance to their"
        " origins, looked up on /tf at the image's stamp; needs tf2_msgs. Empty: the frame of the"
        " results. Not safety-rated.",
    )

    @property
    def using_transforms(self) -> list[str]:
        """Names of the parameters for which transforms are looked up."""
        names = ("target_frame", "motion_frame", "imu", "floor_frame", "distance_frames")
        return [name for name in names if getattr(self, name)]

    @property
    def distance_frame_list(self) -> list[str]:
        """The names in `distance_frames`."""
        return split_names(self.distance_frames)

    @property
    def upright_frame_list(self) -> list[str]:
        """The names in `upright_frames`."""
        return split_names(self.upright_frames)

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

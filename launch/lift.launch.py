"""Camera images in, 3D skeletons out: detector, lifter and, if wanted, a video source and RViz.

ros2 launch diffhpe_ros lift.launch.py image:=/camera/image_raw camera_info:=/camera/camera_info
ros2 launch diffhpe_ros lift.launch.py source:=clip.mp4 rviz:=true
ros2 launch diffhpe_ros lift.launch.py source:=0
"""

import os
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

from diffhpe_ros.nodes.rviz import DEFAULT_FRAME, upright_arguments, write_rviz_config
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

PACKAGE = "diffhpe_ros"
CONFIG = Path(__file__).resolve().parent.parent / "config"

# Name, default and meaning. Where the default is empty, the parameter file says.
ARGUMENTS = (
    ("image", "image", "topic of the images"),
    ("camera_info", "camera_info", "topic of their camera_info"),
    ("depth", "", "topic of an aligned depth image; empty: there is none"),
    ("source", "", "video file or number of a webcam; empty: the topics exist already"),
    ("calibration", "", "YAML file of the source's calibration"),
    ("model", "", "model that lifts: a name in models/, or a path"),
    ("device", "", "cpu, cuda, cuda:N or auto"),
    ("preset", "", "fast, balanced or faithful"),
    ("steps", "", "sampling steps"),
    ("hypotheses", "", "poses per window"),
    ("detector", "", "blazepose, onnx or mmpose"),
    ("person_model", "", "onnx and mmpose: .onnx file of the model that finds people"),
    ("pose_model", "", "onnx and mmpose: file of the model that finds joints"),
    ("pose_config", "", "mmpose: .py file of the model that finds joints"),
    ("trust_checkpoint", "", "mmpose: true lets the two files before run code"),
    ("one_process", "false", "detector and lifter share a process: nothing is sent between them"),
    ("rviz", "false", "show everything in RViz"),
    ("frame", "", f"optical frame of the images, for RViz and a source; empty: {DEFAULT_FRAME}"),
    ("foxglove", "false", "start foxglove_bridge; the layout is config/lift.foxglove.json"),
    ("replay", "false", "process every message, reproducibly, instead of the newest only"),
    ("params_file", str(CONFIG / "lift.yaml"), "parameters of all nodes"),
    ("namespace", "", "of all nodes"),
    ("use_sim_time", "false", "take the time from /clock"),
    ("log_level", "info", "debug, info, warn, error"),
)
NUMBERS = ("steps", "hypotheses")
SWITCHES = ("trust_checkpoint",)
OF_LIFTER = ("model", "device", "preset", *NUMBERS)
OF_DETECTOR = ("detector", "person_model", "pose_model", "pose_config", *SWITCHES)
LOADING_S = 120.0  # until both nodes of one process have loaded their models


def generate_launch_description() -> LaunchDescription:
    """What `ros2 launch` runs."""
    profile = str(CONFIG / "fastdds.xml")
    variables = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=meaning)
                for name, default, meaning in ARGUMENTS
            ),
            # Without it Fast DDS loses large images; a profile of the user's own stays.
            *(
                SetEnvironmentVariable(name, profile)
                for name in variables
                if not any(variable in os.environ for variable in variables)
            ),
            OpaqueFunction(function=_start),
        ]
    )


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    given = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    actions = _in_one_process(given) if _flag(given["one_process"]) else _apart(given)
    rviz, foxglove = _flag(given["rviz"]), _flag(given["foxglove"])
    if rviz or foxglove:
        actions.append(_upright(given))
    if rviz:
        actions.append(_rviz(given))
    if foxglove:
        actions.append(_foxglove(given))
    return actions


def _apart(given: dict[str, str]) -> list[LaunchDescriptionEntity]:
    """Detector and lifter as processes of their own."""
    lifter = _node("lifter", given, _chosen(given, *OF_LIFTER))
    detector = _node("detector", given, _chosen(given, *OF_DETECTOR) | _depth(given))
    actions = [*_activated(lifter), *_activated(detector)]
    if given["source"]:
        # Loading torch takes longest: a video that began before would lose its first windows.
        source = _activated(_node("video_source", given, _source(given)))
        actions.append(_when(lifter, "activating", "active", source))
    return actions


def _in_one_process(given: dict[str, str]) -> list[LaunchDescriptionEntity]:
    """The program `lift`, which activates its nodes; a source waits until the detector listens."""
    chosen = _chosen(given, *OF_LIFTER, *OF_DETECTOR) | _depth(given)
    both = Node(
        package=PACKAGE,
        executable="lift",
        namespace=given["namespace"],
        parameters=[given["params_file"], _flags(given) | chosen | {"autostart": True}],
        remappings=_remappings(given),
        arguments=[*_log_level(given, "lifter"), *_log_level(given, "detector")],
        output="screen",
    )
    if not given["source"]:
        return [both]
    source = _node("video_source", given, _source(given) | {"wait_s": LOADING_S})
    return [both, *_activated(source)]


def _node(name: str, given: dict[str, str], overrides: dict[str, object]) -> LifecycleNode:
    return LifecycleNode(
        package=PACKAGE,
        executable=name,
        name=name,
        namespace=given["namespace"],
        parameters=[given["params_file"], _flags(given) | overrides],
        remappings=_remappings(given),
        arguments=_log_level(given, name),
        output="screen",
    )


def _flags(given: dict[str, str]) -> dict[str, object]:
    return {key: _flag(given[key]) for key in ("replay", "use_sim_time")}


def _remappings(given: dict[str, str]) -> list[tuple[str, str]]:
    return [(topic, given[topic] or topic) for topic in ("image", "camera_info", "depth")]


def _log_level(given: dict[str, str], name: str) -> list[str]:
    logger = ".".join(part for part in (*given["namespace"].split("/"), name) if part)
    return ["--ros-args", "--log-level", f"{logger}:={given['log_level']}"]


def _chosen(given: dict[str, str], *names: str) -> dict[str, object]:
    """The arguments that were given, which win over the parameter file."""
    kinds = dict.fromkeys(NUMBERS, int) | dict.fromkeys(SWITCHES, _flag)
    return {name: kinds.get(name, str)(given[name]) for name in names if given[name]}


def _depth(given: dict[str, str]) -> dict[str, object]:
    return {"depth": True} if given["depth"] else {}


def _source(given: dict[str, str]) -> dict[str, object]:
    source = given["source"]
    what = {"camera": int(source)} if source.isdecimal() else {"path": str(Path(source).resolve())}
    frame = {"frame_id": given["frame"]} if given["frame"] else {}
    return what | _chosen(given, "calibration") | frame


def _activated(node: LifecycleNode) -> list[LaunchDescriptionEntity]:
    """The node, configured and then activated; this works on every ROS 2 distribution."""

    def change(transition: int) -> EmitEvent:
        return EmitEvent(
            event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition)
        )

    return [
        node,
        _when(node, "configuring", "inactive", [change(Transition.TRANSITION_ACTIVATE)]),
        change(Transition.TRANSITION_CONFIGURE),
    ]


def _when(
    node: LifecycleNode, start: str, goal: str, actions: list[LaunchDescriptionEntity]
) -> RegisterEventHandler:
    """Do something the first time that a node goes from one state to another.

    Later it is the user who configures and activates, and a node can be started only once.
    """
    return RegisterEventHandler(
        OnStateTransition(
            target_lifecycle_node=node,
            start_state=start,
            goal_state=goal,
            entities=actions,
            handle_once=True,
        )
    )


def _upright(given: dict[str, str]) -> Node:
    """The frame with z up that RViz and Foxglove show people in."""
    return Node(
        package="tf2_ros",
        executable="static_transform_publisher",
        name="upright_frame",
        namespace=given["namespace"],
        arguments=upright_arguments(given["frame"] or DEFAULT_FRAME),
    )


def _rviz(given: dict[str, str]) -> Node:
    frame = given["frame"] or DEFAULT_FRAME
    return Node(
        package="rviz2",
        executable="rviz2",
        namespace=given["namespace"],
        arguments=["-d", str(write_rviz_config(CONFIG / "lift.rviz", frame))],
        parameters=[{"use_sim_time": _flag(given["use_sim_time"])}],
    )


def _foxglove(given: dict[str, str]) -> LaunchDescriptionEntity:
    """The bridge that Foxglove connects to, or how to get it."""
    package = "foxglove_bridge"
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        distribution = os.environ.get("ROS_DISTRO", "$ROS_DISTRO")
        install = f"sudo apt install ros-{distribution}-foxglove-bridge"
        return LogInfo(msg=f"foxglove:=true has no effect: {package} is not installed ({install})")
    return Node(
        package=package,
        executable=package,
        namespace=given["namespace"],
        parameters=[{"use_sim_time": _flag(given["use_sim_time"])}],
        output="screen",
    )


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"true or false is expected, got {text!r}")
    return text.lower() == "true"

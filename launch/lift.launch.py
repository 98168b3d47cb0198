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
    UnregisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import matches_action
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from lifecycle_msgs.msg import Transition

from diffhpe_ros.launch_arguments import (
    DEGREES,
    FILES,
    METRES,
    NUMBERS,
    OF_DETECTOR,
    OF_LIFTER,
    OF_SOURCE,
    OF_STAGES,
    SWITCHES,
    check_arguments,
    existing_file,
    launch_arguments,
    lifter_parameters,
    misspelt_arguments,
    source_parameters,
    switch,
    window_parameters,
)
from diffhpe_ros.nodes.fast_dds import PROFILE_VARIABLES, use_fastdds_profile
from diffhpe_ros.nodes.rviz import DEFAULT_FRAME, write_rviz_config
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity

PACKAGE = "diffhpe_ros"
CONFIG = Path(__file__).resolve().parent.parent / "config"

ARGUMENTS = launch_arguments(CONFIG / "lift.yaml")
LOADING_S = 120.0  # time for nodes that activate themselves to load their models
RESPAWN_S = 2.0


def generate_launch_description() -> LaunchDescription:
    """The entry point of `ros2 launch`."""
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(
                    each.name, default_value=each.default, description=each.description
                )
                for each in ARGUMENTS
            ),
            *_fastdds_profile(),
            OpaqueFunction(function=_start),
        ]
    )


def _fastdds_profile() -> list[LaunchDescriptionEntity]:
    """Set a profile without which Fast DDS loses large images; a user's own profile is kept."""
    environment = dict(os.environ)
    use_fastdds_profile(environment)
    return [
        SetEnvironmentVariable(name, environment[name])
        for name in PROFILE_VARIABLES
        if name in environment
    ]


def _start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    names = [each.name for each in ARGUMENTS]
    given = {name: LaunchConfiguration(name).perform(context) for name in names}
    check_arguments(given)
    misspelt = misspelt_arguments(context.argv, names)
    alone = switch(given["one_process"]) or switch(given["respawn"])
    actions = _on_their_own(given) if alone else _in_turn(given)
    actions += [LogInfo(msg=f"warning: {text}") for text in misspelt]
    rviz, foxglove = switch(given["rviz"]), switch(given["foxglove"])
    if rviz:
        actions.append(_rviz(given))
    if foxglove:
        actions.append(_foxglove(given))
    return actions


def _in_turn(given: dict[str, str]) -> list[LaunchDescriptionEntity]:
    """One process per node; all load at the same time, and subscribers are activated first."""
    nodes = [
        LifecycleNode(name=name, **_settings(name, given, parameters))
        for name, parameters in _processes(given).items()
    ]
    return [action for nth in range(len(nodes)) for action in _activated(nodes, nth)]


def _on_their_own(given: dict[str, str]) -> list[LaunchDescriptionEntity]:
    """Nodes that activate themselves: in one process, or each time they are restarted."""
    respawn = switch(given["respawn"])
    again = {"respawn": respawn, "respawn_delay": RESPAWN_S if respawn else None}
    processes = _processes(given)
    if "video_source" in processes:
        processes["video_source"]["wait_s"] = LOADING_S
    nodes = [
        Node(**({} if name == "pose_pipeline" else {"name": name}), **again,
             **_settings(name, given, parameters | {"autostart": True}))
        for name, parameters in processes.items()
    ]  # fmt: skip
    ends = [] if respawn else [RegisterEventHandler(_on_failed_exit(node)) for node in nodes]
    return [*ends, *nodes]


def _processes(given: dict[str, str]) -> dict[str, dict[str, object]]:
    """The programs to run, in the order of their activation, and their parameters."""
    lifter = _chosen(given, *OF_LIFTER, *OF_STAGES)
    lifter |= {"imu": True} if given["imu"] else {}
    known = lifter_parameters(given)
    is_shown = switch(given["rviz"]) or switch(given["foxglove"])
    if is_shown and not known["target_frame"]:
        lifter |= {"upright_frames": given["frame"] or DEFAULT_FRAME}
    detector = _chosen(given, *OF_DETECTOR, *OF_STAGES)
    detector |= window_parameters(given)
    detector |= {"depth": True} if given["depth"] else {}
    detector |= {"camera_moves": True} if known["motion_frame"] or known["imu"] else {}
    if switch(given["one_process"]):
        programs = {"pose_pipeline": lifter | detector}
    else:
        programs = {"lifter": lifter, "detector": detector}
    if given["source"]:
        source = source_parameters(given["source"]) | _chosen(given, *OF_SOURCE)
        frame = {"frame_id": given["frame"]} if given["frame"] else {}
        programs["video_source"] = source | frame
    return programs


def _settings(name: str, given: dict[str, str], parameters: dict[str, object]) -> dict[str, object]:
    """Arguments of launch_ros's `Node` for a program."""
    nodes = ("lifter", "detector") if name == "pose_pipeline" else (name,)
    return {
        "package": PACKAGE,
        "executable": name,
        "namespace": given["namespace"],
        "parameters": [existing_file(given["params_file"]), _flags(given) | parameters],
        "remappings": _remappings(given),
        "arguments": [option for node in nodes for option in _log_level(given, node)],
        "output": "screen",
    }


def _flags(given: dict[str, str]) -> dict[str, object]:
    return {key: switch(given[key]) for key in ("replay", "use_sim_time")}


def _remappings(given: dict[str, str]) -> list[tuple[str, str]]:
    return [(topic, given[topic] or topic) for topic in ("image", "camera_info", "depth", "imu")]


def _log_level(given: dict[str, str], name: str) -> list[str]:
    logger = ".".join(part for part in (*given["namespace"].split("/"), name) if part)
    return ["--ros-args", "--log-level", f"{logger}:={given['log_level']}"]


def _chosen(given: dict[str, str], *names: str) -> dict[str, object]:
    """Parameters given as launch arguments; they override the parameter file."""
    kinds = dict.fromkeys(NUMBERS, int) | dict.fromkeys(SWITCHES, switch)
    kinds |= dict.fromkeys((*METRES, *DEGREES), float) | dict.fromkeys(FILES, existing_file)
    return {name: kinds.get(name, str)(given[name]) for name in names if given[name]}


def _activated(nodes: list[LifecycleNode], nth: int) -> list[LaunchDescriptionEntity]:
    """Start and configure the nth node; activate it once all are configured, in their order.

    An active node waits for messages, and would warn while the sending node still loads. This
    works on every ROS 2 distribution. A failure until the activation ends the launch.
    """
    node, before = nodes[nth], nodes[:nth][-1:]

    def change(transition: int) -> EmitEvent:
        return EmitEvent(
            event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition)
        )

    def give_up(context: LaunchContext) -> None:
        _give_up(f"{node.node_name} did not start")

    failures = [
        OnStateTransition(
            target_lifecycle_node=node,
            start_state=start,
            goal_state=goal,
            entities=[OpaqueFunction(function=give_up)],
        )
        for start, goal in (
            ("configuring", "unconfigured"),
            ("configuring", "errorprocessing"),
            ("activating", "inactive"),
            ("activating", "errorprocessing"),
        )
    ]
    failures.append(_on_failed_exit(node))
    awaited = [
        *((each, "configuring", "inactive") for each in nodes),
        *((each, "activating", "active") for each in before),
    ]
    return [
        *(RegisterEventHandler(failure) for failure in failures),
        *_when_all(awaited, [change(Transition.TRANSITION_ACTIVATE)]),
        # After that, only the user changes states, and such a change may fail.
        _when(node, "activating", "active", [UnregisterEventHandler(each) for each in failures]),
        node,
        change(Transition.TRANSITION_CONFIGURE),
    ]


def _on_failed_exit(node: Node) -> OnProcessExit:
    """End the launch if a node ends with an error."""

    def on_exit(event: ProcessExited, context: LaunchContext) -> None:
        if event.returncode and not context.is_shutdown:
            _give_up(f"{event.process_name} ended")

    return OnProcessExit(target_action=node, on_exit=on_exit)


def _give_up(what: str) -> None:
    """End the launch with a non-zero status: launch does so only for exceptions."""
    raise RuntimeError(f"{what}; see its error above")


def _when_all(
    awaited: list[tuple[LifecycleNode, str, str]], actions: list[LaunchDescriptionEntity]
) -> list[RegisterEventHandler]:
    """Run actions once each of some nodes has made a transition between two states."""
    missing = set(range(len(awaited)))

    def arrived(context: LaunchContext, nth: int) -> list[LaunchDescriptionEntity]:
        missing.discard(nth)
        return [] if missing else actions

    return [
        _when(*transition, [OpaqueFunction(function=arrived, args=[nth])])
        for nth, transition in enumerate(awaited)
    ]


def _when(
    node: LifecycleNode, start: str, goal: str, actions: list[LaunchDescriptionEntity]
) -> RegisterEventHandler:
    """Run actions the first time that a node goes from one state to another.

    Later transitions are the user's, and a node can be started only once.
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


def _rviz(given: dict[str, str]) -> LaunchDescriptionEntity:
    if not _is_installed("rviz2"):
        return _not_installed("rviz", "rviz2")
    frame, target = given["frame"] or DEFAULT_FRAME, lifter_parameters(given)["target_frame"]
    return Node(
        package="rviz2",
        executable="rviz2",
        namespace=given["namespace"],
        arguments=["-d", str(write_rviz_config(CONFIG / "lift.rviz", frame, target))],
        parameters=[{"use_sim_time": switch(given["use_sim_time"])}],
    )


def _foxglove(given: dict[str, str]) -> LaunchDescriptionEntity:
    """The bridge for Foxglove."""
    package = "foxglove_bridge"
    if not _is_installed(package):
        return _not_installed("foxglove", package)
    return Node(
        package=package,
        executable=package,
        namespace=given["namespace"],
        parameters=[{"use_sim_time": switch(given["use_sim_time"])}],
        output="screen",
    )


def _is_installed(package: str) -> bool:
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


def _not_installed(argument: str, package: str) -> LogInfo:
    """A message that says how to install an optional package; the rest runs without it."""
    distribution = os.environ.get("ROS_DISTRO", "$ROS_DISTRO")
    install = f"sudo apt install ros-{distribution}-{package.replace('_', '-')}"
    return LogInfo(msg=f"{argument}:=true has no effect: {package} is not installed ({install})")

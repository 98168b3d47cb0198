"""Parameters that several nodes have."""

from dataclasses import dataclass

from diffhpe_ros.nodes.parameters.tables.row import parameter


@dataclass(frozen=True)
class CommonParameters:
    """Parameters of every node."""

    autostart: bool = parameter(
        False,
        "Configure and activate at start, without a lifecycle manager.",
        read_only=True,
        launch_only=True,
    )
    replay: bool = parameter(
        False,
        "Process every message, reproducibly, instead of only the newest.",
        launch_only=True,
    )


@dataclass(frozen=True)
class StageParameters(CommonParameters):
    """Parameters of the nodes between image and skeleton."""

    latency_warn_s: float = parameter(
        0.3,
        "Seconds from image stamp to result above which the status is WARN.",
        least=0.0,
        most=3600.0,
        live=True,
    )
    latency_error_s: float = parameter(
        1.0,
        "Seconds from image stamp to result above which the status is ERROR.",
        least=0.0,
        most=3600.0,
        live=True,
    )

    hri: bool = parameter(
        False,
        "Publish people as ROS4HRI (REP-155) defines them, as /humans/bodies/<id>. Needs hri_msgs.",
        launch_only=True,
    )

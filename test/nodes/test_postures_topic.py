"""The topic `postures`: its message, and the running lifter."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from graph import Graph, activate
from sensor_msgs.msg import PointCloud2
from standing import people_at, standing_at, standing_windows

from diffhpe_ros.nodes.lifter import LifterNode
from diffhpe_ros.nodes.messages.postures import pack_postures
from diffhpe_ros.nodes.messages.windows import pack_windows
from diffhpe_ros.pipeline.posture_stage import PostureStage


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {each.key: each.value for each in status.values}


def test_message_has_a_status_for_each_person_with_a_place() -> None:
    unplaced = np.full((17, 3), np.nan)
    people = people_at(np.stack([standing_at(0, 0, 4), unplaced]), (3, 5), "cam")
    stage = PostureStage()
    states = stage.update(people, (0.0, -1.0, 0.0))
    (status,) = pack_postures(replace(people, states=states)).status
    assert (status.name, status.level, status.message) == (
        "cam/person_3", DiagnosticStatus.OK, "STANDING",
    )  # fmt: skip
    found = values(status)
    assert (found["person"], found["posture"], found["fallen"]) == ("3", "STANDING", "0")
    assert (found["p_STANDING"], found["p_WAVING"], found["gestures"]) == ("1", "0", "")


@pytest.mark.ros
@pytest.mark.parametrize(("level", "posture"), [(True, "STANDING"), (False, "UNKNOWN")])
def test_postures_are_known_where_up_is(
    graph: Graph, standing_model: Path, level: bool, posture: str
) -> None:
    found: list[DiagnosticArray] = []
    graph.node.create_subscription(DiagnosticArray, "postures", found.append, 10)
    windows = graph.node.create_publisher(PointCloud2, "windows", 10)
    activate(graph.make(LifterNode, model=standing_model, level_camera=level))
    graph.until(lambda: windows.get_subscription_count() == 2, "lifter")
    windows.publish(pack_windows(standing_windows([1, 2])))
    graph.until(lambda: found, "postures")
    assert [each.message for each in found[0].status] == [posture] * 2

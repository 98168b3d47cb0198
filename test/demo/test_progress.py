"""Detects from the nodes' diagnostics when a run is over."""

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import PointCloud2

from diffhpe_ros.demo.progress import Monitor
from diffhpe_ros.demo.recorder import DIAGNOSTICS, Record
from diffhpe_ros.nodes.messages.cdr import serialize
from diffhpe_ros.nodes.messages.status import OK, make_status

pytestmark = pytest.mark.ros


def report(node: str, namespace: str = "demo", **values: object) -> Record:
    status = make_status(f"{namespace}/{node}", "", OK, "active", values)
    return Record(DIAGNOSTICS, 0, serialize(DiagnosticArray(status=[status])))


JOINTS = Record("joints", 0, serialize(PointCloud2()))
WINDOWS = Record("windows", 0, serialize(PointCloud2()))
ENDED = report("video_source", image_sent=3, ended="the video ended")
DETECTED = report("detector", received=3, finished=3, dropped=0, windows_sent=1)
LIFTED = report("lifter", received=1, finished=1, dropped=0, joints_sent=1)


def test_replay_is_over_when_all_has_been_finished_and_has_come() -> None:
    records, monitor = [], Monitor("demo", replay=True)
    for each in (ENDED, WINDOWS, DETECTED, LIFTED):
        records.append(each)
        assert not monitor.update(records).complete
    assert monitor.update(records).not_recorded == {"joints": 1}
    records.append(JOINTS)
    assert monitor.update(records).complete


@pytest.mark.parametrize(
    "missing",
    [
        report("video_source", image_sent=3),
        report("detector", finished=2, windows_sent=1),
        report("lifter", finished=0, joints_sent=1),
    ],
)
def test_replay_goes_on_while_something_is_missing(missing: Record) -> None:
    finished = [ENDED, WINDOWS, JOINTS, DETECTED, LIFTED]
    assert Monitor("demo", replay=True).update(finished).complete
    assert not Monitor("demo", replay=True).update([*finished, missing]).complete


def test_live_run_is_over_when_nothing_comes_any_more() -> None:
    busy = report("lifter", received=2, finished=1, dropped=0)
    idle = report("lifter", received=2, finished=1, dropped=1)
    records, monitor = [DETECTED, idle, idle, ENDED], Monitor("demo", replay=False)
    for each in (DETECTED, busy, busy, idle):
        assert not monitor.update(records).complete
        records.append(each)
    assert monitor.update(records).complete


def test_another_graph_counts_for_nothing() -> None:
    others = [ENDED, WINDOWS, JOINTS, DETECTED, report("lifter", "demo_2", finished=1)]
    assert not Monitor("demo", replay=True).update(others).complete


def test_progress_says_how_far_a_run_came() -> None:
    progress = Monitor("demo", replay=True).update([ENDED, report("detector", finished=2)])
    assert str(progress) == "2 of 3 images processed, 0 of 0 windows lifted"

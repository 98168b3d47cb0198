"""From video to skeletons: every frame, byte-identical however the nodes are run."""

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from graph import CLIP_FRAMES, PERSON_FRAMES, TOPICS, Graph, own_context
from visualization_msgs.msg import Marker

from diffhpe_ros.nodes.messages.camera_info import write_calibration
from diffhpe_ros.nodes.messages.joints import unpack_joints
from diffhpe_ros.nodes.messages.windows import unpack_windows
from diffhpe_ros.rendering.clip import walking_clip

pytestmark = [pytest.mark.ros, pytest.mark.jazzy]
START_NS = 1_000 * 10**9
FRAME_NS = 1e9 / 30
FIRST = 16  # the window is full 0.52 s after the first image
FORGET_S = 0.3
DIFFUSION = {"sampler": "ddim", "steps": 2, "hypotheses": 2}


@pytest.fixture(scope="module")
def replayed(
    tmp_path_factory: pytest.TempPathFactory, short_clip: Path, diffusion_model: Path
) -> Iterator[Graph]:
    """The messages of detector and lifter, in separate processes, for the clip."""
    folder = tmp_path_factory.mktemp("replay")
    with own_context() as context, Graph(context, folder) as graph:
        replay(graph, short_clip, diffusion_model, ("lifter", "detector"))
        yield graph


def replay(graph: Graph, clip: Path, model: Path, programs: Sequence[str]) -> None:
    """Play a clip through the whole graph, every frame of it."""
    calibration = clip.with_suffix(".yaml")
    write_calibration(walking_clip().camera, calibration)
    for program in programs:
        own = {} if program == "detector" else {"device": "cpu", "model": model, **DIFFUSION}
        # The program `pose_pipeline` contains both nodes.
        of_detector = {} if program == "lifter" else {"forget_s": FORGET_S}
        graph.run(program, replay=True, **own, **of_detector)
    listeners = str(len(programs))  # this process, and a lifter in another
    graph.until(lambda: graph.value("detector", "windows_listeners") == listeners, "lifter")
    graph.until(lambda: graph.value("detector", "state") == "active", "detector")
    graph.until(lambda: graph.value("lifter", "skeletons_listeners") == "1", "own ears")
    graph.run("video_source", path=clip, calibration=calibration, replay=True, start_time_s=1000.0)
    count = str(CLIP_FRAMES)
    graph.until(lambda: graph.value("detector", "processed") == count, "all images processed")
    graph.until(lambda: _ended(graph), "deletion of the skeleton")


def _ended(graph: Graph) -> bool:
    """Whether the person has left: the last message only deletes."""
    last = graph.messages("skeletons")[-1:]
    return bool(last) and all(marker.action == Marker.DELETE for marker in last[0].markers)


def test_every_frame_is_lifted_until_the_person_has_left(replayed: Graph) -> None:
    windows = [unpack_windows(message) for message in replayed.messages("windows")]
    frames = [round((each.stamp_ns - START_NS) / FRAME_NS) for each in windows]
    assert frames[:-1] == list(range(FIRST, PERSON_FRAMES))
    # The last message says that nobody is left.
    assert len(windows[-1]) == 0
    assert FORGET_S < (frames[-1] - frames[-2]) / 30 < FORGET_S + 0.1

    joints = [unpack_joints(message) for message in replayed.messages("joints")]
    assert [each.stamp_ns for each in joints] == [each.stamp_ns for each in windows[:-1]]
    assert {(each.frame_id, each.track_ids) for each in joints} == {("camera_optical_frame", (0,))}
    root = np.stack([each.positions[0, 0] for each in joints])
    truth = walking_clip().joints[frames[:-1], 0]
    np.testing.assert_allclose(root, truth, atol=0.3)

    replayed.until(lambda: replayed.value("video_source", "ended"), "end of the video")
    counts = [replayed.value("video_source", key) for key in ("published", "skipped")]
    assert counts == [str(CLIP_FRAMES), "0"]


def test_each_window_has_noise_of_its_own(replayed: Graph) -> None:
    spreads = [
        float(pair.value)
        for message in replayed.messages("coherence")
        for pair in message.status[0].values
        if pair.key == "hypothesis_spread_mm"
    ]
    assert len(spreads) == len(set(spreads)) == PERSON_FRAMES - FIRST
    assert min(spreads) > 0


def test_one_process_gives_the_bytes_that_two_gave(
    replayed: Graph, graph: Graph, short_clip: Path, diffusion_model: Path
) -> None:
    """Anything that depends on processes, threads or the network would differ."""
    replay(graph, short_clip, diffusion_model, ("pose_pipeline",))
    assert graph.value("detector", "windows_listeners") == "1"  # this test, but not the lifter
    for topic in TOPICS:
        assert graph.raw[topic] == replayed.raw[topic], topic
    assert graph.stop("pose_pipeline") == 0


def test_the_nodes_end_as_they_are_told(replayed: Graph) -> None:
    assert [replayed.stop(name) for name in ("video_source", "detector")] == [0, 0]
    assert replayed.stop("lifter", signal.SIGTERM) == 0

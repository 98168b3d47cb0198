"""Both nodes in one process: the same results, and nothing sent that nobody hears."""

from pathlib import Path

import pytest
from graph import TOPICS, Graph, replay

pytestmark = pytest.mark.ros


def test_one_process_gives_the_bytes_that_two_give(
    graph: Graph, short_clip: Path, diffusion_model: Path, tmp_path: Path
) -> None:
    diffusion = {"model": diffusion_model, "sampler": "ddim", "steps": 1, "hypotheses": 2}
    replay(graph, short_clip, tmp_path / "camera.yaml", ("lifter", "detector"), **diffusion)
    apart = {topic: list(graph.raw[topic]) for topic in TOPICS}
    assert [graph.stop(name) for name in ("video_source", "detector", "lifter")] == [0, 0, 0]
    graph.forget()
    replay(graph, short_clip, tmp_path / "camera.yaml", ("lift",), **diffusion)
    assert graph.value("detector", "windows_listeners") == "1"  # this test, but not the lifter
    for topic in TOPICS:
        assert graph.raw[topic] == apart[topic], topic
    assert graph.stop("lift") == 0

"""README's Python code runs unchanged, and the documents' links are valid."""

import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import yaml

from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.video import VideoReader, VideoWriter

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "examples" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
LINE = re.compile(r"([\d.]+) s, person (\d+): right hand at (\S+) (\S+) (\S+) m")


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.slow
def test_ten_lines_print_the_right_hand_of_each_person_in_metres(tmp_path):
    (snippet,) = (block for block in python_blocks(ROOT / "README.md") if "PosePipeline" in block)
    assert len([line for line in snippet.splitlines() if line]) == 10
    clip, frames = walking_clip(), 60
    with (
        VideoReader(clip.video_path) as whole,
        VideoWriter(tmp_path / "my.mp4", whole.width, whole.height, clip.fps) as part,
    ):
        for _, _, image in islice(whole, frames):
            part.write(image)
    (tmp_path / "hands.py").write_text(snippet)
    done = subprocess.run(
        [sys.executable, "hands.py"], cwd=tmp_path, capture_output=True, text=True, timeout=250
    )
    assert done.returncode == 0, done.stderr
    matches = [LINE.fullmatch(line) for line in done.stdout.splitlines()]
    found = np.array([[float(number) for number in match.groups()] for match in matches])
    time_s, person, hand = found[:, 0], found[:, 1], found[:, 2:]
    assert frames / 2 < len(found) < frames  # the first half second fills the window
    assert set(person) == {0}
    truth = clip.joints[np.rint(time_s * clip.fps).astype(int), JOINTS.index("RWrist")]
    # Without a camera, a field of view is assumed, so distances have another scale.
    assert np.median(np.linalg.norm(hand - truth, axis=1)) < 0.15 * np.median(truth[:, 2])


def test_parameter_files_for_planners_are_yaml():
    text = (ROOT / "docs" / "planners.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    assert [next(iter(block)) for block in blocks] == [
        "local_costmap", "local_costmap", "collision_monitor", "sensors",
    ]  # fmt: skip
    for costmap in blocks[:2]:
        parameters = costmap["local_costmap"]["local_costmap"]["ros__parameters"]
        layer = parameters["people_layer"]
        assert "people_layer" in parameters["plugins"]
        assert set(layer["observation_sources"].split()) < layer.keys()
    monitor = blocks[2]["collision_monitor"]["ros__parameters"]
    assert set(monitor["observation_sources"]) < monitor.keys()
    assert set(blocks[3]["sensors"]) < blocks[3].keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name} links to {target}"
        if heading:
            assert heading in anchors(file), f"{page.name} links to {target}"


def anchors(page: Path) -> set[str]:
    """The names of its headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

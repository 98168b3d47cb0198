"""The live graph at 30 images a second neither grows nor collects threads or open files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 16
# Threads, files and MB more in the second half: one image in thirty that is kept would be 7 MB.
# The decoder of the looping video starts anew every 6 s, and settles after minutes only.
MOST = {"lifter": (0, 2, 4), "detector": (0, 2, 4), "video_source": (12, 2, 24)}


@pytest.mark.long
def test_a_while(standing_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "soak.json"
    command = [sys.executable, "bench/soak.py", "--minutes", str(SECONDS / 60), "--every", "1"]
    run = subprocess.run(
        [*command, "--model", str(standing_model), "--json", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    for name, samples in json.loads(out.read_text()).items():
        late = samples[len(samples) // 2 :]
        assert late[-1]["seconds"] > 0.8 * SECONDS
        for key, most in zip(("threads", "files", "own_mb"), MOST[name], strict=True):
            values = [sample[key] for sample in late]
            assert values[-1] - values[0] <= most, (name, key, values)

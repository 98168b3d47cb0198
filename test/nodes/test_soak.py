"""The live graph at 30 images per second does not accumulate memory, threads or open files."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 16
# Allowed growth of threads, files and MB in the second half. Keeping one image in thirty would add
# 7 MB. The looping video's decoder restarts every 6 s, and settles only after minutes.
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

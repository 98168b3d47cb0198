"""All of gpu/run.sh with tiny models on the CPU."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("lightning", reason="training needs the `train` extra")

ROOT = Path(__file__).resolve().parents[2]
MOST_FILES, MOST_BYTES = 8, 16e6
"""Limits of the files that are returned from the machine."""


def gpu_run(*options: str, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "gpu/run.sh", *options],
        # As for a user, without Triton's interpreter, which test/conftest.py enables.
        env={**os.environ, "TRITON_INTERPRET": "0", "PYTHON": sys.executable, "OUT": str(out)},
        cwd=out.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_dry_run_goes_through_all_phases(tmp_path):
    out = tmp_path / "out"
    ended = gpu_run("--dry-run", out=out)
    assert ended.returncode == 0, ended.stdout + ended.stderr + (out / "log.txt").read_text()
    results = json.loads((out / "results.json").read_text())
    for phase in ("equality", "speed", "throughput", "train", "tables"):
        assert results[phase]["status"] == "done"
        assert results[phase]["tables"]
    files = [file for file in out.rglob("*") if file.is_file()]
    assert len(files) <= MOST_FILES and max(file.stat().st_size for file in files) < MOST_BYTES
    with zipfile.ZipFile(out / "diffhpe-wrapper-robust.zip") as bundle:
        assert "diffhpe-wrapper-robust/model.safetensors" in bundle.namelist()
    assert "| mixste-robust | trained |" in (out / "report.md").read_text()


@pytest.mark.long
def test_phase_that_fails_leaves_the_others_alone(tmp_path):
    out = tmp_path / "out"
    ended = gpu_run("--dry-run", "--phases", "train,equality", "--models", "mixest", out=out)
    assert ended.returncode == 1
    assert "unknown model 'mixest'" in ended.stdout
    results = json.loads((out / "results.json").read_text())
    assert (results["train"]["status"], results["equality"]["status"]) == ("failed", "done")


def test_missing_packages_are_named_in_one_line(tmp_path):
    (tmp_path / "gpu").mkdir()
    script = (ROOT / "gpu/packages.py").read_text()
    (tmp_path / "gpu/packages.py").write_text(script.replace('"hydra":', '"no_hydra":'))
    ended = subprocess.run(
        [sys.executable, tmp_path / "gpu/packages.py", tmp_path / "site"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "hydra-core is neither installed nor in" in line and "gpu/prepare.sh" in line


def test_unknown_phase_is_named(tmp_path):
    ended = gpu_run("--dry-run", "--phases", "equalty", out=tmp_path / "out")
    assert ended.returncode == 2
    assert "unknown phase 'equalty'; expected some of equality, speed" in ended.stderr

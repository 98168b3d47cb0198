"""The command line from the user's side: results, one-line errors, exit codes."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
import torch
from python_programs import interrupted_at

from diffhpe_ros import __version__
from diffhpe_ros.cli import main
from diffhpe_ros.lifting import DEFAULT_MODEL, ModelConfig, build_model, save_model
from diffhpe_ros.lifting.checkpoints.configuration import TrunkConfig
from diffhpe_ros.rendering.clip import walking_clip

GOLDEN = Path(__file__).parents[1] / "golden"


def diffhpe_process(*arguments: object) -> CompletedProcess[str]:
    """Run the program in a separate process, which takes seconds to import torch."""
    command = [sys.executable, "-c", "from diffhpe_ros.cli import main; main()"]
    return subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=250, check=False
    )


@pytest.fixture
def diffhpe(monkeypatch, capsys) -> Iterator[Callable[..., CompletedProcess[str]]]:
    """Run the program in this process."""

    def run(*arguments: object) -> CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["diffhpe", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        printed = capsys.readouterr()
        return CompletedProcess(sys.argv, status, printed.out, printed.err)

    ended_by = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield run
    for each, handler in ended_by.items():
        signal.signal(each, handler)


def assert_refused(run: CompletedProcess[str], message: str) -> None:
    """Check for one clear line on stderr and a non-zero exit status."""
    assert run.returncode != 0
    lines = run.stderr.strip().splitlines()
    assert lines[-1].startswith("diffhpe: ")
    assert message in lines[-1]
    assert "Traceback" not in run.stderr


def test_help_names_all_commands():
    run = diffhpe_process("--help")
    assert run.returncode == 0
    commands = "demo lift train search evaluate reproduce convert export pack calibrate bench"
    for command in commands.split():
        assert command in run.stdout


def test_version_is_told(diffhpe):
    assert diffhpe("--version").stdout == f"diffhpe, version {__version__}\n"


@pytest.mark.parametrize("command", ["lift", "view", "demo"])
def test_help_names_the_default_model(diffhpe, command):
    shown = " ".join(diffhpe(command, "--help").stdout.split())
    assert DEFAULT_MODEL in shown.replace("- ", "-")  # wrapped at its hyphens


def test_ctrl_c_while_a_command_is_imported_ends_it_quietly(tmp_path):
    code = "from diffhpe_ros.cli import main; main()"
    arguments = ["lift", "no.npz", "--out", str(tmp_path / "out.npz")]
    status, shown = interrupted_at("import", "_multiarray_umath", ["-c", code, *arguments])
    assert (status, shown.strip()) == (130, "diffhpe: stopped")


@pytest.mark.parametrize("out", ["--out=~/tiny", "--out=$MODELS/tiny"])
def test_files_may_be_in_the_home_or_below_a_variable(diffhpe, tmp_path, monkeypatch, out):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MODELS", str(tmp_path))
    (tmp_path / "released.pt").write_bytes((GOLDEN / "tiny-mixste.pt").read_bytes())
    run = diffhpe("convert", "~/released.pt", out)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "tiny" / "config.yaml").is_file()
    for given in ("~/no.npz", "$HOME/no.npz"):
        run = diffhpe("lift", given, f"--out={given}")
        assert_refused(run, f"{tmp_path}/no.npz: no such file")


def test_convert_then_evaluate(diffhpe, tmp_path):
    run = diffhpe("convert", GOLDEN / "tiny-mixste.pt", "--out", tmp_path / "tiny")
    assert run.returncode == 0, run.stderr
    run = diffhpe(
        *("evaluate", "--data", windows_file(tmp_path), "--model", tmp_path / "tiny"),
        *("--occlusion", "leg", "--released-metrics", "--json", tmp_path / "figures.json"),
    )
    assert run.returncode == 0, run.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["windows"] == 3 and figures["mpjpe_mm"] > 0
    assert figures["occlusion"] == "leg" and figures["symmetry_gap_released_mm"] > 0
    low, high = figures["intervals"]["mpjpe_mm"]
    row = f"MPJPE, mm {figures['mpjpe_mm']:.1f} {low:.1f} to {high:.1f}"
    assert row in " ".join(run.stdout.split())  # however wide the columns are
    assert run.stdout.startswith("3 windows of 2 sequences")


def test_convert_diffpose_with_its_encoder(diffhpe, tmp_path):
    encoder, out = GOLDEN / "tiny-graformer.pth", tmp_path / "tiny"
    run = diffhpe("convert", GOLDEN / "tiny-diffpose.pth", "--encoder", encoder, "--out", out)
    assert run.returncode == 0, run.stderr
    assert f"{out}: diffpose-released, 27 frames" in run.stdout
    run = diffhpe("evaluate", "--data", windows_file(tmp_path), "--model", out, "--hypotheses", 2)
    assert run.returncode == 0, run.stderr


@pytest.mark.slow
def test_export_then_evaluate(diffhpe, tmp_path):
    # The smallest possible model: exporting takes seconds per block.
    config = ModelConfig("mixste", input_view="person", trunk=TrunkConfig(channels=16, depth=1))
    torch.manual_seed(0)  # other weights may have a figure that the two engines round differently
    save_model(build_model(config), config, tmp_path / "trained")
    run = diffhpe("export", tmp_path / "trained", "--out", tmp_path / "tiny")
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{tmp_path}/tiny: poses.onnx, within ")
    assert len(run.stdout.splitlines()) == 1
    options = "--data", windows_file(tmp_path), "--model", tmp_path / "tiny"
    onnx, folded = (
        diffhpe("evaluate", *options, "--engine", engine) for engine in ("onnx", "folded")
    )
    assert onnx.returncode == 0, onnx.stderr
    assert onnx.stdout == folded.stdout


def windows_file(folder: Path) -> Path:
    """Three windows of two sequences."""
    rng = np.random.default_rng(0)
    path = folder / "windows.npz"
    x, y = rng.normal(size=(3, 27, 17, 2)), rng.normal(size=(3, 27, 17, 3))
    np.savez(path, x=x, y=y - y[:, :, :1], sequence=[1, 1, 2])
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--occlusion", "arm"), "unknown occlusion 'arm'; expected one of none, random"),
        (("--data-2d", "2d.npz"), "--data-2d is only for a Human3.6M file"),
        (("--split", "test"), "--split is only for a Human3.6M file"),
        (("--preset", "slow"), "unknown preset 'slow'"),
        (("--sampler", "euler"), "unknown sampler 'euler'"),
        (("--hypotheses", "0"), "0 is not in the range x>=1"),
        (
            ("--engine", "onnx"),
            "has no onnx/poses.onnx: make a folder that contains it with diffhpe export",
        ),
        (("--json", "/nowhere/figures.json"), "cannot write /nowhere/figures.json"),
    ],
)
def test_wrong_settings_of_evaluate_are_one_line(diffhpe, tmp_path, options, message):
    data = windows_file(tmp_path)
    assert_refused(diffhpe("evaluate", "--model", "mixste", "--data", data, *options), message)


def test_lift(diffhpe, tmp_path):
    """The shipped model on the walking person, whose true joints are known."""
    clip = walking_clip()
    np.savez(
        tmp_path / "keypoints.npz", keypoints=clip.camera.project(clip.joints),
        layout="h36m17", fps=clip.fps, width=640, height=480,
    )  # fmt: skip
    run = diffhpe("lift", tmp_path / "keypoints.npz", "--out", tmp_path / "out.npz")
    assert run.returncode == 0, run.stderr
    assert "60 degrees is assumed" in run.stderr
    assert "180 frames, 180 of them with a pose" in run.stdout
    with np.load(tmp_path / "out.npz") as out:
        error = out["poses"] - (clip.joints - clip.joints[:, :1])
        assert np.linalg.norm(error, axis=-1).mean() < 0.07
        assert out["root"].shape == (180, 3)


def test_lift_video_to_bvh(diffhpe, tmp_path):
    """The real detector and the shipped model; the only assumption causes a warning."""
    out = tmp_path / "walk.bvh"
    options = ("--seconds", 1, "--blazepose-model", "full")
    run = diffhpe("lift", walking_clip().video_path, *options, "--out", out)
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"{out}: 30 frames, 30 of them with a pose\n"
    warnings = [line for line in run.stderr.splitlines() if line.startswith("warning:")]
    assert len(warnings) == 1 and "60 degrees is assumed" in warnings[0]
    assert "Frames: 30" in out.read_text() and list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lift", "/nowhere.npz", "--out", "/tmp/o.npz"), "/nowhere.npz: no such file"),
        (("lift", "/nowhere.mp4", "--out", "/tmp/o.bvh"), "/nowhere.mp4: no such file"),
        (("lift", "/nowhere.mp4", "--out", "/tmp/o.fbx"), "the ending sets the format; one of"),
        (("evaluate", "--data", "/nowhere.npz"), "/nowhere.npz: no such file"),
        (("convert", "/nowhere.pth", "--out", "/tmp/m"), "/nowhere.pth: no such checkpoint file"),
        (("convert", GOLDEN / "tiny-diffpose.pth", "--out", "/tmp/m"), "diffhpe convert --encoder"),
        (("export", "mixste", "--out", GOLDEN), "golden already exists; choose another folder"),
        (("demo", "--video", "/nowhere.mp4"), "/nowhere.mp4"),
        (("demo", "--video", "a.mp4", "--camera", "0"), "give --video or --camera, not both"),
        (("train", "--experiment", "mixest"), "unknown experiment 'mixest'"),
        (("bench", "--model", "mixest"), "unknown model 'mixest'"),
        (("demo", "--seconds", "5"), "--seconds is only for --camera"),
    ],
)
def test_failures_are_one_line(diffhpe, arguments, message):
    assert_refused(diffhpe(*arguments), message)


def test_corrupt_video_is_one_line(tmp_path):
    (tmp_path / "corrupt.mp4").write_bytes(b"\0" * 5000)
    assert_refused(diffhpe_process("demo", "--video", tmp_path / "corrupt.mp4"), "corrupt.mp4")


@pytest.mark.parametrize("value", ["nan", "inf", "-1"])
@pytest.mark.parametrize(
    "command",
    [
        "lift in.mp4 --out out.npz --seconds",
        "lift in.mp4 --out out.npz --fps",
        "lift in.mp4 --out out.npz --min-confidence",
        "lift in.mp4 --out out.npz --field-of-view",
        "lift in.mp4 --out out.npz --camera-height",
        "lift in.mp4 --out out.npz --person-height",
        "view --field-of-view",
        "demo --camera 0 --seconds",
        "data --cmu takes --fps",
    ],
)
def test_numbers_that_make_no_sense_are_refused(diffhpe, command, value):
    run = diffhpe(*command.split(), value)
    run.stderr = run.stderr.replace("_", "-")
    assert_refused(run, command.rpartition(" --")[2])


@pytest.mark.parametrize(
    ("command", "wrong", "known"),
    [
        ("lift in.mp4 --out out.npz --max-people", (0, 17), "1<=x<=16"),
        ("lift in.mp4 --out out.npz --hypotheses", (0,), "x>=1"),
        ("lift in.mp4 --out out.npz --steps", (0,), "x>=1"),
        ("view --port", (-1, 65536), "0<=x<=65535"),
        ("search --trials", (0,), "x>=1"),
        ("reproduce table-2 --steps", (0,), "x>=1"),
        ("reproduce table-2 --hypotheses", (0,), "x>=1"),
    ],
)
def test_whole_numbers_have_their_range(diffhpe, command, wrong, known):
    for value in wrong:
        assert_refused(diffhpe(*command.split(), value), f"{value} is not in the range {known}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lift", "--colour", "red"), "--colour"),
        (("lift",), "Missing"),
        (("lift", "a", "--out", "b.csv", "--size", "big"), "such as 1280x720, got 'big'"),
        (("dance",), "No such command 'dance'"),
        (("demo", "--camera", "front"), "'front' is not a valid integer"),
        (("bench", "--model", GOLDEN / "tiny-mixste.pt", "--device", "tpu"), "device 'tpu'"),
        (("bench", "--rounds", "0"), "0 is not in the range x>=1"),
    ],
)
def test_wrong_usage_is_one_line_too(diffhpe, arguments, message):
    assert_refused(diffhpe(*arguments), message)

"""Results for files and cameras that caused trouble in other projects: one row for each input.

    python bench/cases.py --files FOLDER [--only WORD …] [--write]
    python bench/cases.py --drivers [--only WORD …] [--write]

With `--only`, `--write` replaces only the rows of these cases.

FOLDER holds `CASE/…`, inputs as users have them. Each input goes to its command: keypoints to
`diffhpe lift`, labelled windows to `evaluate`, checkpoints to `convert`, videos to the reader, ONNX
models to the person detector, lines of `cases.txt` to `train`. With `--drivers`, real nodes get
images from a camera that behaves like real drivers (`driver_cases/`). The last column is what a
user sees.
"""

from __future__ import annotations

import argparse
import re
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from click.testing import CliRunner

from diffhpe_ros.cli.app import app
from diffhpe_ros.detection.onnx.person_models import PersonModel
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz
from diffhpe_ros.onnx_session import OnnxModel
from diffhpe_ros.training.experiments.document import markdown_table, section, write_section
from diffhpe_ros.video import VideoReader

ROOT = Path(__file__).resolve().parents[1]
MOCAP = ROOT / "test" / "data" / "mocap"
SMALL_TRAINING = (
    "++model.trunk={channels: 16, depth: 1, heads: 2, mlp_ratio: 2.0}",
    *("trainer.max_steps=2", "trainer.val_check_interval=2", "data.batch_size=4"),
    *("calibrate_every=0", "progress=false", f"data.mocap={MOCAP}/cmu_h36m17_50hz.npz"),
    f"data.validation={MOCAP}/cmu_validation.npz",
)
PAGE = ROOT / "docs" / "results" / "cases.md"
HEADER = ["case", "input", "now"]
PROGRESS = re.compile(r"%\||/s[,\]]")
LOGGED = re.compile(r"\[([A-Z]+)\] \[[\d.]+\] \[[^]]+\]: ")
"""The prefix that ROS writes before a log text."""
MOST_SHOWN = 500


def main() -> None:
    """Run the cases and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=Path, metavar="FOLDER")
    parser.add_argument("--drivers", action="store_true", help="cameras in front of real nodes")
    parser.add_argument("--domain", type=int, default=81, help="ROS_DOMAIN_ID of these")
    parser.add_argument(
        "--only", nargs="+", default=[""], help="cases whose name or input has one of these in it"
    )
    parser.add_argument("--write", action="store_true", help="the table of docs/results/cases.md")
    chosen = parser.parse_args()
    if bool(chosen.files) == chosen.drivers:
        parser.error("either --files FOLDER or --drivers is needed")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background programs ignore SIGINT
    with ExitStack() as stack:
        cases = file_cases(chosen.files) if chosen.files else _driver_cases(stack, chosen.domain)
        rows = []
        for case, name, run in cases:
            if any(word in f"{case} {name}" for word in chosen.only):
                rows.append([case, name, one_line(run().replace(f"{chosen.files}/", ""))])
                print(" | ".join(rows[-1]), flush=True)
    if chosen.write:
        name = "files" if chosen.files else "drivers"
        if any(chosen.only):
            rows = merged(table_rows(_written(name)), rows)
        write_section(PAGE, name, markdown_table(HEADER, rows).replace("---:", "---"))


def table_rows(text: str) -> list[list[str]]:
    """Rows of a three-column Markdown table, without its header."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines[2:]]


def _written(name: str) -> str:
    before, after = section(PAGE, name)
    return PAGE.read_text()[len(before) : -len(after)]


def merged(old: list[list[str]], new: list[list[str]]) -> list[list[str]]:
    """The old rows with those of newly run inputs replaced."""
    latest = {(case, name): now for case, name, now in [*old, *new]}
    return [[*key, now] for key, now in latest.items()]


Case = tuple[str, str, Callable[[], str]]
"""Name of the case, its input, and what runs it."""


def file_cases(folder: Path) -> Iterator[Case]:
    """A case for each file that a command accepts."""
    for file in sorted(folder.glob("*/*")):
        case = file.parent.name
        if file.name == "cases.txt":
            for line in file.read_text().splitlines():
                yield case, f"train {line.replace('|', ' ')}", lambda line=line: train(line)
        elif (run := _command(file)) is not None:
            yield case, file.name, lambda run=run, file=file: run(file)


def _driver_cases(stack: ExitStack, domain: int) -> Iterator[Case]:
    from driver_cases import driver_cases
    from driver_cases.rig import Rig

    rig = stack.enter_context(Rig(domain))
    for case, name, run in driver_cases():
        yield case, name, lambda run=run: _text_of(run, rig)


def _text_of(run: Callable[[Any], str], rig: Any) -> str:
    try:
        return run(rig)
    except DiffhpeError as error:
        return f"FAILS: {error}"


def _command(file: Path) -> Callable[[Path], str] | None:
    if file.suffix == ".npz" and "y" in np.load(file).files:
        return evaluate
    return COMMANDS.get(file.suffix)


def diffhpe(*arguments: str) -> str:
    """The program's output and exit status."""
    result = CliRunner().invoke(app, arguments, standalone_mode=False)
    output = re.split(r"[\r\n]+", result.stderr + result.stdout)
    lines = [line for line in output if line.strip() and not PROGRESS.search(line)]
    if isinstance(result.exception, DiffhpeError):
        lines.append(f"refused: {result.exception}")
    elif result.exception is not None:
        lines.append("FAILS: " + traceback.format_exception_only(result.exception)[-1])
    return "; ".join(lines)


def lift(file: Path) -> str:
    """Lift a recording of keypoints."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "poses.npz"
        said = diffhpe("lift", str(file), "--out", str(out))
        if out.is_file():
            root = read_npz(out)["root"]
            placed = root[np.isfinite(root).all(-1)]
            x, y, z = np.median(placed, 0) if len(placed) else [np.nan] * 3
            said += f"; root of {len(placed)} frames, at {x:.2f} {y:.2f} {z:.2f} m"
    return said.replace(f"{out}: ", "")


def evaluate(file: Path) -> str:
    """Evaluate on labelled windows."""
    return diffhpe("evaluate", "--data", str(file)).partition("; P-MPJPE, mm")[0]


def convert(file: Path) -> str:
    """Convert a checkpoint."""
    with tempfile.TemporaryDirectory() as folder:
        return diffhpe("convert", str(file), "--out", f"{folder}/model").replace(folder, "")


def video(file: Path) -> str:
    """Read a video: size, length, and its first image's likeness to `plain` by orientation."""
    with VideoReader(file) as reader:
        frames = list(reader)
    said = f"{len(frames)} frames of {reader.width}x{reader.height}, {frames[-1][1]:.2f} s"
    plain = file.with_stem("plain")
    if not plain.is_file() or plain == file:
        return said
    image = frames[0][2].astype(float)
    stored = next(iter(VideoReader(plain)))[2]
    turned = {
        "as it is": stored, "mirrored": stored[:, ::-1], "flipped": stored[::-1],
        "turned by 180 degrees": stored[::-1, ::-1],
    }  # fmt: skip
    same = [name for name, each in turned.items() if each.shape == image.shape]
    return f"{said}, {min(same, key=lambda name: float(np.abs(turned[name] - image).mean()))}"


def persons(file: Path) -> str:
    """Run an ONNX model on a grey image of 640x640."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        boxes, _ = PersonModel(OnnxModel(file), 0.4).find(np.full((640, 640, 3), 90, np.uint8))
    return f"boxes {boxes.round().tolist()}" + "".join(f"; {each.message}" for each in said)


def train(line: str) -> str:
    """Train a small model with these overrides."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = [each for each in line.split("|") if not re.match(r"out=[\w]", each)]
        out = [] if any(each.startswith("out=") for each in overrides) else [f"out={folder}/out"]
        return diffhpe("train", *SMALL_TRAINING, *out, *overrides).replace(folder, "")


def guarded(run: Callable[[Path], str]) -> Callable[[Path], str]:
    """The same case, with errors reported as the program would report them."""

    def guarded_run(file: Path) -> str:
        try:
            return run(file)
        except DiffhpeError as error:
            return f"refused: {error}"
        except cv2.error as error:
            return f"FAILS: {error}"

    return guarded_run


COMMANDS: Mapping[str, Callable[[Path], str]] = {
    ".npz": lift, ".npy": lift,
    ".pth": convert, ".pt": convert, ".bin": convert, ".ckpt": convert,
    ".mp4": guarded(video), ".webm": guarded(video), ".mkv": guarded(video),
    ".onnx": guarded(persons),
}  # fmt: skip


def one_line(text: str) -> str:
    """Text for a cell of the table."""
    text = LOGGED.sub(r"\1: ", " ".join(text.split()))
    text = text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + " …"
    return text.replace("|", "/").replace("_", "\\_").replace("*", "\\*")


if __name__ == "__main__":
    main()

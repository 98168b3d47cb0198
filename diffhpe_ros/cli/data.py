"""The command that prepares training and evaluation files: `data`."""

import re
from collections.abc import Iterable
from pathlib import Path

import click

from diffhpe_ros.cli.options import FILE, MOCAP, FiniteRange, warn
from diffhpe_ros.errors import DiffhpeError

_FILES = ("cmu_h36m17_50hz.npz", "cmu_validation.npz", "cmu_test.npz")


@click.command()
@click.option(
    "--cmu", type=FILE, required=True, help="Folder with the CMU database's .asf and .amc files."
)
@click.option("--out", type=FILE, default=MOCAP, show_default=True, help="Folder for the results.")
@click.option("--subjects", default="", help="Subjects to read, such as 2,7,12-16.  [default: all]")
@click.option(
    "--fps",
    type=FiniteRange(50),
    default=120.0,
    show_default=True,
    help="Frames per second of the .amc files; CMU lists the subjects for which they are 60.",
)
def data(cmu: Path, out: Path, subjects: str, fps: float) -> None:
    """Prepare training and evaluation files from motion capture.

    For example: diffhpe data --cmu all_asfamc/subjects --out data/mocap

    Reads SS_TT.amc with SS.asf in the same folder, as in the CMU motion capture database
    (mocap.cs.cmu.edu). Writes cmu_h36m17_50hz.npz for training, and cmu_validation.npz and
    cmu_test.npz with windows of the subjects that are never trained on. Only these windows need
    torch, for their virtual cameras. Takes that cannot be read are skipped with a warning.
    """
    from diffhpe_ros.lifting.torch_needed import has_torch, without_torch
    from diffhpe_ros.training.datasets.cmu import read_takes, write_takes

    motion, validation, test = (out / name for name in _FILES)
    make_folder(out, [motion, validation, test])
    takes, problems = read_takes(cmu, numbers(subjects), fps)
    for problem in problems:
        warn(problem)
    write_takes(motion, takes)
    minutes = sum(len(take.positions) for take in takes) / 50 / 60
    people = len({take.subject for take in takes})
    click.echo(f"{motion}: {len(takes)} takes of {people} subjects, {minutes:.1f} minutes")
    if has_torch():
        _write_windows(motion, validation, test)
    else:
        reason = "their virtual cameras need torch"
        warn(f"{validation} and {test} are not written: {without_torch(reason)}")


def _write_windows(motion: Path, validation: Path, test: Path) -> None:
    """Write windows of the subjects that are never trained on, if the files contain them."""
    from diffhpe_ros.training.datasets.labelled_windows import write_windows
    from diffhpe_ros.training.datasets.mocap import TEST_SUBJECTS, VALIDATION_SUBJECTS
    from diffhpe_ros.training.synthesis.virtual_camera_windows import synthetic_evaluation_windows

    for file, held_out in ((validation, VALIDATION_SUBJECTS), (test, TEST_SUBJECTS)):
        windows = synthetic_evaluation_windows(motion, held_out)
        if windows is None:
            expected = ", ".join(map(str, sorted(held_out)))
            warn(f"{file} is not written: none of the subjects {expected} is in {motion}")
            continue
        write_windows(file, windows)
        found = ", ".join(sorted(set(windows.subject), key=int))
        click.echo(f"{file}: {len(windows)} windows of subject {found}")


def make_folder(out: Path, files: Iterable[Path]) -> None:
    """Make the folder for files that do not exist yet.

    Raises:
        DiffhpeError: it cannot be made, or one of the files exists.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiffhpeError(f"cannot write to {out}: {error.strerror or error}") from None
    existing = [file for file in files if file.exists()]
    if existing:
        raise DiffhpeError(
            f"{existing[0]} already exists; remove it, or choose another folder with --out"
        )


def numbers(text: str) -> set[int]:
    """Parse a list of numbers such as 2,7,12-16.

    Raises:
        DiffhpeError: it is not such a list.
    """
    found: set[int] = set()
    for part in filter(None, text.replace(" ", "").split(",")):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if match is None:
            raise DiffhpeError(f"--subjects: {part!r}; numbers are expected, such as 2,7,12-16")
        found |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    return found

"""The command that prepares training and evaluation files: `data`."""

import re
from pathlib import Path

import click

from diffhpe_ros.cli.options import FILE, MOCAP, warn
from diffhpe_ros.errors import DiffhpeError


@click.command()
@click.option("--cmu", type=FILE, required=True, help="Folder of the CMU database's .asf and .amc.")
@click.option("--out", type=FILE, default=MOCAP, show_default=True, help="Folder of the files.")
@click.option("--subjects", default="", help="Such as 2,7,12-16; all if not given.")
@click.option(
    "--fps",
    type=click.FloatRange(50),
    default=120.0,
    show_default=True,
    help="Of the .amc files; CMU's list says for which subjects it is 60.",
)
def data(cmu: Path, out: Path, subjects: str, fps: float) -> None:
    """Prepare training and evaluation files from motion capture.

    For example: diffhpe data --cmu all_asfamc/subjects --out data/mocap

    Reads SS_TT.amc with SS.asf in the same folder, as in the CMU motion capture database
    (mocap.cs.cmu.edu). Writes cmu_h36m17_50hz.npz for training, and cmu_validation.npz and
    cmu_test.npz with windows of the subjects that are never trained on. Takes that cannot be read
    are left out with a warning.
    """
    from diffhpe_ros.training.datasets.cmu import read_takes, write_takes
    from diffhpe_ros.training.datasets.labelled_windows import write_windows
    from diffhpe_ros.training.datasets.mocap import TEST_SUBJECTS, VALIDATION_SUBJECTS
    from diffhpe_ros.training.synthesis.virtual_camera_windows import evaluation_windows

    takes, problems = read_takes(cmu, numbers(subjects), fps)
    for problem in problems:
        warn(problem)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiffhpeError(f"cannot write to {out}: {error.strerror or error}") from error
    motion = out / "cmu_h36m17_50hz.npz"
    write_takes(motion, takes)
    minutes = sum(len(take.positions) for take in takes) / 50 / 60
    people = len({take.subject for take in takes})
    click.echo(f"{motion}: {len(takes)} takes of {people} subjects, {minutes:.1f} minutes")
    for name, held_out in (("validation", VALIDATION_SUBJECTS), ("test", TEST_SUBJECTS)):
        windows = evaluation_windows(motion, held_out)
        expected = ", ".join(map(str, sorted(held_out)))
        if windows is None:
            warn(f"no {name} windows: they are of the subjects {expected}, who are not there")
            continue
        file = out / f"cmu_{name}.npz"
        write_windows(file, windows)
        click.echo(f"{file}: {len(windows)} windows of the subjects {expected}")


def numbers(text: str) -> set[int]:
    """Numbers of a list such as 2,7,12-16.

    Raises:
        DiffhpeError: it is no such list.
    """
    found: set[int] = set()
    for part in filter(None, text.replace(" ", "").split(",")):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if match is None:
            raise DiffhpeError(f"--subjects: {part!r}; numbers are expected, such as 2,7,12-16")
        found |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    return found

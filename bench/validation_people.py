"""Writes the windows of the second validation: people of the further motion capture files.

`diffhpe evaluate --data` measures a model on them. A training adds the same windows to
cmu_validation.npz if its files have these people (`VALIDATION_PEOPLE`). Wide cameras also see them
from ceilings and nearby, which no training is validated with.

With --per-person it writes windows of all people except those of the frozen test, half of them seen
by wide cameras, for `diffhpe calibrate --data`: people differ more than their motions do.
"""

import argparse
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.datasets.labelled_windows import (
    LabelledWindows,
    read_windows,
    write_windows,
)
from diffhpe_ros.training.datasets.mocap import (
    TEST_SUBJECTS,
    VALIDATION_PEOPLE,
    MotionCapture,
    read_motion_capture_files,
)
from diffhpe_ros.training.runner.configuration import compose_configuration
from diffhpe_ros.training.synthesis.virtual_camera import CAMERA_RANGES
from diffhpe_ros.training.synthesis.virtual_camera_windows import (
    calibration_people,
    validation_people,
)
from diffhpe_ros.windows import RATE


def files() -> tuple[Mapping[Path, float], Path]:
    """The motion capture files of `data=mocap`, and its first validation."""
    data = compose_configuration("mixste", ["data=mocap"]).data
    folder = Path(data.folder)
    return {folder / name: weight for name, weight in data.mocap.items()}, folder / data.validation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    parser.add_argument("--cameras", default="eye_level", choices=CAMERA_RANGES)
    parser.add_argument("--rate", type=float, default=RATE, help="frames a second of the windows")
    parser.add_argument("--windows", type=int, help="how many; as many as in cmu_validation.npz")
    parser.add_argument("--per-person", type=int, metavar="N", help="N windows of each person")
    arguments = parser.parse_args()
    if arguments.per_person:
        windows = windows_per_person(arguments.per_person, arguments.rate)
    else:
        windows = second_validation(arguments.windows, arguments.cameras, arguments.rate)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_windows(arguments.out, windows)
    people = sorted(set(windows.subject.tolist()))
    print(f"{arguments.out}: {len(windows)} windows of {len(people)} people: {', '.join(people)}")


def second_validation(count: int | None, cameras: str, rate: float) -> LabelledWindows:
    """Windows of `VALIDATION_PEOPLE`."""
    motion, validation = files()
    people = _read(motion, VALIDATION_PEOPLE.__contains__)
    count = count or len(read_windows(validation))
    return validation_people(people, count, cameras=CAMERA_RANGES[cameras], rate=rate)


def windows_per_person(each: int, rate: float) -> LabelledWindows:
    """Windows of each person, half of them seen by wide cameras."""
    people = _read(files()[0], lambda subject: subject not in TEST_SUBJECTS)
    halves = zip(CAMERA_RANGES.values(), (each - each // 2, each // 2), strict=True)
    several = [
        calibration_people(people, count, cameras=cameras, rate=rate) for cameras, count in halves
    ]
    return reduce(LabelledWindows.joined, several)


def _read(motion: Mapping[Path, float], keep: Callable[[int], bool]) -> MotionCapture:
    people = read_motion_capture_files(motion, keep)
    if people is None:
        raise DiffhpeError(f"no such subject is in {', '.join(map(str, motion))}")
    return people


if __name__ == "__main__":
    main()

"""Writes the windows of the second validation: people of the further motion capture files.

`diffhpe evaluate --data` measures a model on them. They are the windows that a training adds to
cmu_validation.npz, where its files have these people (`VALIDATION_PEOPLE`). With wide cameras they
are seen from ceilings and nearby as well, which no training is validated with.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.datasets.labelled_windows import read_windows, write_windows
from diffhpe_ros.training.datasets.mocap import VALIDATION_PEOPLE, read_motion_capture_files
from diffhpe_ros.training.runner.configuration import compose_configuration
from diffhpe_ros.training.synthesis.virtual_camera import CAMERA_RANGES
from diffhpe_ros.training.synthesis.virtual_camera_windows import validation_people


def files() -> tuple[Mapping[Path, float], Path]:
    """The motion capture files of `data=mocap`, and its first validation."""
    data = compose_configuration("mixste", ["data=mocap"]).data
    folder = Path(data.folder)
    return {folder / name: weight for name, weight in data.mocap.items()}, folder / data.validation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the .npz to write")
    parser.add_argument("--cameras", default="eye_level", choices=CAMERA_RANGES)
    parser.add_argument("--windows", type=int, help="how many; as many as in cmu_validation.npz")
    arguments = parser.parse_args()
    motion, validation = files()
    people = read_motion_capture_files(motion, VALIDATION_PEOPLE.__contains__)
    if people is None:
        raise DiffhpeError(f"none of the subjects {sorted(VALIDATION_PEOPLE)} is in the files")
    count = arguments.windows or len(read_windows(validation))
    windows = validation_people(people, count, cameras=CAMERA_RANGES[arguments.cameras])
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_windows(arguments.out, windows)
    print(f"{arguments.out}: {len(windows)} windows of subjects {sorted(VALIDATION_PEOPLE)}")


if __name__ == "__main__":
    main()

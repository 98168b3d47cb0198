"""The parts of the error in millimetres: keypoint noise, people not trained on, and the model.

Two models lift the same windows, with noisy and with true keypoints. The windows show people of the
training (without augmentation), of both validations, and of the test.
"""

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from validation_people import files

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.batched import BATCH
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows, read_windows
from diffhpe_ros.training.datasets.mocap import VALIDATION_PEOPLE, read_motion_capture_files
from diffhpe_ros.training.synthesis.virtual_camera_windows import validation_people


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs=2, default=["mixste-robust", "diffhpe-wrapper-robust"])
    parser.add_argument("--windows", type=int, default=400, help="of people of the training")
    arguments = parser.parse_args()
    lifters = [Lifter.from_pretrained(name) for name in arguments.models]
    columns = [
        f"{name}{keypoints}" for keypoints in ("", ", true keypoints") for name in arguments.models
    ]
    print(f"| people | {' | '.join(columns)} | correlation of errors |")
    print("| --- |" + " ---: |" * (len(columns) + 1))
    for people, windows in sets(arguments.windows).items():
        noisy, true = (
            [errors_mm(lifter, each) for lifter in lifters]
            for each in (windows, with_true_keypoints(windows))
        )
        means = [np.linalg.norm(each, axis=-1).mean() for each in (*noisy, *true)]
        cells = " | ".join(f"{mean:.1f}" for mean in means)
        print(f"| {people} | {cells} | {correlation(*noisy):.3f} |", flush=True)


def sets(windows: int) -> dict[str, LabelledWindows]:
    """Windows with known hip positions, by group of people."""
    motion, validation = files()
    seen = read_motion_capture_files(motion, lambda subject: subject not in VALIDATION_PEOPLE)
    others = read_motion_capture_files(motion, VALIDATION_PEOPLE.__contains__)
    assert seen is not None and others is not None
    first = read_windows(validation)
    return {
        "of the training": validation_people(seen, windows),
        "validation": first,
        "six others": validation_people(others, len(first)),
        "test": read_windows(validation.with_name("cmu_test.npz")),
    }


def with_true_keypoints(windows: LabelledWindows) -> LabelledWindows:
    """The same windows without noise; unseen joints stay unseen."""
    assert windows.root is not None
    joints = windows.poses + windows.root[:, :, None]
    true = CANONICAL_FOCAL * joints[..., :2] / joints[..., 2:]
    seen = (windows.x_2d != 0).any(-1, keepdims=True)
    return replace(windows, x_2d=np.where(seen, true, 0).astype(np.float32))


def errors_mm(lifter: Lifter, windows: LabelledWindows) -> NDArray[np.float32]:
    """(N, 27, 17, 3)."""
    batches = [
        lifter.lift(windows.x_2d[begin : begin + BATCH]).poses
        for begin in range(0, len(windows), BATCH)
    ]
    return np.asarray(1000 * (np.concatenate(batches) - windows.poses))


def correlation(one: NDArray[np.float32], two: NDArray[np.float32]) -> float:
    """The correlation of two sets of error vectors: 1 if they have the same direction and size."""
    return float((one * two).sum() / np.sqrt((one**2).sum() * (two**2).sum()))


if __name__ == "__main__":
    main()

"""Checks whether another machine, or an emulated one, gives the same poses; measures no times.

    python bench/other_machine.py write FILE.npz      # on both machines
    python bench/other_machine.py compare ONE.npz OTHER.npz

The default model lifts windows of the test data, and BlazePose processes the first images of the
embedded clip. Nothing needs torch.
"""

import argparse
import platform
from itertools import islice
from pathlib import Path

import numpy as np

from diffhpe_ros.detection import create_detector
from diffhpe_ros.io import read_npz
from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

WINDOWS = Path(__file__).parents[1] / "test" / "data" / "mocap" / "cmu_validation.npz"
COUNT, IMAGES = 4, 2


def write(file: Path) -> None:
    """Lift, detect, and write the results."""
    lifter = Lifter.from_pretrained(DEFAULT_MODEL)
    windows = read_npz(WINDOWS, ("x",))["x"][:COUNT].astype(np.float32)
    lifted = lifter.lift(windows)
    detector = create_detector("blazepose")
    with VideoReader(walking_clip().video_path) as video:
        found = [detector.detect(image).keypoints[0] for _, _, image in islice(video, IMAGES)]
    np.savez(file, poses=lifted.poses, covariance=lifted.covariance, keypoints=np.array(found))
    print(f"{platform.machine()}, engine {lifter.engine_description}: wrote {file}")


def compare(one: Path, other: Path) -> None:
    """Print the differences."""
    names = ("poses", "covariance", "keypoints")
    a, b = (read_npz(file, names) for file in (one, other))
    apart = {name: np.nanmax(np.abs(a[name] - b[name])) for name in names}
    print(f"joints: {1000 * apart['poses']:.6f} mm at most")
    print(f"covariance: {1e6 * apart['covariance']:.4f} mm² at most")
    print(f"keypoints: {apart['keypoints']:.2f} pixels at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write").add_argument("file", type=Path, nargs=1)
    commands.add_parser("compare").add_argument("file", type=Path, nargs=2)
    arguments = parser.parse_args()
    run = write if arguments.command == "write" else compare
    run(*arguments.file)


if __name__ == "__main__":
    main()

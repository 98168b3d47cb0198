"""Trains on motion capture in C3D, mm, z up: `train_on_own.py takes/ runs/mine [more settings]`."""

import sys
from pathlib import Path

import ezc3d
import numpy as np

from diffhpe_ros.skeleton import JOINTS
from diffhpe_ros.training.datasets.cmu import resampled
from diffhpe_ros.training.datasets.labelled_windows import write_windows
from diffhpe_ros.training.runner.configuration import compose_configuration
from diffhpe_ros.training.runner.train import fit
from diffhpe_ros.training.synthesis.virtual_camera_windows import synthetic_evaluation_windows

# For each joint, the points of your files whose mean it is, such as "Hip": ["LHJC", "RHJC"].
POINTS = {name: [name.removeprefix("Neck/")] for name in JOINTS}


def convert(take: Path) -> Path:
    """Converts a take to the format of docs/training.md; fill its gaps first."""
    c3d = ezc3d.c3d(str(take))
    labels, rate = (c3d["parameters"]["POINT"][name]["value"] for name in ("LABELS", "RATE"))
    points = dict(zip(labels, c3d["data"]["points"][:3].transpose(1, 2, 0) / 1000, strict=True))
    joints = [np.mean([points[label] for label in POINTS[joint]], axis=0) for joint in JOINTS]
    positions = resampled(np.stack(joints, axis=1), rate[0])  # (T, 17, 3) metres at 50 Hz
    facing = positions[:, 9] - positions[:, [8, 10]].mean(1)  # from inside the head to the nose
    facing /= np.linalg.norm(facing, axis=-1, keepdims=True)
    one = {"offsets": [0, len(positions)], "subject": [10_000], "name": [take.stem]}
    np.savez(take.with_suffix(".npz"), positions=positions, head_forward=facing, **one)
    return take.with_suffix(".npz")


takes = Path(sys.argv[1])
*mine, last = map(convert, sorted(takes.glob("*.c3d")))  # two or more; the last is for validation
write_windows(takes / "windows.npz", synthetic_evaluation_windows(last, [10_000]))
mocap = ", ".join(f"{file}: 1.0" for file in mine)
more = [f"data.validation={takes}/windows.npz", f"out={sys.argv[2]}", *sys.argv[3:]]
print(fit(compose_configuration("mixste", ["data=cmu", f"data.mocap={{{mocap}}}", *more])))

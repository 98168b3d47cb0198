"""Packs the motion capture files, small enough for a machine without a network.

Joints are stored in steps of 0.1 mm relative to the hip, and the hip relative to its first position
in the sequence. Motion is smooth, so second differences over time are small numbers, which compress
to a fifth. `python -m gpu.motion cost` shows the error of this, and of 25 Hz.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz
from diffhpe_ros.paths import data_folder
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.training.datasets.mocap import HELD_OUT_SUBJECTS

STEP_M = 1e-4
LIMIT_MB = 24.0
PACKED, VALIDATION, TEST = "motion.npz", "validation.npz", "test.npz"
EVALUATED = ("x", "y", "root", "subject", "sequence", "camera")
CONFIGURATION = Path("config/train/data/mocap.yaml")

Arrays = Mapping[str, NDArray[Any]]


def training_files() -> dict[Path, float]:
    """The files that trainings draw from, with their frequencies; the best files first."""
    weights = yaml.safe_load(CONFIGURATION.read_text())["mocap"]
    folder = data_folder() / "mocap"
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    return {folder / name: weight for name, weight in ordered}


def pack(files: Mapping[Path, float], out: Path, limit_mb: float = LIMIT_MB) -> list[str]:
    """Pack motion files into one, as many as fit.

    Args:
        files: files for `mocap.read_motion_capture`, with the relative frequency of their windows.
        out: the packed .npz.
        limit_mb: limit of its size; files that do not fit are left out.

    Returns:
        Names of the files in it.

    Raises:
        DiffhpeError: a file cannot be read, or a body in it jumps by over a metre.
    """
    arrays: dict[str, Any] = {}
    names: list[str] = []
    out.parent.mkdir(parents=True, exist_ok=True)
    for path, weight in files.items():
        more = {f"{path.stem}:{name}": value for name, value in encode(_kept(path)).items()}
        more[f"{path.stem}:weight"] = np.array(weight)
        trial = out.with_suffix(".trial.npz")
        np.savez_compressed(trial, **arrays, **more, names=np.array([*names, path.stem]))
        if trial.stat().st_size > 1e6 * limit_mb:
            trial.unlink()
            continue
        trial.replace(out)
        arrays |= more
        names.append(path.stem)
    return names


def unpack(packed: Path, folder: Path) -> dict[Path, float]:
    """Unpack the files into a folder.

    Returns:
        The files, with the relative frequency of their windows.
    """
    arrays = read_npz(packed, ("names",))
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name in arrays["names"]:
        own = {key.partition(":")[2]: arrays[key] for key in arrays if key.startswith(f"{name}:")}
        files[folder / f"{name}.npz"] = float(own.pop("weight"))
        np.savez(folder / f"{name}.npz", **decode(own))
    return files


def encode(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Positions (N, 17, 3) of sequences as small numbers; see `decode`.

    Raises:
        DiffhpeError: a step is too large for 16 bits.
    """
    positions = arrays["positions"].astype(np.float64)
    origin = np.zeros((len(arrays["offsets"]) - 1, 3))
    changes = np.zeros((len(positions), NUM_JOINTS * 3), np.int32)
    for number, rows in enumerate(_sequences(arrays["offsets"])):
        origin[number] = positions[rows.start, 0]
        relative = positions[rows].copy()
        relative[:, 1:] -= relative[:, :1]
        relative[:, 0] -= origin[number]
        steps = np.round(relative / STEP_M).astype(np.int32).reshape(len(relative), -1)
        changes[rows] = np.diff(np.diff(steps, axis=0, prepend=0), axis=0, prepend=0)
    if np.abs(changes).max(initial=0) > np.iinfo(np.int16).max:
        raise DiffhpeError("a body jumps by over a metre: not to be packed in 16 bits")
    pairs = np.ascontiguousarray(changes.T.astype("<i2")).view(np.uint8)
    pairs = pairs.reshape(NUM_JOINTS * 3, -1, 2)
    return {
        "low": np.ascontiguousarray(pairs[..., 0]),
        "high": np.ascontiguousarray(pairs[..., 1]),
        "origin": origin,
        "head_forward": arrays["head_forward"].astype(np.float16),
        **{name: arrays[name] for name in ("offsets", "subject", "name")},
    }


def decode(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """The arrays that `encode` was given, with positions exact to 0.1 mm."""
    pairs = np.stack([arrays["low"], arrays["high"]], -1)
    changes = pairs.view("<i2")[..., 0].T.astype(np.int32)
    positions = np.zeros((len(changes), NUM_JOINTS, 3))
    for number, rows in enumerate(_sequences(arrays["offsets"])):
        steps = changes[rows].cumsum(0).cumsum(0)
        relative = STEP_M * steps.reshape(-1, NUM_JOINTS, 3)
        relative[:, 0] += arrays["origin"][number]
        relative[:, 1:] += relative[:, :1]
        positions[rows] = relative
    kept = {name: arrays[name] for name in ("head_forward", "offsets", "subject", "name")}
    return {"positions": positions.astype(np.float32), **kept}


def keep_some(source: Path, out: Path, every: int) -> None:
    """Copy every n-th window of a file of labelled windows, without unused arrays."""
    arrays = read_npz(source, ("x", "y"))
    out.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: arrays[name][::every] for name in EVALUATED if name in arrays}
    np.savez_compressed(out, **kept)


def cost(arrays: Arrays) -> dict[str, float]:
    """Mean errors in mm: of the packed positions, and of 25 Hz interpolated to 50."""
    before = arrays["positions"]
    after = decode(encode(arrays))["positions"]
    linear, cubic = (_cost_of_half_the_frames(arrays, how) for how in (_linear, CubicSpline))
    return {"packed": _mean_mm(after, before), "25 Hz, linear": linear, "25 Hz, cubic": cubic}


def _cost_of_half_the_frames(arrays: Arrays, fit: Callable[..., Callable[..., Any]]) -> float:
    errors, frames = 0.0, 0
    for rows in _sequences(arrays["offsets"]):
        truth = arrays["positions"][rows].astype(np.float64)
        at = np.arange(0, len(truth), 2)
        if len(at) > 1:
            truth = truth[: at[-1] + 1]
            errors += len(truth) * _mean_mm(fit(at, truth[at])(np.arange(len(truth))), truth)
            frames += len(truth)
    return errors / max(frames, 1)


def _linear(at: NDArray[Any], values: NDArray[Any]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def between(when: NDArray[Any]) -> NDArray[Any]:
        before = np.minimum(np.searchsorted(at, when, side="right") - 1, len(at) - 2)
        share = ((when - at[before]) / (at[before + 1] - at[before]))[:, None, None]
        return (1 - share) * values[before] + share * values[before + 1]

    return between


def _mean_mm(one: NDArray[Any], other: NDArray[Any]) -> float:
    return 1000 * float(np.linalg.norm(one - other, axis=-1).mean())


def _kept(path: Path) -> Arrays:
    """The sequences of a file whose subjects may be used for training or validation."""
    arrays = read_npz(path, ("positions", "head_forward", "offsets", "subject", "name"))
    wanted = [int(subject) not in HELD_OUT_SUBJECTS for subject in arrays["subject"]]
    parts = [rows for rows, keep in zip(_sequences(arrays["offsets"]), wanted, strict=True) if keep]
    frames = np.concatenate([np.arange(rows.start, rows.stop) for rows in parts])
    lengths = [rows.stop - rows.start for rows in parts]
    return {
        "positions": arrays["positions"][frames],
        "head_forward": arrays["head_forward"][frames],
        "offsets": np.concatenate([[0], np.cumsum(lengths)]),
        "subject": arrays["subject"][wanted],
        "name": arrays["name"][wanted],
    }


def _sequences(offsets: NDArray[Any]) -> Iterator[slice]:
    return (slice(int(first), int(last)) for first, last in pairwise(offsets))


def main() -> None:
    """`pack` all into a folder, or show the `cost`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=("pack", "cost"))
    parser.add_argument("--out", type=Path, default=Path("gpu/data"))
    arguments = parser.parse_args()
    files = training_files()
    if arguments.command == "cost":
        for path in files:
            means = cost(_kept(path))
            print(path.stem, ", ".join(f"{name} {mm:.3f} mm" for name, mm in means.items()))
        return
    names = pack(files, arguments.out / PACKED)
    folder = next(iter(files)).parent
    keep_some(folder / "cmu_validation.npz", arguments.out / VALIDATION, every=1)
    keep_some(folder / "cmu_test.npz", arguments.out / TEST, every=2)
    total = sum(file.stat().st_size for file in arguments.out.iterdir()) / 1e6
    left_out = sorted({path.stem for path in files} - set(names))
    print(f"{arguments.out}: {len(names)} motion files, {total:.1f} MB; left out: {left_out}")


if __name__ == "__main__":
    main()

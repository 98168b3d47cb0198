"""Evaluation windows from labelled windows, Human3.6M or MPI-INF-3DHP files."""

import zipfile
from dataclasses import replace
from pathlib import Path

import torch

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting import ModelConfig
from diffhpe_ros.training.datasets.human36m import SPLITS, read_human36m
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows, read_windows
from diffhpe_ros.training.datasets.mpi_3dhp import read_mpi_3dhp
from diffhpe_ros.training.datasets.recordings import evaluation_windows
from diffhpe_ros.training.synthesis.occlusions import occlude, occlusion


def read_evaluation(
    data: Path, config: ModelConfig, data_2d: Path | None = None, split: str | None = None
) -> LabelledWindows:
    """Read windows, Human3.6M (array positions_3d) or MPI-INF-3DHP (array data).

    Args:
        data: the file.
        config: the evaluated model's, which gives the input view and the window length.
        data_2d: file with the 2D keypoints of Human3.6M.
        split: train or test, for Human3.6M; default test.

    Raises:
        DiffhpeError: a file is missing or damaged, or an option does not apply.
    """
    arrays = _array_names(data)
    if "positions_3d" in arrays:
        if data_2d is None:
            raise DiffhpeError(
                f"{data} is a Human3.6M file; the file of its keypoints is expected in --data-2d"
            )
        subjects = _subjects(split or "test")
        recordings = read_human36m(data, data_2d, subjects, config.input_view)
        return evaluation_windows(recordings, config.frames)
    for option, value in (("--data-2d", data_2d), ("--split", split)):
        if value is not None:
            raise DiffhpeError(f"{option} is only for a Human3.6M file, and {data} is none")
    if "data" in arrays:
        return evaluation_windows(read_mpi_3dhp(data, config.input_view), config.frames)
    return read_windows(data)


def occluded(windows: LabelledWindows, pattern: str, seed: int) -> LabelledWindows:
    """The windows with joints occluded as in the released code, never over the last frame.

    Args:
        windows: without occlusions.
        pattern: one of the names for `occlusion`.
        seed: seed of the draws.

    Raises:
        DiffhpeError: the pattern is unknown.
    """
    generator = torch.Generator().manual_seed(seed)
    x_2d = torch.from_numpy(windows.x_2d)
    seen = occlude(x_2d, occlusion(pattern, released=True), generator)
    return replace(windows, x_2d=seen.numpy())


def _subjects(split: str) -> tuple[str, ...]:
    if split not in SPLITS:
        raise DiffhpeError(f"unknown split {split!r}; expected {' or '.join(SPLITS)}")
    return SPLITS[split]


def _array_names(path: Path) -> set[str]:
    """Names of the arrays in an .npz file; empty for other files, which the readers refuse."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return set()

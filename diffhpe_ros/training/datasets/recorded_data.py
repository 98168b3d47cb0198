"""Recorded people to train on and validate with; config/train/data names these functions."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from diffhpe_ros.training.datasets.data import Data, own_device
from diffhpe_ros.training.datasets.human36m import read_human36m
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows
from diffhpe_ros.training.datasets.mpi_3dhp import read_mpi_3dhp
from diffhpe_ros.training.datasets.recorded_windows import RecordedWindows
from diffhpe_ros.training.datasets.recordings import evaluation_windows


def human36m(
    data_3d: str,
    data_2d: str,
    training: Sequence[str],
    validation: Sequence[str],
    validation_windows: int,
    input_view: str,
    batch_size: int,
    seed: int,
    mirrored: bool,
    device: str,
) -> Data:
    """Human3.6M in VideoPose3D's files.

    Args:
        data_3d: data_3d_h36m.npz.
        data_2d: such as data_2d_h36m_cpn_ft_h36m_dbb.npz.
        training: subjects.
        validation: subjects.
        validation_windows: at most so many of theirs.
        input_view: of the model.
        batch_size: windows of a batch.
        seed: of all that is random.
        mirrored: whether half of the training windows are mirrored.
        device: where batches are made: cpu, or cuda, each process on its own.

    Raises:
        DiffhpeError: a file is missing or is not what it should be, or the device is not there.
    """
    files = Path(data_3d), Path(data_2d)
    trained = read_human36m(*files, tuple(training), input_view)
    validated = evaluation_windows(read_human36m(*files, tuple(validation), input_view))
    source = RecordedWindows(trained, batch_size, seed, input_view, mirrored, own_device(device))
    return Data(source, evenly(validated, validation_windows))


def mpi_3dhp(
    training: str,
    validation: str,
    validation_windows: int,
    input_view: str,
    batch_size: int,
    seed: int,
    mirrored: bool,
    device: str,
) -> Data:
    """MPI-INF-3DHP in P-STMO's files.

    Args:
        training: data_train_3dhp.npz.
        validation: data_test_3dhp.npz.
        validation_windows: see `human36m`, as for all that follows.
        input_view: of the model.
        batch_size: windows of a batch.
        seed: of all that is random.
        mirrored: whether half of the training windows are mirrored.
        device: where batches are made.

    Raises:
        DiffhpeError: a file is missing or is not what it should be, or the device is not there.
    """
    trained = read_mpi_3dhp(Path(training), input_view)
    validated = evaluation_windows(read_mpi_3dhp(Path(validation), input_view))
    source = RecordedWindows(trained, batch_size, seed, input_view, mirrored, own_device(device))
    return Data(source, evenly(validated, validation_windows))


def evenly(windows: LabelledWindows, most: int) -> LabelledWindows:
    """At most so many of the windows, evenly from all."""
    count = min(most, len(windows))
    chosen = np.linspace(0, len(windows) - 1, count).round().astype(int)
    values = {each.name: getattr(windows, each.name) for each in fields(windows)}
    some: dict[str, Any] = {
        name: None if value is None else value[chosen] for name, value in values.items()
    }
    return LabelledWindows(**some)

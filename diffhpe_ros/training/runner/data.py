"""Training batches and validation windows of an experiment, as config/train/data names them."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.pipeline.coherence_limits import TrainedRange
from diffhpe_ros.lifting.pipeline.views import View
from diffhpe_ros.training.datasets.batches import InTurn, WindowSource
from diffhpe_ros.training.datasets.human36m import read_human36m
from diffhpe_ros.training.datasets.labelled_windows import LabelledWindows, read_windows
from diffhpe_ros.training.datasets.mocap import (
    HELD_OUT_SUBJECTS,
    VALIDATION_PEOPLE,
    read_motion_capture_files,
)
from diffhpe_ros.training.datasets.mpi_3dhp import read_mpi_3dhp
from diffhpe_ros.training.datasets.recorded_windows import RecordedWindows
from diffhpe_ros.training.datasets.recordings import evaluation_windows
from diffhpe_ros.training.detector_errors import DetectorModel, FittedErrors, blazepose_statistics
from diffhpe_ros.training.synthesis.handmade_noise import HandmadeNoise
from diffhpe_ros.training.synthesis.occlusions import NoJoints, Occluded, Occlusion, occlude
from diffhpe_ros.training.synthesis.virtual_camera import CAMERA_RANGES, widest
from diffhpe_ros.training.synthesis.virtual_camera_windows import (
    VirtualCameraWindows,
    validation_people,
)
from diffhpe_ros.windows import RATE


def handmade(images_per_s: float) -> DetectorModel:
    """Hand-tuned errors; they change equally from frame to frame at any rate."""
    return HandmadeNoise()


def blazepose(images_per_s: float, has_unsure_joints: bool = False) -> DetectorModel:
    """BlazePose's measured errors, scaled up: photographs are harder than the rendered people.

    Args:
        images_per_s: the detector's rate.
        has_unsure_joints: whether joints of low confidence count as detected.
    """
    return FittedErrors(
        blazepose_statistics().at(images_per_s),
        level=(1.0, 1.7),
        strength=(0.6, 1.3),
        has_unsure_joints=has_unsure_joints,
    )


DETECTORS: Mapping[str, Callable[[float], DetectorModel]] = {
    "handmade": handmade,
    "blazepose": blazepose,
    "blazepose_unsure": partial(blazepose, has_unsure_joints=True),
}
"""Error models of training windows, by the names that `data.detectors` takes."""


@dataclass(frozen=True)
class Data:
    """Batches to train on and windows to validate with."""

    source: WindowSource
    """Source of batches in the model's input view."""
    validation: LabelledWindows
    """Validation windows, with 2D in the canonical view, as `Lifter.lift` takes it."""
    trained_range: TrainedRange | None = None
    """Distances and angles of the people in the batches; None where unknown."""

    def occluded(self, pattern: Occlusion, seed: int, view: View) -> "Data":
        """The same data with occluded joints; the occlusions of the validation are fixed."""
        if isinstance(pattern, NoJoints):
            return self
        x_2d = torch.from_numpy(self.validation.x_2d)
        hidden = occlude(x_2d, pattern, Generator().manual_seed(0)).numpy()
        source = Occluded(self.source, pattern, seed, view)
        return replace(self, source=source, validation=replace(self.validation, x_2d=hidden))


def motion_capture(
    mocap: str | Mapping[str, float],
    validation: str,
    batch_size: int,
    seed: int,
    device: str,
    input_view: str,
    detectors: Sequence[str],
    cameras: Sequence[str] = ("eye_level",),
    rates: Sequence[float] = (RATE,),
    folder: str = ".",
) -> Data:
    """Motion capture through random virtual cameras.

    Args:
        mocap: files for `read_motion_capture`, with the relative frequency of their windows; or one
            file. Subjects of the frozen evaluation are left out.
        validation: a file of labelled windows. The same number of windows of
            `VALIDATION_PEOPLE` is added if the motion capture contains them.
        batch_size: windows per batch.
        seed: seed of all random choices.
        device: computes the windows: cpu, or cuda (each process uses its own GPU).
        input_view: person; the windows have no other.
        detectors: names of `DETECTORS`; each provides the errors of an equal part of every batch.
        cameras: names of `CAMERA_RANGES`, which batches use in turn.
        rates: frames per second of the windows, which batches use in turn. A model with several
            rates is trained on windows of all these durations.
        folder: contains files that are named without a folder.

    Raises:
        DiffhpeError: a file is missing or invalid, another view or an unknown detector is
            requested, or the device does not exist.
    """
    _check_names("detectors", detectors, DETECTORS)
    _check_names("cameras", cameras, CAMERA_RANGES)
    if not rates or not all(rate > 0 for rate in rates):
        raise DiffhpeError(f"data.rates is {list(rates)}; expected some numbers above 0")
    if input_view != "person":
        raise DiffhpeError(f"data.input_view is {input_view!r}; motion capture has 'person' only")
    files = _motion_capture_files(mocap, folder)
    held_out = HELD_OUT_SUBJECTS | VALIDATION_PEOPLE
    capture = read_motion_capture_files(files, lambda subject: subject not in held_out)
    if capture is None:
        names = ", ".join(map(str, files)) or "data.mocap is empty"
        raise DiffhpeError(f"{names}: no subject is left to train on")
    ranges = [CAMERA_RANGES[name] for name in cameras]
    capture = capture.to(process_device(device))
    sources = [
        VirtualCameraWindows(
            capture, batch_size, seed + number, [DETECTORS[name](rate) for name in detectors],
            ranges, rate,
        )
        for number, rate in enumerate(rates)
    ]  # fmt: skip
    validation_windows = read_windows(_in_folder(folder, validation))
    people = read_motion_capture_files(files, VALIDATION_PEOPLE.__contains__)
    if people is not None:
        more = validation_people(people, len(validation_windows))
        validation_windows = validation_windows.joined(more)
    return Data(InTurn(sources), validation_windows, widest(ranges))


def _check_names(setting: str, names: Sequence[str], known: Collection[str]) -> None:
    if not names or not set(names) <= set(known):
        raise DiffhpeError(f"data.{setting} is {list(names)}; expected some of {', '.join(known)}")


def _motion_capture_files(mocap: str | Mapping[str, float], folder: str) -> dict[Path, float]:
    """Check that all files exist; return them with the relative frequencies of their windows."""
    weights = {mocap: 1.0} if isinstance(mocap, str) else mocap
    files = {_in_folder(folder, name): weight for name, weight in weights.items()}
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise DiffhpeError(
            f"{missing[0]}: no such file ({len(missing)} of {len(files)} files of data.mocap are"
            " missing); data=cmu uses only the file of `diffhpe data`"
        )
    return files


def _in_folder(folder: str, name: str) -> Path:
    """A file name without a folder → the file in `folder`; other paths unchanged."""
    path = Path(name)
    return Path(folder) / path if path.parent == Path() and not name.startswith("./") else path


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
        training: the training's subjects.
        validation: the validation's subjects.
        validation_windows: largest number of validation windows.
        input_view: the model's.
        batch_size: windows per batch.
        seed: seed of all random choices.
        mirrored: whether half of the training windows are mirrored.
        device: computes the batches: cpu, or cuda (each process uses its own GPU).

    Raises:
        DiffhpeError: a file is missing or invalid, or the device does not exist.
    """
    files = Path(data_3d), Path(data_2d)
    trained = read_human36m(*files, tuple(training), input_view)
    validated = evaluation_windows(read_human36m(*files, tuple(validation), input_view))
    source = RecordedWindows(
        trained, batch_size, seed, input_view, mirrored, process_device(device)
    )
    return Data(source, evenly_spaced(validated, validation_windows))


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
        validation_windows: see `human36m`, also for the next arguments.
        input_view: the model's.
        batch_size: windows per batch.
        seed: seed of all random choices.
        mirrored: whether half of the training windows are mirrored.
        device: computes the batches.

    Raises:
        DiffhpeError: a file is missing or invalid, or the device does not exist.
    """
    trained = read_mpi_3dhp(Path(training), input_view)
    validated = evaluation_windows(read_mpi_3dhp(Path(validation), input_view))
    source = RecordedWindows(
        trained, batch_size, seed, input_view, mirrored, process_device(device)
    )
    return Data(source, evenly_spaced(validated, validation_windows))


def process_device(name: str) -> torch.device:
    """This process's device; `cuda` becomes the GPU that Lightning assigned to the process."""
    if name != "cuda":
        return torch.device(name)
    if not torch.cuda.is_available():
        raise DiffhpeError(
            f"data.device is cuda, but torch {torch.__version__} finds no CUDA device; use cpu"
        )
    return torch.device(name, int(os.environ.get("LOCAL_RANK", 0)))


def evenly_spaced(windows: LabelledWindows, most: int) -> LabelledWindows:
    """At most `most` of the windows, at equal intervals."""
    count = min(most, len(windows))
    chosen = np.linspace(0, len(windows) - 1, count).round().astype(int)
    values = {each.name: getattr(windows, each.name) for each in fields(windows)}
    some: dict[str, Any] = {
        name: None if value is None else value[chosen] for name, value in values.items()
    }
    return LabelledWindows(**some)

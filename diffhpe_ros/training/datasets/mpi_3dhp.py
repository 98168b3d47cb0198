"""MPI-INF-3DHP in the two files of P-STMO (Shan et al., ECCV 2022).

Joints are in millimetres in the camera's frame, for a body scaled to one universal size
(`univ_annot3`). Their order is that of the data set's own test annotations.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.object_arrays import mapping, numbers, read_object_npz
from diffhpe_ros.skeleton import NUM_JOINTS
from diffhpe_ros.training.datasets.recordings import (
    RecordedSequence,
    to_input_view,
    to_root_relative,
)

JOINTS = (
    "head top", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder",
    "left elbow", "left wrist", "right hip", "right knee", "right ankle", "left hip", "left knee",
    "left ankle", "pelvis", "spine", "head",
)  # fmt: skip
"""The files' order; P-STMO picks it from the 28 annotated joints (data_to_npz_3dhp.py)."""

TO_H36M17 = (14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4)
"""For each of our 17 joints, the files' joint: neck is Thorax, head Neck/Nose, head top Head."""

TEST_RATE_HZ = 25.0
"""The test file's rate, which it does not give: the lower of the training file's two rates."""

_FARTHEST_PX = 20.0


def _lens(
    focal: tuple[float, float],
    centre: tuple[float, float],
    size: tuple[int, int] = (2048, 2048),
    distortion: tuple[float, ...] = (),
) -> Camera:
    matrix = [[focal[0], 0, centre[0]], [0, focal[1], centre[1]], [0, 0, 1]]
    return Camera(*size, np.array(matrix), np.array(distortion))


TRAINING_CAMERAS: Mapping[str, Camera] = MappingProxyType(
    {
        "0": _lens((1497.693, 1497.103), (1024.704, 1051.394)),
        "1": _lens((1495.217, 1495.52), (1030.519, 1052.626)),
        "2": _lens((1495.587, 1497.828), (983.8873, 987.5902)),
        "3": _lens((1495.886, 1496.033), (1029.06, 1041.409)),
        "4": _lens((1490.952, 1491.108), (987.6075, 1019.069)),
        "5": _lens((1500.414, 1499.971), (1012.331, 998.5009)),
        "6": _lens((1498.471, 1498.8), (999.7319, 1010.251)),
        "7": _lens((1498.831, 1499.674), (987.2716, 976.8773)),
        "8": _lens((1500.172, 1500.837), (1017.387, 1043.032)),
        "9": _lens((1501.554, 1501.9), (1010.423, 1037.096)),
        "10": _lens((1498.423, 1498.585), (1041.614, 997.0433)),
        "11": _lens((1495.779, 1493.703), (1009.802, 999.9984)),
        "12": _lens((1501.326, 1501.491), (1000.56, 1014.975)),
        "13": _lens((1496.961, 1497.378), (1005.702, 1004.214)),
    }
)
"""The training cameras' values, from the data set's camera.calibration."""

INDOOR_CAMERA = TRAINING_CAMERAS["8"]
"""The camera of TS1 to TS4: ts1-4cameras.calib has camera 8's values in other units."""

OUTDOOR_CAMERA = _lens(
    (1683.98345952, 1672.59370772),
    (939.85754016, 560.140743168),
    (1920, 1080),
    (-0.276859611, 0.131125256, -0.000360494, -0.001149441, -0.049318332),
)
"""The camera of TS5 and TS6, from ts5-6cameras.calib."""


def read_mpi_3dhp(path: Path, input_view: str) -> list[RecordedSequence]:
    """Read data_train_3dhp.npz or data_test_3dhp.npz.

    Args:
        path: the file. The training file has "S1 Seq1": [{camera: {data_2d, data_3d}}, frames per
            second]; the test file "TS1": {data_2d, data_3d, valid}.
        input_view: screen or person; see `recordings.to_input_view`.

    Returns:
        A recording for each camera. It has no root if the 3D joints do not project onto the 2D
        joints.

    Raises:
        DiffhpeError: it is missing or invalid.
    """
    data = read_object_npz(path, ("data",))["data"]
    try:
        recordings = [
            recording
            for name, content in mapping(data, "data").items()
            for recording in _sequence(str(name), content, input_view)
        ]
        if not recordings:
            raise DiffhpeError("it contains no sequence")
        return recordings
    except DiffhpeError as error:
        raise DiffhpeError(f"{path}: {error}") from None


def _sequence(name: str, content: Any, input_view: str) -> list[RecordedSequence]:
    if training := re.fullmatch(r"(S\d+) (Seq\d+)", name):
        return _training(name, training[1], training[2], content, input_view)
    if re.fullmatch(r"TS[1-6]", name):
        arrays = mapping(content, name)
        camera = INDOOR_CAMERA if name in ("TS1", "TS2", "TS3", "TS4") else OUTDOOR_CAMERA
        valid = numbers(np.ravel(_entry(arrays, "valid", name)), (), f"valid of {name}") > 0
        labels = {"subject": name, "sequence": name, "camera": "", "rate": TEST_RATE_HZ}
        return [_recording(name, arrays, camera, valid, input_view, labels)]
    raise DiffhpeError(f"unknown sequence {name!r}; a name such as 'S1 Seq1' or 'TS1' is expected")


def _training(
    name: str, subject: str, sequence: str, content: Any, input_view: str
) -> list[RecordedSequence]:
    if not isinstance(content, list | tuple | np.ndarray) or len(content) != 2:
        raise DiffhpeError(f"{name}: its cameras and frames per second are expected in a list")
    cameras, rate = mapping(content[0], f"cameras of {name}"), content[1]
    if not isinstance(rate, int | float | np.number) or rate <= 0:
        raise DiffhpeError(f"{name}: frames per second are expected, found {rate!r}")
    recordings = []
    for camera, arrays in cameras.items():
        if camera not in TRAINING_CAMERAS:
            known = ", ".join(TRAINING_CAMERAS)
            raise DiffhpeError(f"{name}: unknown camera {camera!r}; expected one of {known}")
        what = f"{name} camera {camera}"
        labels = {
            "subject": subject,
            "sequence": sequence,
            "camera": camera,
            "rate": float(rate),
        }
        lens = TRAINING_CAMERAS[camera]
        recordings.append(_recording(what, mapping(arrays, what), lens, None, input_view, labels))
    return recordings


def _recording(
    what: str,
    arrays: Mapping[str, Any],
    camera: Camera,
    valid: NDArray[np.bool_] | None,
    input_view: str,
    labels: Mapping[str, Any],
) -> RecordedSequence:
    """Convert the files' joints, in millimetres and pixels, to a recording."""
    order = list(TO_H36M17)
    pixels = numbers(_entry(arrays, "data_2d", what), (NUM_JOINTS, 2), f"2D of {what}")[:, order]
    joints = numbers(_entry(arrays, "data_3d", what), (NUM_JOINTS, 3), f"3D of {what}")[:, order]
    if valid is None:
        valid = np.ones(len(joints), np.bool_)
    if not len(pixels) == len(joints) == len(valid):
        raise DiffhpeError(
            f"{what} has {len(pixels)} frames of 2D, {len(joints)} of 3D and {len(valid)} of valid;"
            " as many of each are expected"
        )
    poses, root = to_root_relative(joints / np.float32(1000))
    return RecordedSequence(
        x_2d=to_input_view(camera, pixels, input_view),
        poses=poses,
        root=root if _projects(joints, pixels, camera) else None,
        valid=valid,
        action="",
        **labels,
    )


def _projects(joints: NDArray[np.float32], pixels: NDArray[np.float32], camera: Camera) -> bool:
    """Whether the root projects onto the 2D root in most of a sample of frames."""
    apart = np.linalg.norm(camera.project(joints[::25, 0]) - pixels[::25, 0], axis=-1)
    return bool(np.nanmedian(apart) < _FARTHEST_PX) if np.isfinite(apart).any() else False


def _entry(arrays: Mapping[str, Any], name: str, what: str) -> Any:
    if name not in arrays:
        raise DiffhpeError(f"{what}: {name} is missing; found {', '.join(map(str, arrays))}")
    return arrays[name]

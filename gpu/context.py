"""The inputs of every phase."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz
from diffhpe_ros.rendering.walk import CircleWalk
from gpu import motion

CARRIED = Path("gpu/data")


@dataclass(frozen=True)
class Files:
    """Data files, from the first place where they were found."""

    mocap: dict[Path, float]
    """Motion files, with the relative frequency of their windows."""
    validation: Path
    test: Path
    origin: str


@dataclass(frozen=True)
class Context:
    """The context of one phase in one run."""

    device: str
    seconds: float
    """Time limit of the phase."""
    tiny: bool
    """Whether this is a dry run, with everything as small as possible."""
    scratch: Path
    """A folder that all phases of the run share."""
    models: tuple[str, ...]
    """Names of models to train; all if empty."""
    start: Path | None
    """A folder of trained models to start from instead of the shipped ones."""
    began: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """Seconds that the phase has left."""
        return self.seconds - (time.monotonic() - self.began)

    @property
    def is_cuda(self) -> bool:
        """Whether the device is a GPU."""
        return self.device != "cpu"

    def files(self) -> Files:
        """The data: brought along, in place, or created for a dry run.

        Raises:
            DiffhpeError: there are no data.
        """
        if self.tiny:
            return _walk(self.scratch / "data")
        if (CARRIED / motion.PACKED).is_file():
            mocap = _unpacked(self.scratch / "data")
            return Files(mocap, CARRIED / motion.VALIDATION, CARRIED / motion.TEST, str(CARRIED))
        mocap = motion.training_files()
        missing = [path for path in mocap if not path.is_file()]
        if missing:
            raise DiffhpeError(
                f"no data: neither {CARRIED / motion.PACKED} (made by gpu/prepare.sh) nor"
                f" {missing[0]} is there"
            )
        folder = next(iter(mocap)).parent
        where = str(folder)
        return Files(mocap, folder / "cmu_validation.npz", folder / "cmu_test.npz", where)

    def windows(self, count: int) -> NDArray[np.float32]:
        """Windows (count, 27, 17, 2) of the test, evenly spaced."""
        x_2d = read_npz(self.files().test, ("x",))["x"].astype(np.float32)
        return x_2d[np.linspace(0, len(x_2d) - 1, count).round().astype(int)]

    def found(self, phase: str) -> dict[str, Any]:
        """The records of another phase of this run; empty if it has not run."""
        path = self.scratch / f"{phase}.json"
        return json.loads(path.read_text()) if path.is_file() else {}


def _unpacked(folder: Path) -> dict[Path, float]:
    """The motion files that were brought along, unpacked by the first phase that needs them."""
    listed = folder / "files.json"
    if not listed.is_file():
        files = motion.unpack(CARRIED / motion.PACKED, folder)
        listed.write_text(json.dumps({str(path): weight for path, weight in files.items()}))
    return {Path(name): weight for name, weight in json.loads(listed.read_text()).items()}


def _walk(folder: Path) -> Files:
    """Small files with the package's own walk, written through the packed format."""
    paths = [folder / name for name in ("walk.npz", motion.VALIDATION, motion.TEST)]
    if not all(path.is_file() for path in paths):
        folder.mkdir(parents=True, exist_ok=True)
        poses = [CircleWalk().pose(frame / 50) for frame in range(80)]
        np.savez(
            folder / "made.npz",
            positions=np.array([pose.joints for pose in poses], np.float32),
            head_forward=np.array([pose.head_forward for pose in poses], np.float16),
            offsets=np.array([0, 80]),
            subject=np.array([1]),
            name=np.array(["walk"]),
        )
        motion.pack({folder / "made.npz": 1.0}, folder / motion.PACKED)
        (unpacked,) = motion.unpack(folder / motion.PACKED, folder)
        unpacked.replace(paths[0])
        for path, seed in zip(paths[1:], (0, 1), strict=True):
            _write_windows(paths[0], path, seed)
    return Files({paths[0]: 1.0}, paths[1], paths[2], "the package's own walk")


def _write_windows(source: Path, path: Path, seed: int) -> None:
    from diffhpe_ros.training.datasets.mocap import read_motion_capture
    from diffhpe_ros.training.synthesis.virtual_camera_windows import validation_people

    made = validation_people(read_motion_capture(source, lambda subject: True), 4, seed)
    np.savez(path, x=made.x_2d, y=made.poses, root=made.root)

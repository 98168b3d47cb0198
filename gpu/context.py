"""What every phase is given."""

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
    """Data files, wherever they were found."""

    mocap: dict[Path, float]
    """Motion files, and how often their windows are drawn."""
    validation: Path
    test: Path
    origin: str


@dataclass(frozen=True)
class Context:
    """Of one phase in one run."""

    device: str
    seconds: float
    """For the phase."""
    tiny: bool
    """A dry run: everything as small as can be."""
    scratch: Path
    """A folder that all phases of the run share."""
    models: tuple[str, ...]
    """To be trained; all if empty."""
    start: Path | None
    """A folder of trained models to begin with instead of the shipped ones."""
    began: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """Seconds left to the phase."""
        return self.seconds - (time.monotonic() - self.began)

    @property
    def is_cuda(self) -> bool:
        """Whether this is the real thing."""
        return self.device != "cpu"

    def files(self) -> Files:
        """The data: carried, in place, or made for a dry run.

        Raises:
            DiffhpeError: there are none.
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
        """So many windows (count, 27, 17, 2) of the test, evenly from all."""
        x_2d = read_npz(self.files().test, ("x",))["x"].astype(np.float32)
        return x_2d[np.linspace(0, len(x_2d) - 1, count).round().astype(int)]

    def found(self, phase: str) -> dict[str, Any]:
        """What another phase of this run has recorded; nothing if it has not run."""
        path = self.scratch / f"{phase}.json"
        return json.loads(path.read_text()) if path.is_file() else {}


def _unpacked(folder: Path) -> dict[Path, float]:
    """The carried motion files, unpacked by the first phase that asks."""
    listed = folder / "files.json"
    if not listed.is_file():
        files = motion.unpack(CARRIED / motion.PACKED, folder)
        listed.write_text(json.dumps({str(path): weight for path, weight in files.items()}))
    return {Path(name): weight for name, weight in json.loads(listed.read_text()).items()}


def _walk(folder: Path) -> Files:
    """Small files of the package's own walk, by way of the packed form."""
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

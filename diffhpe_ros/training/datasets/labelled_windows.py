"""Windows of 2D keypoints with true 3D poses, for validation and evaluation."""

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import read_npz, replacing
from diffhpe_ros.skeleton import NUM_JOINTS

_FARTHEST_M = 20.0  # from joint to hip: far more than in people, far less than in millimetres
_HIP_M = 1e-3
_WIDEST = 30.0  # of the canonical view: 85 degrees off the axis
LABELS = ("subject", "action", "sequence", "camera")


def _unknown() -> NDArray[Any]:
    return np.array("")


@dataclass(frozen=True)
class LabelledWindows:
    """N windows of L frames with true poses and labels.

    A scalar label applies to all windows.

    Raises:
        DiffhpeError: a shape does not fit, a value is not finite, or there is no window.
    """

    x_2d: NDArray[np.float32]
    """(N, L, 17, 2), input of `Lifter.lift`, 0 where unseen."""
    poses: NDArray[np.float32]
    """(N, L, 17, 3), root-relative metres in the camera frame."""
    root: NDArray[np.float32] | None = None
    """(N, L, 3), metres in the camera frame; None where unknown."""
    subject: NDArray[np.str_] = field(default_factory=_unknown)
    """(N,), "" where unknown, like all labels."""
    action: NDArray[np.str_] = field(default_factory=_unknown)
    """(N,)"""
    sequence: NDArray[np.str_] = field(default_factory=_unknown)
    """(N,), unique at least within a subject and an action."""
    camera: NDArray[np.str_] = field(default_factory=_unknown)
    """(N,)"""
    start: NDArray[np.int64] = field(default_factory=lambda: np.array(0))
    """(N,), the window's first frame in its sequence, 0 where unknown."""

    def __post_init__(self) -> None:
        _check(self)
        for name in LABELS:
            self._of_each_window(name, np.str_)
        self._of_each_window("start", np.int64)

    def __len__(self) -> int:
        return len(self.x_2d)

    def every(self, step: int) -> "LabelledWindows":
        """Every `step`-th window."""
        values: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        some: dict[str, Any] = {
            name: None if them is None else them[::step] for name, them in values.items()
        }
        return replace(self, **some)

    def joined(self, other: "LabelledWindows") -> "LabelledWindows":
        """The windows of both; the root is None where one lacks it."""
        both: dict[str, Any] = {}
        for each in fields(self):
            one, two = getattr(self, each.name), getattr(other, each.name)
            both[each.name] = None if one is None or two is None else np.concatenate([one, two])
        return LabelledWindows(**both)

    def _of_each_window(self, name: str, dtype: type) -> None:
        values: NDArray[Any] = np.asarray(getattr(self, name)).astype(dtype)
        if values.shape not in ((), (len(self),)):
            raise DiffhpeError(f"{name} must be ({len(self)},), one per window, got {values.shape}")
        object.__setattr__(self, name, np.broadcast_to(values, len(self)))


def _check(windows: LabelledWindows) -> None:
    x, y, root = windows.x_2d, windows.poses, windows.root
    fits = x.ndim == 4 and x.shape[:-1] == y.shape[:-1] and x.shape[2] == NUM_JOINTS
    if not fits or x.shape[-1] != 2 or y.shape[-1] != 3:
        raise DiffhpeError(
            f"x must be (N, 27, 17, 2) and y (N, 27, 17, 3), got {x.shape} and {y.shape}"
        )
    if root is not None and root.shape != (*x.shape[:2], 3):
        raise DiffhpeError(f"root must be {(*x.shape[:2], 3)}, got {root.shape}")
    if x.size == 0:
        raise DiffhpeError(f"no windows: x is {x.shape}")
    for name, values in (("x", x), ("y", y), ("root", root)):
        if values is not None and not np.isfinite(values).all():
            bad = int((~np.isfinite(values)).reshape(len(x), -1).any(1).sum())
            raise DiffhpeError(f"{name} holds NaN or infinity in {bad} of {len(x)} windows")


def _check_units(windows: LabelledWindows) -> None:
    """Refuse windows in another unit or with another origin than expected.

    Raises:
        DiffhpeError: poses are in millimetres or not relative to the hip, or keypoints in pixels.
    """
    x, y = windows.x_2d, windows.poses
    farthest = float(np.abs(y - y[:, :, :1]).max())
    if farthest > _FARTHEST_M:
        raise DiffhpeError(
            f"y holds joints {farthest:.0f} from the hip; metres are expected: millimetres?"
        )
    hip = float(np.abs(y[:, :, 0]).max())
    if hip > _HIP_M:
        raise DiffhpeError(
            f"y must be relative to the hip, whose joint 0 lies at up to {hip:.2f} m"
        )
    if float(np.abs(x).max()) > _WIDEST:
        raise DiffhpeError(
            f"x goes up to {np.abs(x).max():.0f}: pixels? The canonical view or the screen's"
            " normalisation is expected, of about -2 to 2"
        )


def read_windows(path: Path) -> LabelledWindows:
    """Read arrays x (N,27,17,2) and y (N,27,17,3), and root and labels if present.

    Raises:
        DiffhpeError: the file is missing, damaged, or its arrays do not fit; the message names it.
    """
    arrays = read_npz(path, ("x", "y"))
    root = arrays.get("root")
    labels: dict[str, Any] = {name: arrays[name] for name in (*LABELS, "start") if name in arrays}
    try:
        windows = LabelledWindows(
            x_2d=arrays["x"].astype(np.float32),
            poses=arrays["y"].astype(np.float32),
            root=None if root is None else root.astype(np.float32),
            **labels,
        )
        _check_units(windows)
    except (DiffhpeError, ValueError) as error:
        raise DiffhpeError(f"{path}: {error}") from None
    return windows


def write_windows(path: Path, windows: LabelledWindows) -> None:
    """Write the arrays that `read_windows` reads.

    Raises:
        DiffhpeError: the file cannot be written.
    """
    labels = {name: getattr(windows, name) for name in (*LABELS, "start")}
    arrays: dict[str, Any] = {"x": windows.x_2d, "y": windows.poses, **labels}
    if windows.root is not None:
        arrays["root"] = windows.root
    with replacing(path) as file:
        np.savez_compressed(file, **arrays)

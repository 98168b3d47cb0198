"""The report of what a run has written, for the user."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from diffhpe_ros.geometry.upright import tilt_deg
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.placement import BodyScale


@dataclass(frozen=True)
class Lifted:
    """The results of a run."""

    files: tuple[Path, ...]
    frames: int
    """Number of frames of the recording that were processed."""
    poses: int
    """Number of poses: frames with a pose, summed over all people."""
    track_ids: tuple[int, ...]
    """Ids of the people that were lifted."""
    short: int
    """Number of people that were seen too briefly to be lifted."""
    stopped: bool
    """Whether Ctrl-C ended the run early; `--resume` continues it."""
    gravity: Gravity | None = None
    """Gravity in the camera's optical frame, if requested and found; the poses are then upright."""
    sizes: Mapping[int, BodyScale] = field(default_factory=dict)
    """Track id → the person's size, if requested."""

    def summary(self) -> list[str]:
        """Lines for the user: what each file contains."""
        people = len(self.track_ids)
        if people == 1:
            frames = "1 frame" if self.frames == 1 else f"{self.frames} frames"
            lines = [f"{self.files[0]}: {frames}, {self.poses} of them with a pose"]
        else:
            ids = ", ".join(map(str, self.track_ids))
            what = f"{self.frames} frames, {people} people (ids {ids}), {self.poses} poses"
            lines = [f"{', '.join(map(str, self.files))}: {what}"]
        if self.gravity is not None:
            lines.append(_upright_text(self.gravity))
        lines += [
            f"person {track_id} is {scale.value:.2f} times as large as an adult (standard deviation"
            f" {scale.sd:.2f})"
            for track_id, scale in self.sizes.items()
            if scale.is_learnt
        ]
        if self.short:
            people_were = "1 person was" if self.short == 1 else f"{self.short} people were"
            lines.append(f"{people_were} seen for too short a time to be lifted")
        if self.stopped:
            lines.append("stopped early: to continue, repeat the command with --resume")
        return lines


def _upright_text(gravity: Gravity) -> str:
    """The gravity that was found, in one line."""
    down, roll = tilt_deg(gravity.up)
    pitch = f"looks {'down' if down > 0 else 'up'} by {abs(down):.0f} degrees"
    rolled = f"is rolled {'clockwise' if roll > 0 else 'anticlockwise'} by {abs(roll):.0f}"
    sd = np.degrees(gravity.sd)
    return (
        f"turned upright, from how people walk: the camera {pitch} and {rolled} (standard"
        f" deviation {sd:.0f})"
    )

"""What a run has written, for the user."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from diffhpe_ros.geometry.upright import tilt_deg
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.placement import BodyScale


@dataclass(frozen=True)
class Lifted:
    """What was written."""

    files: tuple[Path, ...]
    frames: int
    """Of the recording, as far as it was looked at."""
    poses: int
    """Frames with a pose, of all people."""
    track_ids: tuple[int, ...]
    """Of the people that were lifted."""
    short: int
    """People that were seen for too short a time to be lifted."""
    stopped: bool
    """Whether Ctrl-C ended the run early; `--resume` goes on."""
    gravity: Gravity | None = None
    """In the camera's optical frame, where it was asked for and found: the poses are upright."""
    sizes: Mapping[int, BodyScale] = field(default_factory=dict)
    """Track id → how large a person is, where that was asked for."""

    def summary(self) -> list[str]:
        """Lines for the user: what is in which file."""
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
    """What was found, in one line."""
    down, roll = tilt_deg(gravity.up)
    pitch = f"looks {'down' if down > 0 else 'up'} by {abs(down):.0f} degrees"
    rolled = f"is rolled {'clockwise' if roll > 0 else 'anticlockwise'} by {abs(roll):.0f}"
    sd = np.degrees(gravity.sd)
    return (
        f"turned upright, from how people walk: the camera {pitch} and {rolled} (standard"
        f" deviation {sd:.0f})"
    )

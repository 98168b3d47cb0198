"""The type of a case, and cases of a camera that sends something unusual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sensor_msgs.msg import CameraInfo

from driver_cases.rig import Rig, Shot, clip_info

Case = tuple[str, str, Callable[[Rig], str]]
"""Name, input, and the function that runs it."""


def shot(**changes: Any) -> Callable[[Rig], str]:
    """A case with a camera, a detector and a lifter."""

    def run(rig: Rig) -> str:
        rig.see()
        rig.shoot(Shot(**changes))
        return rig.outcome()

    return run


def info(change: Callable[[CameraInfo, int], object]) -> Callable[[int], CameraInfo]:
    """camera_info of the clip, changed."""

    def make(number: int) -> CameraInfo:
        message = clip_info()
        change(message, number)
        return message

    return make

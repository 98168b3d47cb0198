"""Cameras and drivers that went wrong for others, in front of real nodes.

Each case is a function that is given the rig and says what came of it.
"""

from collections.abc import Iterator

from driver_cases.camera_info import camera_info_cases
from driver_cases.case import Case
from driver_cases.devices import device_cases
from driver_cases.files import file_cases
from driver_cases.images import image_cases
from driver_cases.programs import program_cases


def driver_cases() -> Iterator[Case]:
    """All cases; those that share a graph follow each other."""
    yield from camera_info_cases()
    yield from image_cases()
    yield from file_cases()
    yield from device_cases()
    yield from program_cases()

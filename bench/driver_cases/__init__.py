"""Cameras and drivers that caused trouble in other projects, tested with real nodes.

Each case is a function that takes the rig and returns the outcome as text.
"""

from collections.abc import Iterator

from driver_cases.camera_info import camera_info_cases
from driver_cases.case import Case
from driver_cases.devices import device_cases
from driver_cases.files import file_cases
from driver_cases.images import image_cases
from driver_cases.programs import program_cases


def driver_cases() -> Iterator[Case]:
    """All cases; those that share a graph are adjacent."""
    yield from camera_info_cases()
    yield from image_cases()
    yield from file_cases()
    yield from device_cases()
    yield from program_cases()

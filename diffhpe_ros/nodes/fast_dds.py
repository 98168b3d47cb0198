"""The Fast DDS profile for images."""

import os
from importlib.util import find_spec

from diffhpe_ros.paths import share_folders

PROFILE_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


def use_fastdds_profile(environment: dict[str, str] | os._Environ[str]) -> None:
    """Set a Fast DDS profile for large images: its default shared memory loses all of them.

    A user's own profile is kept.
    """
    if any(name in environment for name in PROFILE_VARIABLES):
        return
    for folder in share_folders():
        profile = folder / "config" / "fastdds.xml"
        if profile.is_file():
            current, former = PROFILE_VARIABLES
            environment[current] = str(profile)
            if _has_fast_dds_2(environment):  # later versions warn about it
                environment[former] = str(profile)
            return


def _has_fast_dds_2(environment: dict[str, str] | os._Environ[str]) -> bool:
    """Whether ROS is Humble or Jazzy. Wheels from PyPI do not set ROS_DISTRO."""
    if "ROS_DISTRO" in environment:
        return environment["ROS_DISTRO"] in ("humble", "jazzy")
    return find_spec("fastrtps") is not None

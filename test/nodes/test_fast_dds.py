"""Programs set the Fast DDS profile for large images, whoever starts them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from diffhpe_ros.nodes.fast_dds import PROFILE_VARIABLES, use_fastdds_profile

PROFILE = Path(__file__).resolve().parents[2] / "config" / "fastdds.xml"
# A program whose node cannot be made: it shows its profile and ends.
PROGRAM = """
import os
from diffhpe_ros.nodes.run import run
run(lambda: print(os.environ["FASTDDS_DEFAULT_PROFILES_FILE"]) or 1 / 0)
"""


@pytest.mark.ros
@pytest.mark.jazzy
def test_program_without_a_launch_file_sets_the_profile() -> None:
    environment = {name: of for name, of in os.environ.items() if name not in PROFILE_VARIABLES}
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
    )
    assert shown.stdout.split() == [str(PROFILE)]


@pytest.mark.parametrize("name", PROFILE_VARIABLES)
def test_profile_of_ones_own_is_kept(name: str) -> None:
    environment = {name: "mine.xml"}
    use_fastdds_profile(environment)
    assert environment == {name: "mine.xml"}

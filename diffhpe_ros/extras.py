"""Optional packages: finds those that are missing, and the command that installs them all."""

import shlex
import shutil
import sys
from collections.abc import Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from diffhpe_ros.errors import DiffhpeError

MODULES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "c3d": ("ezc3d",),
        "cpu": ("onnxruntime",),
        "demo": ("matplotlib", "rosbags"),
        "onnx": ("onnx", "onnxscript", "torch"),
        "ros": ("rclpy",),
        "torch": ("torch",),
        "train": ("torch", "lightning", "hydra", "optuna", "matplotlib", "sklearn", "tensorboard"),
        "view": ("viser",),
    }
)
"""Extra of setup.py → modules imported from it."""


def is_installed(module: str) -> bool:
    """Whether a package can be imported, without importing it."""
    return find_spec(module) is not None


def require(what: str, *extras: str, also: Collection[str] = ()) -> None:
    """Check that the packages of extras are installed, before anything imports them.

    Args:
        what: the feature that needs them, such as "the demo", for the error message.
        extras: extras of setup.py.
        also: further extras, reported only together with missing `extras`: a lack of these alone is
            explained where they are used.

    Raises:
        DiffhpeError: packages are missing; the message has all of them, and the command that
            installs them.
    """
    lacking = {
        extra: [module for module in MODULES[extra] if not is_installed(module)]
        for extra in (*extras, *also)
    }
    if not any(lacking[extra] for extra in extras):
        return
    missing = list(dict.fromkeys(module for modules in lacking.values() for module in modules))
    wanted = [extra for extra, modules in lacking.items() if modules]
    raise DiffhpeError(f"{what} needs {listed(missing)}: {how_to_install(*wanted)}")


def how_to_install(*extras: str) -> str:
    """The install command for this Python environment; for `ros` it also names ROS 2's setup."""
    command = f"{_pip()} install 'diffhpe_ros[{','.join(sorted(extras))}]'"
    if "ros" not in extras:
        return command
    instead = "instead" if extras == ("ros",) else "and leave out ros"
    return f"{command}; where ROS 2 is installed, source its setup.bash {instead}"


def listed(names: list[str]) -> str:
    """Names as a list in a sentence: a, b and c."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _pip() -> str:
    """The command for this environment's pip, also if the environment is not activated."""
    found = shutil.which("pip")
    if found is not None and Path(found).parent == Path(sys.executable).parent:
        return "pip"
    return f"{shlex.quote(sys.executable)} -m pip"

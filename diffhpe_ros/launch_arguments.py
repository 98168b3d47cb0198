"""Arguments of the launch file, checked before any process starts.

This runs in the process of `ros2 launch`, with the system's Python. Packages that only the nodes
need, such as torch, may be missing there, and take seconds to import.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from diffhpe_ros.errors import DiffhpeError, like
from diffhpe_ros.installed_models import read_config, window_rates
from diffhpe_ros.nodes.parameters.tables import (
    AUTO_PRESET,
    PARAMETER_NAMES,
    CommonParameters,
    DetectorParameters,
    LifterParameters,
    StageParameters,
    VideoSourceParameters,
)
from diffhpe_ros.nodes.rviz import DEFAULT_FRAME
from diffhpe_ros.parameter_files import parameters_of
from diffhpe_ros.paths import expand, is_address
from diffhpe_ros.webcams import check_webcam

NUMBERS = ("steps", "hypotheses")
METRES = ("camera_height", "person_height")
DEGREES = ("field_of_view",)
OF_STAGES = ("hri",)
OF_LIFTER = (
    "model",
    "device",
    "preset",
    *NUMBERS,
    "target_frame",
    "motion_frame",
    "floor_frame",
    *METRES,
)
OF_DETECTOR = (
    "camera_name",
    *DEGREES,
    "detector",
    "blazepose_model",
    "person_model",
    "pose_model",
    "pose_config",
    "trust_checkpoint",
    "overlay_background",
)
OF_SOURCE = ("calibration",)
"""Arguments that set a node's parameters, with the same names and descriptions."""
SWITCHES = (
    "trust_checkpoint",
    "hri",
    "one_process",
    "rviz",
    "foxglove",
    "respawn",
    "replay",
    "use_sim_time",
)
FILES = ("person_model", "pose_model", "pose_config", "calibration", "params_file")
LIFTER = "lifter"
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


@dataclass(frozen=True)
class LaunchArgument:
    """An argument of the launch file."""

    name: str
    default: str
    """Default; if empty, the parameter file's value is used."""
    description: str


def launch_arguments(params_file: Path) -> tuple[LaunchArgument, ...]:
    """All arguments, in the order of `ros2 launch --show-args`.

    Args:
        params_file: default of the argument `params_file`.
    """
    return (
        LaunchArgument("image", "image", "Topic of the images."),
        LaunchArgument("camera_info", "camera_info", "Topic of their camera_info."),
        LaunchArgument("depth", "", "Topic of an aligned depth image; empty: none."),
        LaunchArgument("imu", "", "Topic of an IMU fixed to the camera; empty: none."),
        LaunchArgument(
            "source",
            "",
            "Video file, address of a stream, or number of a webcam; empty: use the existing"
            " topics.",
        ),
        *_parameter_arguments(VideoSourceParameters, OF_SOURCE),
        *_parameter_arguments(LifterParameters, OF_LIFTER),
        *_parameter_arguments(DetectorParameters, OF_DETECTOR),
        *_parameter_arguments(StageParameters, OF_STAGES),
        LaunchArgument("one_process", "false", "Run detector and lifter in one process."),
        LaunchArgument(
            "respawn", "false", "Restart nodes that exit; all nodes then activate themselves."
        ),
        LaunchArgument("rviz", "false", "Show everything in RViz."),
        LaunchArgument(
            "frame",
            "",
            f"Optical frame of the images, for RViz and a source; empty: {DEFAULT_FRAME}.",
        ),
        LaunchArgument(
            "foxglove",
            "false",
            "Start foxglove_bridge; the layout is config/lift.foxglove.json.",
        ),
        LaunchArgument("replay", "false", _metadata(CommonParameters, "replay")["description"]),
        LaunchArgument("params_file", str(params_file), "Parameters of all nodes."),
        LaunchArgument("namespace", "", "Namespace of all nodes."),
        LaunchArgument("use_sim_time", "false", "Take the time from /clock."),
        LaunchArgument("log_level", "info", f"One of {', '.join(LOG_LEVELS)}."),
    )


def check_arguments(given: Mapping[str, str]) -> None:
    """Check the arguments as far as possible without the nodes.

    Args:
        given: text by name; empty if the parameter file's value or a default is used.

    Raises:
        DiffhpeError: an argument is wrong; the message names it and says what is expected.
    """
    for name, check in _CHECKS.items():
        if given.get(name):
            try:
                check(given[name])
            except DiffhpeError as error:
                raise DiffhpeError(f"{name}:={given[name]}: {error}") from None
    model = str(lifter_parameters(given)["model"])
    try:
        window_rates(model)
    except DiffhpeError as error:
        raise DiffhpeError(f"params_file:={given.get('params_file')}: {error}") from None
    if given.get("preset"):
        _check_preset(given["preset"], model)
    if given.get("calibration") and not given.get("source"):
        raise DiffhpeError("calibration needs a source; also give source:=...")


def lifter_parameters(given: Mapping[str, str]) -> dict[str, Any]:
    """The lifter's parameters: those of arguments, else of the parameter file, else the defaults.

    `imu` is the argument's topic, where it is given.

    Raises:
        DiffhpeError: the parameter file is not readable.
    """
    namespace = given.get("namespace", "").strip("/")
    node = f"/{namespace}/{LIFTER}" if namespace else f"/{LIFTER}"
    file = given.get("params_file")
    defaults = vars(LifterParameters())
    of_file = parameters_of(Path(existing_file(file)), node) if file else {}
    of_arguments = {name: text for name, text in given.items() if text and name in defaults}
    return defaults | of_file | of_arguments


def window_parameters(given: Mapping[str, str]) -> dict[str, float]:
    """The detector's `rate` and `first_rate` for the lifter's model.

    Empty where no argument names the default model: the parameter file has its rates, and they may
    have been changed.
    """
    model = str(lifter_parameters(given)["model"])
    is_default = not given.get("model") and model == LifterParameters().model
    return {} if is_default else window_rates(model)


def misspelt_arguments(given: Iterable[str], known: Collection[str]) -> list[str]:
    """A text for each `name:=value` that was meant for this launch file, but is no argument.

    `ros2 launch` accepts any name. Names that are similar to an argument or those of parameters are
    told. All others may be arguments of another launch file that includes this one.

    Args:
        given: the words after the name of the launch file.
        known: names of all arguments.
    """
    names = [text.partition(":=")[0] for text in given if ":=" in text]
    hints = {
        name: ": set this parameter in the params_file" if name in PARAMETER_NAMES
        else like(name, known)
        for name in names if name not in known
    }  # fmt: skip
    return [f"there is no argument {name}{hint}" for name, hint in hints.items() if hint]


def switch(text: str) -> bool:
    """The value of a boolean argument.

    Raises:
        DiffhpeError: it is neither true nor false.
    """
    if text.lower() not in ("true", "false"):
        raise DiffhpeError("true or false is expected")
    return text.lower() == "true"


def source_parameters(source: str) -> dict[str, Any]:
    """The parameters of `video_source` for a file, an address or the number of a webcam.

    Raises:
        DiffhpeError: there is no such file, or no such webcam.
    """
    if is_address(source):
        return {"path": source}
    if source.isdecimal():
        check_webcam(int(source))
        return {"camera": int(source)}
    return {"path": existing_file(source)}


def existing_file(text: str) -> str:
    """The absolute path of a file; `~` and environment variables are replaced.

    Raises:
        DiffhpeError: there is no such file.
    """
    path = Path(expand(text.removeprefix("file://"))).resolve()
    if not path.is_file():
        found = "that is a folder" if path.is_dir() else f"there is no file {path}"
        raise DiffhpeError(f"{found}; a file is expected")
    return str(path)


def _source(text: str) -> None:
    try:
        source_parameters(text)
    except DiffhpeError as error:
        expected = "a video file, an address such as rtsp://..., or the number of a webcam"
        raise DiffhpeError(f"{str(error).partition(';')[0]}; {expected} is expected") from None


def _params_file(text: str) -> None:
    parameters_of(Path(existing_file(text)), LIFTER)


def _device(text: str) -> None:
    if not _DEVICE.fullmatch(text):
        raise DiffhpeError("cpu, cuda, cuda:N or auto is expected")


def _one_of(choices: Collection[str]) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text not in choices:
            raise DiffhpeError(f"one of {', '.join(choices)} is expected")

    return check


def _whole(least: float, most: float) -> Callable[[str], None]:
    def check(text: str) -> None:
        if not (text.isdecimal() and least <= int(text) <= most):
            raise DiffhpeError(f"a whole number from {least:g} to {most:g} is expected")

    return check


def _number(least: float, most: float, *, unit: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        try:
            inside = least <= float(text) <= most
        except ValueError:
            inside = False
        if not inside:
            raise DiffhpeError(f"{least:g} to {most:g} {unit} are expected")

    return check


def _check_preset(preset: str, model: str) -> None:
    """Check that a model has a preset; a released checkpoint has no list of presets."""
    presets = read_config(model).get("presets")
    if isinstance(presets, dict) and presets and preset not in (*presets, AUTO_PRESET):
        names = ", ".join((*presets, AUTO_PRESET))
        raise DiffhpeError(f"preset:={preset}: one of {names} is expected for {model}")


def _metadata(kind: type, name: str) -> Mapping[str, Any]:
    return next(each.metadata for each in fields(kind) if each.name == name)


def _parameter_arguments(kind: type, names: tuple[str, ...]) -> list[LaunchArgument]:
    """Arguments that override parameters of the parameter file."""
    return [LaunchArgument(name, "", _metadata(kind, name)["description"]) for name in names]


_CHECKS: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(SWITCHES, switch),
    **dict.fromkeys(FILES, existing_file),
    "params_file": _params_file,
    "source": _source,
    "model": window_rates,
    "device": _device,
    "detector": _one_of(_metadata(DetectorParameters, "detector")["choices"]),
    "blazepose_model": _one_of(_metadata(DetectorParameters, "blazepose_model")["choices"]),
    "log_level": _one_of(LOG_LEVELS),
    **{
        name: _number(*_metadata(LifterParameters, name)["range"], unit="metres") for name in METRES
    },
    **{
        name: _number(*_metadata(DetectorParameters, name)["range"], unit="degrees")
        for name in DEGREES
    },
    **{name: _whole(*_metadata(LifterParameters, name)["range"]) for name in NUMBERS},
}

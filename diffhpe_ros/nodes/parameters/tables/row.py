"""One row of a table: a parameter's type, default, values and meaning."""

from dataclasses import field, fields
from typing import Any


def parameter(
    default: Any,
    description: str,
    *,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    read_only: bool = False,
    live: bool = False,
    launch_only: bool = False,
    detector_option: bool = False,
) -> Any:
    """A field of a table.

    Args:
        default: its type is the parameter's.
        description: plain text, for `ros2 param describe`, docs/ros.md and config/lift.yaml.
        least: the range begins here.
        most: the range ends here.
        choices: allowed values.
        read_only: can be set when the process starts, and never after.
        live: can be set while the node is configured.
        launch_only: set by launch arguments, so config/lift.yaml does not have it.
        detector_option: an option of detectors, see `DetectorParameters.detector_settings`.
    """
    metadata = {
        "description": description,
        "range": None if least is None else (least, most),
        "choices": choices,
        "read_only": read_only,
        "live": live,
        "launch_only": launch_only,
        "detector_option": detector_option,
    }
    return field(default=default, metadata=metadata)


def option_parameter(options: type, name: str, description: str, *, live: bool = False) -> Any:
    """A field of a table, with the default and the range of an option of `pipeline.options`."""
    option = next(each for each in fields(options) if each.name == name)
    least, most = option.metadata["range"]
    return parameter(option.default, description, least=least, most=most, live=live)


def split_names(text: str) -> list[str]:
    """Names that are separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]

"""Shared options of the commands, and checks of installed packages."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.extras import require
from diffhpe_ros.paths import data_folder, expand


class _File(click.Path):
    """A path with `~` and environment variables replaced, as in `--out=~/walk.bvh`."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Convert to a path; an address stays as it is."""
        return super().convert(expand(str(value)), param, ctx)


class _Input(click.ParamType):  # type: ignore[type-arg]  # subscripts need a newer click
    """A path as above, an address, or a number."""

    name = "text"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """The text with `~` and environment variables replaced."""
        return expand(str(value))


class _Override(click.ParamType):  # type: ignore[type-arg]
    """A Hydra override, whose value may be a path."""

    name = "override"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """The override with `~` and environment variables in its value replaced."""
        name, equals, found = str(value).partition("=")
        is_path = found.startswith(("~", "$")) and not found.startswith("${")
        return f"{name}{equals}{expand(found)}" if is_path else str(value)


class FiniteRange(click.FloatRange):
    """A range of finite numbers; nan is within every range of click, and inf within open ones."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """The number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"a finite number is expected, got {value}", param, ctx)
        return number


DEFAULT_MODEL = "diffhpe-wrapper-robust"
"""The same as in `diffhpe_ros.lifting`, whose import takes longer than showing the help."""
FILE = _File()
INPUT = _Input()
OVERRIDE = _Override()
MOCAP = data_folder() / "mocap"
TEST_WINDOWS = MOCAP / "cmu_test.npz"
VALIDATION_WINDOWS = MOCAP / "cmu_validation.npz"
POSITIVE = FiniteRange(0, min_open=True)
FIELD_OF_VIEW = FiniteRange(1, 170)
"""In degrees; the limits of `Camera.from_field_of_view`."""
AT_LEAST_1 = click.IntRange(1)


class _Size(click.ParamType):  # type: ignore[type-arg]
    """Width and height, such as 1280x720."""

    name = "WxH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """The two numbers."""
        width, _, height = str(value).lower().partition("x")
        if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
            self.fail(f"width and height are expected, such as 1280x720, got {value!r}", param, ctx)
        return int(width), int(height)


def held_out_windows() -> list[Path]:
    """Windows for calibration, used for neither training nor test; the second file is optional."""
    more = MOCAP / "cmu_seen_body.npz"
    return [VALIDATION_WINDOWS, *([more] if more.is_file() else [])]


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options for the model and its device."""
    for option in (
        click.option(
            "--device",
            default="cpu",
            show_default=True,
            help="Where the model runs: cpu, cuda or cuda:N.",
        ),
        click.option(
            "--model",
            show_default=DEFAULT_MODEL,
            help="Name of a model, its folder, or a released checkpoint.",
        ),
    ):
        command = option(command)
    return command


preset_option = click.option(
    "--preset", show_default="the model's own", help="fast, balanced or faithful."
)


def sampling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options for lifting: keyword arguments of `Lifter.from_pretrained`."""
    for option in (
        click.option("--seed", default=0, show_default=True, help="Seed of the diffusion noise."),
        click.option(
            "--start",
            show_default="the preset's",
            help="What sampling starts from: noise, backbone or previous.",
        ),
        click.option(
            "--augmentation",
            show_default="the preset's",
            help="none, or flip: half of the hypotheses are lifted from the mirror image.",
        ),
        click.option(
            "--hypotheses",
            type=AT_LEAST_1,
            show_default="the preset's",
            help="Number of poses per window.",
        ),
        click.option(
            "--steps",
            type=AT_LEAST_1,
            show_default="the preset's",
            help="Number of sampling steps.",
        ),
        click.option("--sampler", show_default="the preset's", help="ddpm, ddim or dpm-solver."),
        preset_option,
        click.option(
            "--aggregation",
            default="mean",
            show_default=True,
            help="How hypotheses become one pose: mean, or reprojection.",
        ),
        click.option(
            "--engine",
            default="auto",
            show_default=True,
            help=(
                "Implementation that runs the model: reference, folded, native, onnx (of exported"
                " models) or cuda_graph; auto: cuda_graph on CUDA, else native, or folded where"
                " native is not available."
            ),
        ),
    ):
        command = option(command)
    return command


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that a recording may not contain itself: the fields of `offline.SourceOptions`."""
    for option in (
        click.option(
            "--blazepose-model",
            type=click.Choice(MODELS),
            default="auto",
            show_default=True,
            help="Network that finds people in images; auto: the best available.",
        ),
        click.option(
            "--max-people",
            type=click.IntRange(1, 16),
            default=4,
            show_default=True,
            help="Largest number of people at a time, for image input.",
        ),
        click.option(
            "--seconds",
            type=POSITIVE,
            show_default="all",
            help="Length of the part to lift, from the start, in seconds.",
        ),
        click.option(
            "--field-of-view",
            type=FIELD_OF_VIEW,
            show_default="60, with a warning",
            help="Degrees over the longer image side, for cameras without calibration.",
        ),
        click.option(
            "--calibration",
            type=FILE,
            help="Calibration of the camera: a YAML file as ROS writes it.",
        ),
        click.option("--topic", help="Image topic of a bag, if it has several."),
        click.option("--sequence", help="Recording to lift, if the file has several."),
        click.option("--layout", help="Joint layout of keypoints: coco17, halpe26, body25 …"),
        click.option(
            "--size",
            type=_Size(),
            help="Size of the images that the keypoints are from, such as 1280x720.",
        ),
        click.option(
            "--fps",
            type=FiniteRange(0.1, 10_000),
            help="Frames per second of keypoints, or of images in a folder.",
        ),
    ):
        command = option(command)
    return command


def decode_option(default: str) -> Callable[..., Any]:
    """Option that says whether bones keep their length."""
    return click.option(
        "--decode",
        default=default,
        show_default=True,
        help="rigid: bones keep their length; free: poses as predicted by the model.",
    )


def warn(text: str) -> None:
    """Print a warning on stderr about a guess or something that looks wrong."""
    click.echo(f"warning: {text}", err=True)


@contextmanager
def training_installed() -> Iterator[None]:
    """Context for imports of the training code, whose libraries are an extra.

    Raises:
        DiffhpeError: one of the libraries is missing.
    """
    try:
        yield
    except ModuleNotFoundError:
        require("training", "train")
        raise

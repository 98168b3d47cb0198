"""What commands share: their options, and what must be installed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.extras import require
from diffhpe_ros.paths import data_folder, expand


class _File(click.Path):
    """A path, in which `~` and environment variables are replaced, as in `--out=~/walk.bvh`."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The path; an address stays as it is."""
        return super().convert(expand(str(value)), param, ctx)


class _Input(click.ParamType[str]):
    """A path as above, an address, or a number."""

    name = "text"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """The text with `~` and environment variables replaced."""
        return expand(str(value))


class _Override(click.ParamType[str]):
    """An override of Hydra's, whose value may be a path."""

    name = "override"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """The override with `~` and environment variables in its value replaced."""
        name, equals, found = str(value).partition("=")
        is_path = found.startswith(("~", "$")) and not found.startswith("${")
        return f"{name}{equals}{expand(found)}" if is_path else str(value)


FILE = _File()
INPUT = _Input()
OVERRIDE = _Override()
MOCAP = data_folder() / "mocap"
TEST_WINDOWS = MOCAP / "cmu_test.npz"
VALIDATION_WINDOWS = MOCAP / "cmu_validation.npz"


class _Size(click.ParamType[tuple[int, int]]):
    """Width and height, such as 1280x720."""

    name = "WxH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """The two numbers."""
        width, _, height = str(value).lower().partition("x")
        if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
            self.fail(f"width and height are expected, such as 1280x720, got {value!r}", param, ctx)
        return int(width), int(height)


def held_out_windows() -> list[Path]:
    """Windows for calibration, neither trained nor tested on; the second file is optional."""
    more = MOCAP / "cmu_seen_body.npz"
    return [VALIDATION_WINDOWS, *([more] if more.is_file() else [])]


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which model, and where it runs."""
    for option in (
        click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N."),
        click.option(
            "--model",
            help="A name, a folder, or a released checkpoint; else the live nodes' default.",
        ),
    ):
        command = option(command)
    return command


def sampling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How a model lifts: what `Lifter.from_pretrained` takes by keyword."""
    for option in (
        click.option("--seed", default=0, show_default=True, help="Of the diffusion's noise."),
        click.option("--start", help="noise, backbone or previous, instead of the preset's."),
        click.option(
            "--augmentation", help="none, or flip: half of the hypotheses are of the mirror image."
        ),
        click.option("--hypotheses", type=int, help="Poses per window, instead of the preset's."),
        click.option("--steps", type=int, help="Sampling steps, instead of the preset's."),
        click.option("--sampler", help="ddpm, ddim or dpm-solver, instead of the preset's."),
        click.option("--preset", help="fast, balanced or faithful; else the model's own."),
        click.option(
            "--aggregation",
            default="mean",
            show_default=True,
            help="Of hypotheses: mean, or reprojection.",
        ),
        click.option(
            "--engine",
            default="auto",
            show_default=True,
            help="What computes the model: reference, folded, native, onnx for one that was"
            " exported, cuda_graph, or auto: cuda_graph on CUDA, else native where that can be,"
            " or folded.",
        ),
    ):
        command = option(command)
    return command


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What a recording may not say itself: the fields of `offline.SourceOptions`."""
    for option in (
        click.option(
            "--blazepose-model",
            type=click.Choice(MODELS),
            default="auto",
            show_default=True,
            help="Of the detector, in images; auto: the best that can be had.",
        ),
        click.option("--max-people", default=4, show_default=True, help="At a time, in images."),
        click.option(
            "--seconds", type=click.FloatRange(0, min_open=True), help="How much, from the start."
        ),
        click.option(
            "--field-of-view",
            type=float,
            help="Degrees across the longer image side, of a camera that is not calibrated.",
        ),
        click.option("--calibration", type=FILE, help="The camera's YAML file, as ROS writes it."),
        click.option("--topic", help="Of the images, for a bag with several."),
        click.option("--sequence", help="Of a file with several recordings."),
        click.option("--layout", help="Of keypoints, such as coco17, halpe26 or body25."),
        click.option("--size", type=_Size(), help="Of the images of keypoints, such as 1280x720."),
        click.option(
            "--fps",
            type=click.FloatRange(0, min_open=True),
            help="Of keypoints, or of images in a folder.",
        ),
    ):
        command = option(command)
    return command


def decode_option(default: str) -> Callable[..., Any]:
    """Whether bones keep their length."""
    return click.option(
        "--decode",
        default=default,
        show_default=True,
        help="rigid: bones keep their length; free: poses as the model gives them.",
    )


def warn(text: str) -> None:
    """Say on stderr what was guessed or looks wrong."""
    click.echo(f"warning: {text}", err=True)


@contextmanager
def training_installed() -> Iterator[None]:
    """Around imports for training, whose libraries are an extra.

    Raises:
        DiffhpeError: one of them is missing.
    """
    try:
        yield
    except ModuleNotFoundError:
        require("training", "train")
        raise

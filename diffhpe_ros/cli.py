"""The command line: `diffhpe demo | lift | train | evaluate | convert | bench`."""

import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.files import write_json

app = typer.Typer(
    help="Live 3D human skeletons from one camera, by diffusion lifting.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# Imports are inside the commands: torch takes seconds, and --help should not.

Model = Annotated[str, typer.Option(help="A model's name, its folder, or a released checkpoint.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")]
Preset = Annotated[str | None, typer.Option(help="fast, balanced or faithful; the model's own.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the figures here, too.")]
Seed = Annotated[int, typer.Option(help="Of the noise that diffusion starts from.")]


@app.command()
def demo(
    video: Annotated[
        Path | None, typer.Option(help="A video file; the package's own clip.")
    ] = None,
    camera: Annotated[int | None, typer.Option(help="A webcam's number, instead.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("demo_out"),
    model: Model = "",
    device: Device = "cpu",
    preset: Preset = None,
    seconds: Annotated[float, typer.Option(help="How long to record a webcam.")] = 10.0,
) -> None:
    """Run the whole live graph on real ROS 2 nodes over a clip.

    Writes overlay.mp4, skeleton.png, lift.mcap and report.json.
    """
    from diffhpe_ros.demo import Settings, choose_source, run_demo
    from diffhpe_ros.lifting import DEFAULT_MODEL

    source = choose_source(video, camera)
    run_demo(source, out, Settings(model or DEFAULT_MODEL, device, preset, seconds))


@app.command()
def lift(
    keypoints: Annotated[
        Path, typer.Argument(help="An .npz: keypoints, layout, fps, width, height[, K, dist].")
    ],
    out: Annotated[Path, typer.Option(help="An .npz for poses (T,17,3) and root (T,3).")],
    model: Model = "",
    device: Device = "cpu",
    preset: Preset = None,
    seed: Seed = 0,
) -> None:
    """Lift a recording of 2D keypoints, offline."""
    from diffhpe_ros.keypoint_files import lift_track, read_track, save_track
    from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter

    track = read_track(keypoints)
    if not track.camera.calibrated:
        typer.echo(
            "no K in the file: a field of view of 60 degrees is assumed; distances depend on it",
            err=True,
        )
    lifter = Lifter.from_pretrained(model or DEFAULT_MODEL, device, seed, preset)
    lifted = lift_track(lifter, track, progress=True)
    save_track(out, lifted)
    typer.echo(f"{out}: {len(lifted.poses)} frames, poses (T,17,3) and root (T,3) in metres")


@app.command()
def train(
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Hydra overrides, such as data.batch_size=64.")
    ] = None,
    experiment: Annotated[str, typer.Option(help="A configuration of config/train.")] = "mixste",
) -> None:
    """Train a lifter; an interrupted training goes on where it stopped."""
    try:
        from diffhpe_ros.training.train import compose_configuration, train
    except ModuleNotFoundError as error:
        raise DiffhpeError(
            f"training needs {error.name}: pip install 'diffhpe_ros[train]'"
        ) from error

    folder = train(compose_configuration(experiment, overrides or []))
    typer.echo(f"{folder}: the trained model")


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option(help="An .npz of windows x (N,27,17,2), y (N,27,17,3).")],
    model: Model = "",
    device: Device = "cpu",
    preset: Preset = None,
    seed: Seed = 0,
    json_file: JsonFile = None,
) -> None:
    """Print a model's errors and coherence on windows with truth, in mm."""
    from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
    from diffhpe_ros.training.evaluation import evaluate, read_windows

    windows = read_windows(data)
    lifter = Lifter.from_pretrained(model or DEFAULT_MODEL, device, seed, preset)
    figures = asdict(evaluate(lifter, windows))
    for name, value in figures.items():
        typer.echo(
            f"{name:22} {value:8.1f}" if isinstance(value, float) else f"{name:22} {value:8}"
        )
    if json_file is not None:
        write_json(json_file, {"model": model or DEFAULT_MODEL, "data": str(data), **figures})


@app.command()
def convert(
    checkpoint: Annotated[Path, typer.Argument(help="A released .pth or .pt file.")],
    out: Annotated[Path, typer.Option(help="The new model folder, models/NAME.")],
) -> None:
    """Turn a released checkpoint into a model folder, without running code from it."""
    from diffhpe_ros.lifting import convert

    config = convert(checkpoint, out)
    typer.echo(f"{out}: {config.architecture}, {config.frames} frames")


@app.command()
def bench(
    model: Model = "",
    device: Device = "cpu",
    json_file: JsonFile = None,
) -> None:
    """Time lifting: one window at every preset, against the arithmetic's floor."""
    from diffhpe_ros.benchmark import benchmark
    from diffhpe_ros.lifting import DEFAULT_MODEL

    figures = benchmark(model or DEFAULT_MODEL, device)
    for name, value in figures.items():
        typer.echo(f"{name:28} {value:9.2f}" if isinstance(value, float) else f"{name:28} {value}")
    if json_file is not None:
        write_json(json_file, figures)


def main() -> None:
    """Run the command line; a failure is one line on stderr and exit status 1."""
    # As on Ctrl-C, what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app()
    except DiffhpeError as error:
        print(f"diffhpe: {error}", file=sys.stderr)
        sys.exit(1)

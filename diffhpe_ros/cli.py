"""The command line: `diffhpe demo | lift | train | search | evaluate | reproduce | ...`."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.files import write_json

# Imports are inside the commands: torch takes seconds, and --help should not.

FILE = click.Path(path_type=Path)
FROZEN = Path("../shared/data/mocap")
HELD_OUT = (FROZEN / "cmu_validation.npz", FROZEN / "cmu_seen_body.npz")
"""Neither trained nor tested on."""
EXPERIMENTS = (
    "table-2", "table-4", "figures", "parameterisations", "sampling",
    "diffpose", "diffpose-choices", "calibration", "aggregation",
)  # fmt: skip


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which model, and where it runs."""
    for option in (
        click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N."),
        click.option("--model", help="A model's name, its folder, or a released checkpoint."),
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
            default="folded",
            show_default=True,
            help="What runs the model: folded, plain, or onnx for one that was exported.",
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


@click.group(invoke_without_command=True)
@click.pass_context
def app(context: click.Context) -> None:
    """Live 3D human skeletons from one camera, by diffusion lifting."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@app.command()
@click.option("--video", type=FILE, help="A video file, instead of the package's own clip.")
@click.option("--camera", type=int, help="The number of a webcam, instead.")
@click.option("--out", type=FILE, default=Path("demo_out"), show_default=True, help="A folder.")
@click.option("--preset", help="fast, balanced or faithful; else the model's own.")
@click.option("--seconds", default=10.0, show_default=True, help="How long to record a webcam.")
@model_options
def demo(
    video: Path | None,
    camera: int | None,
    out: Path,
    preset: str | None,
    seconds: float,
    model: str | None,
    device: str,
) -> None:
    """Run the whole live graph on real ROS 2 nodes over a clip.

    Writes overlay.mp4, skeleton.png, lift.mcap and report.json.
    """
    from diffhpe_ros.demo import Settings, choose_source, run_demo
    from diffhpe_ros.lifting import DEFAULT_MODEL

    source = choose_source(video, camera)
    run_demo(source, out, Settings(model or DEFAULT_MODEL, device, preset, seconds))


@app.command()
@click.argument("keypoints", type=FILE)
@click.option("--out", type=FILE, required=True, help="An .npz for poses and root.")
@model_options
@sampling_options
@decode_option("rigid")
def lift(
    keypoints: Path,
    out: Path,
    model: str | None,
    device: str,
    **sampling: Any,
) -> None:
    """Lift a recording of 2D keypoints, offline.

    KEYPOINTS is an .npz with keypoints (T,K,2) in pixels, or (T,K,3) with confidence, NaN or (0,0)
    where unseen; layout (h36m17, coco17, halpe26 or blazepose33); fps; width; height; and
    optionally K and dist. The result has poses (T,17,3), root-relative, and root (T,3), in metres.
    """
    from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW
    from diffhpe_ros.keypoint_files import lift_track, read_track, save_track
    from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter

    track = read_track(keypoints)
    if not track.camera.calibrated:
        click.echo(
            f"no K in the file: a field of view of {DEFAULT_FIELD_OF_VIEW:.0f} degrees is assumed;"
            " distances depend on it",
            err=True,
        )
    lifter = Lifter.from_pretrained(model or DEFAULT_MODEL, device, **sampling)
    lifted = lift_track(lifter, track, progress=True)
    save_track(out, lifted)
    click.echo(f"{out}: {len(lifted.poses)} frames, {lifted.lifted_frames} of them with a pose")


@app.command()
@click.argument("overrides", nargs=-1)
@click.option(
    "--experiment", default="mixste", show_default=True, help="Of config/train, or a train.yaml."
)
def train(overrides: tuple[str, ...], experiment: str) -> None:
    """Train a lifter; an interrupted training goes on where it stopped.

    OVERRIDES are Hydra's, such as data.batch_size=64 or budget=gpu.
    """
    try:
        from diffhpe_ros.training.configuration import compose_configuration
        from diffhpe_ros.training.train import fit
    except ModuleNotFoundError as error:
        raise DiffhpeError(
            f"training needs {error.name}: pip install 'diffhpe_ros[train]'"
        ) from error

    trained = fit(compose_configuration(experiment, overrides))
    click.echo(f"{trained.folder}: the trained model, {trained.mpjpe_mm:.1f} mm on validation")


@app.command()
@click.argument("overrides", nargs=-1)
@click.option("--experiment", default="mixste", show_default=True, help="Of config/train.")
@click.option("--space", default="mixste", show_default=True, help="A YAML file, or its name.")
@click.option("--trials", default=20, show_default=True, help="How many this process tries.")
@click.option("--storage", help="A database URL that several machines may share.")
@click.option("--study", help="The study's name in the storage; the experiment's if not given.")
def search(
    overrides: tuple[str, ...],
    experiment: str,
    space: str,
    trials: int,
    storage: str | None,
    study: str | None,
) -> None:
    """Search settings of an experiment by Optuna, for the least validation error.

    The space maps settings to Hydra's sweeps, such as "dropout: interval(0.0, 0.3)"; those that
    come with the package are in config/train/space. OVERRIDES are Hydra's and hold for all trials.
    """
    try:
        from diffhpe_ros.training.search import search
    except ModuleNotFoundError as error:
        raise DiffhpeError(
            f"searching needs {error.name}: pip install 'diffhpe_ros[train]'"
        ) from error

    search(experiment, space, trials, storage, study or experiment, overrides)


@app.command()
@click.option("--data", type=FILE, required=True, help="Windows, Human3.6M or MPI-INF-3DHP: .npz.")
@click.option("--data-2d", type=FILE, help="Human3.6M's keypoints.")
@click.option("--split", help="train or test, of Human3.6M; test if not given.")
@click.option(
    "--occlusion",
    default="none",
    show_default=True,
    help="random, leg-and-arm, leg, frames or all, drawn by --seed.",
)
@click.option("--released-metrics", is_flag=True, help="Add coherence as released.")
@click.option("--json", "json_file", type=FILE, help="Write the figures here, too.")
@model_options
@sampling_options
@decode_option("free")
def evaluate(
    data: Path,
    data_2d: Path | None,
    split: str | None,
    occlusion: str,
    released_metrics: bool,
    json_file: Path | None,
    model: str | None,
    device: str,
    **sampling: Any,
) -> None:
    """Print a model's errors and coherence on poses with truth, in mm.

    Windows are an .npz with x (N,27,17,2) in the canonical view and y (N,27,17,3) in metres.
    """
    from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter, lift_all
    from diffhpe_ros.training.evaluation import figures_of, released_coherence
    from diffhpe_ros.training.evaluation_data import occluded, read_evaluation
    from diffhpe_ros.training.report import lines

    model = model or DEFAULT_MODEL
    lifter = Lifter.from_pretrained(model, device, **sampling)
    data_windows = read_evaluation(data, lifter.config, data_2d, split)
    windows = occluded(data_windows, occlusion, sampling["seed"])
    poses = lift_all(lifter, windows.x_2d, progress=True)
    figures = figures_of(poses, windows, released_coherence(poses) if released_metrics else None)
    click.echo("\n".join(lines(figures)))
    if json_file is not None:
        of = {"model": model, "data": str(data), "split": split, "occlusion": occlusion}
        write_json(json_file, of | sampling | figures.to_dict())


@app.command()
@click.argument("experiment", type=click.Choice(EXPERIMENTS))
@click.argument("overrides", nargs=-1)
@click.option("--data", type=FILE, default=FROZEN / "cmu_test.npz", show_default=True)
@click.option("--validation", type=FILE, default=FROZEN / "cmu_validation.npz", show_default=True)
@click.option("--runs", type=FILE, default=Path("runs"), show_default=True, help="Trained models.")
@click.option("--budget", type=click.Choice(("cpu", "gpu")), default="cpu", show_default=True)
@click.option("--steps", default=5, show_default=True, help="Of DDIM.")
@click.option("--hypotheses", default=5, show_default=True)
@click.option(
    "--every", type=click.IntRange(1), default=1, show_default=True, help="Measure each Nth window."
)
@click.option("--only", help="Train just this model of an experiment, and what it needs.")
@click.option("--no-training", is_flag=True, help="What is not there is written as not run.")
@click.option(
    "--document", type=FILE, default=Path("docs/results.md"), show_default=True, help="To write to."
)
def reproduce(
    experiment: str,
    overrides: tuple[str, ...],
    data: Path,
    validation: Path,
    runs: Path,
    budget: str,
    steps: int,
    hypotheses: int,
    every: int,
    only: str | None,
    no_training: bool,
    document: Path,
) -> None:
    """Train, measure and write down an experiment of the paper.

    Models that lie in --runs are not trained again, figures in it not measured again. OVERRIDES
    are Hydra's and hold for every training, such as data.mocap=FILE.
    """
    try:
        from diffhpe_ros.lifting.presets import Preset
        from diffhpe_ros.training.experiments.reproduce import (
            OF_SHIPPED_MODELS,
            ON_VALIDATION,
            reproduce,
        )
        from diffhpe_ros.training.experiments.workshop import (
            AsShipped,
            AsTheyAre,
            Models,
            TrainedWhenMissing,
            Workshop,
        )
        from diffhpe_ros.training.truth import read_windows
    except ModuleNotFoundError as error:
        raise DiffhpeError(
            f"training needs {error.name}: pip install 'diffhpe_ros[train]'"
        ) from error

    trained = TrainedWhenMissing(runs, budget, overrides)
    if only is not None:
        click.echo(f"{trained.folder(only)}: the trained model")
        return
    file = validation if experiment in ON_VALIDATION else data
    models: Models = AsTheyAre(runs) if no_training else trained
    if experiment in OF_SHIPPED_MODELS:
        models = AsShipped()
    device = "cuda" if budget == "gpu" else "cpu"
    windows = read_windows(file).every(every)
    name = file.name if every == 1 else f"one window in {every} of {file.name}"
    workshop = Workshop(models, windows, name, runs / "figures", device)
    click.echo(reproduce(experiment, workshop, Preset("ddim", steps, hypotheses), document))


@app.command()
@click.argument("trained", type=FILE)
@click.option("--out", type=FILE, required=True, help="The new model folder, models/NAME.")
@click.option("--backbone", type=FILE, help="Of a wrapper: the folder beside --out to refer to.")
@click.option("--data", type=FILE, multiple=True, default=HELD_OUT, show_default=True)
def pack(trained: Path, out: Path, backbone: Path | None, data: tuple[Path, ...]) -> None:
    """Make a trained model fit for being handed on.

    Stored in half precision where its poses on the first --data stay the same within 0.1 mm; a
    wrapper refers to its backbone instead of holding a copy. What is stored is calibrated on all
    --data (see `diffhpe calibrate`).
    """
    from diffhpe_ros.training.packing import pack
    from diffhpe_ros.training.truth import read_windows

    packed = pack(trained, out, backbone, [read_windows(file) for file in data])
    precision = "half" if packed.is_half else "single"
    click.echo(
        f"{out}: {packed.megabytes:.1f} MB in {precision} precision; half precision moves the"
        f" joints by {packed.difference_mm:.2f} mm"
    )


@app.command()
@click.argument("model")
@click.option(
    "--data",
    type=FILE,
    multiple=True,
    default=HELD_OUT,
    show_default=True,
    help="Windows that it was not trained on; may be given several times.",
)
@click.option(
    "--every", type=click.IntRange(1), default=1, show_default=True, help="Look at each Nth window."
)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
def calibrate(model: str, data: tuple[Path, ...], every: int, device: str) -> None:
    """Fit how uncertain a model's joints are, and what coherence is usual; writes its config.yaml.

    MODEL is a model's name or its folder.
    """
    from diffhpe_ros.lifting.checkpoints import find_model, load_with_config, save_config
    from diffhpe_ros.training.calibration import calibrated
    from diffhpe_ros.training.truth import read_windows

    folder = find_model(model)
    if not folder.is_dir():
        raise DiffhpeError(f"{folder} is no model folder; make one with diffhpe convert")
    network, config = load_with_config(folder)
    windows = [read_windows(file).every(every) for file in data]
    save_config(calibrated(network, config, windows, device), folder)
    click.echo(f"{folder}: calibrated on {sum(map(len, windows))} windows")


@app.command()
@click.argument("checkpoint", type=FILE)
@click.option("--out", type=FILE, required=True, help="The new model folder, models/NAME.")
def convert(checkpoint: Path, out: Path) -> None:
    """Turn a released checkpoint into a model folder, without running code from it."""
    from diffhpe_ros.lifting import convert

    config = convert(checkpoint, out)
    click.echo(f"{out}: {config.architecture}, {config.frames} frames")


@app.command()
@click.argument("model")
@click.option("--out", type=FILE, required=True, help="The new model folder.")
def export(model: str, out: Path) -> None:
    """Make a model folder whose networks also run on onnxruntime (--engine onnx).

    MODEL is a model's name, its folder, or a released checkpoint. The new folder needs no other
    beside it. What onnxruntime gives is compared with torch before the folder is there.
    """
    from diffhpe_ros.lifting.engines.export import export

    differences = export(model, out)
    pieces = ", ".join(f"{name}.onnx" for name in differences)
    click.echo(f"{out}: {pieces}, at most {max(differences.values()):.0e} off torch")


@app.command()
@click.option("--json", "json_file", type=FILE, help="Write the figures here, too.")
@model_options
def bench(json_file: Path | None, model: str | None, device: str) -> None:
    """Time lifting at every preset, for 1 to 64 people, against a plain reference sampler."""
    from diffhpe_ros.benchmark import benchmark
    from diffhpe_ros.lifting import DEFAULT_MODEL

    measured = benchmark(model or DEFAULT_MODEL, device)
    click.echo(measured.table())
    if json_file is not None:
        write_json(json_file, measured.to_dict())


def main() -> None:
    """Run the command line; a failure is one line on stderr and a non-zero exit status."""
    # As on Ctrl-C, what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app(standalone_mode=False)
    except DiffhpeError as error:
        _fail(str(error), 1)
    except click.ClickException as error:
        _fail(" ".join(error.format_message().split()), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail("stopped", 130)


def _fail(message: str, status: int) -> NoReturn:
    click.echo(f"diffhpe: {message}", err=True)
    sys.exit(status)

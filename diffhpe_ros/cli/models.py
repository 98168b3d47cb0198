"""Commands that make model folders: `convert`, `export`, `pack`, `calibrate`."""

from pathlib import Path

import click

from diffhpe_ros.cli.options import AT_LEAST_1, FILE, held_out_windows
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import require

held_out_option = click.option(
    "--data",
    type=FILE,
    multiple=True,
    default=held_out_windows,
    show_default="cmu_validation.npz and cmu_seen_body.npz of $DIFFHPE_DATA/mocap",
    help="Windows that the model was not trained on; may be given several times.",
)


@click.command()
@click.argument("checkpoint", type=FILE)
@click.option("--out", type=FILE, required=True, help="New model folder, such as models/mine.")
@click.option("--encoder", type=FILE, help="GraFormer (or MixSTE) whose poses a DiffPose refines.")
def convert(checkpoint: Path, out: Path, encoder: Path | None) -> None:
    """Turn a released checkpoint into a model folder.

    CHECKPOINT is one of MixSTE, DiffHPE or GraFormer, or of DiffPose together with its encoder. No
    code in it is run.

    For example: diffhpe convert model.pth --out models/mine
    """
    from diffhpe_ros.lifting import convert

    config = convert(checkpoint, out, encoder)
    click.echo(f"{out}: {config.architecture}, {config.frames} frames")


@click.command()
@click.argument("model")
@click.option("--out", type=FILE, required=True, help="New model folder, such as models/mine.")
def export(model: str, out: Path) -> None:
    """Make a model folder that also runs on onnxruntime.

    Use it with --engine onnx. MODEL is a model's name, its folder, or a released checkpoint. The
    new folder is complete and needs no other. It is written only after onnxruntime's results have
    been compared with torch's.

    For example: diffhpe export mixste --out models/mine
    """
    require("exporting", "cpu", "onnx")
    from diffhpe_ros.lifting.engines.export import export

    differences = export(model, out)
    pieces = ", ".join(f"{name}.onnx" for name in differences)
    click.echo(f"{out}: {pieces}, within {max(differences.values()):.0e} of torch's output")


@click.command()
@click.argument("trained", type=FILE)
@click.option("--out", type=FILE, required=True, help="New model folder, such as models/mine.")
@click.option("--backbone", type=FILE, help="Backbone of a wrapper: a model folder next to --out.")
@held_out_option
def pack(trained: Path, out: Path, backbone: Path | None, data: tuple[Path, ...]) -> None:
    """Prepare a trained model for distribution.

    TRAINED is its folder. The model is stored in half precision if its poses on the first --data
    stay the same within 0.1 mm. A wrapper refers to its backbone instead of holding a copy. The
    stored model is calibrated on all --data (see `diffhpe calibrate`).

    For example: diffhpe pack runs/mixste/model --out packed/mixste
    """
    from diffhpe_ros.training.datasets.labelled_windows import read_windows
    from diffhpe_ros.training.runner.export import pack

    packed = pack(trained, out, backbone, [read_windows(file) for file in data])
    precision = "half" if packed.is_half else "single"
    click.echo(
        f"{out}: {packed.megabytes:.1f} MB in {precision} precision; half precision moves the"
        f" joints by {packed.difference_mm:.2f} mm"
    )


@click.command()
@click.argument("model")
@held_out_option
@click.option(
    "--every",
    type=AT_LEAST_1,
    default=1,
    show_default=True,
    help="Use each Nth window only.",
)
@click.option(
    "--device",
    default="cpu",
    show_default=True,
    help="Where the model runs: cpu, cuda or cuda:N.",
)
def calibrate(model: str, data: tuple[Path, ...], every: int, device: str) -> None:
    """Fit a model's joint covariances and coherence limits.

    Both are written into its config.yaml. MODEL is a model's name or its folder. The command prints
    the shares of true joints within the ellipsoids of one and two sigma, for people who were left
    out of the fit.

    For example: diffhpe calibrate runs/mixste/model
    """
    from diffhpe_ros.installed_models import find_model
    from diffhpe_ros.lifting.checkpoints.model_folders import load_with_config, save_config
    from diffhpe_ros.training.calibration import calibrate as calibration
    from diffhpe_ros.training.datasets.labelled_windows import read_windows
    from diffhpe_ros.training.experiments.left_out import left_out_tables

    folder = find_model(model)
    if not folder.is_dir():
        raise DiffhpeError(f"{folder} is not a model folder; make one with diffhpe convert")
    network, config = load_with_config(folder)
    windows = [read_windows(file).every(every) for file in data]
    found = calibration.calibrate(network, config, windows, device)
    save_config(found.config, folder)
    click.echo(left_out_tables(found))
    click.echo(f"{folder}: calibrated on {sum(map(len, windows))} windows")

"""Commands that lift: `demo`, `lift`, `bench`."""

from pathlib import Path
from typing import Any

import click

from diffhpe_ros.cli.options import FILE, decode_option, model_options, sampling_options, warn
from diffhpe_ros.confidence import MIN_CONFIDENCE
from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.io import write_json


@click.command()
@click.option("--video", type=FILE, help="A video file, instead of the package's own clip.")
@click.option("--camera", type=int, help="The number of a webcam, instead.")
@click.option("--out", type=FILE, default=Path("demo_out"), show_default=True, help="A folder.")
@click.option("--preset", help="fast, balanced or faithful; else the model's own.")
@click.option(
    "--blazepose-model",
    type=click.Choice(MODELS),
    default="auto",
    show_default=True,
    help="Of the detector; auto: the best that keeps up.",
)
@click.option("--seconds", default=10.0, show_default=True, help="How long to record a webcam.")
@model_options
def demo(
    video: Path | None,
    camera: int | None,
    out: Path,
    preset: str | None,
    blazepose_model: str,
    seconds: float,
    model: str | None,
    device: str,
) -> None:
    """Run the whole live graph over a clip.

    Real ROS 2 nodes look at the package's own clip, a video or a webcam. Writes overlay.mp4,
    skeleton.png, lift.mcap (a bag, for Foxglove) and report.json.
    """
    from diffhpe_ros.demo import Settings, choose_source, run_demo
    from diffhpe_ros.lifting import DEFAULT_MODEL

    source = choose_source(video, camera)
    settings = Settings(model or DEFAULT_MODEL, device, preset, blazepose_model, seconds)
    run_demo(source, out, settings)


@click.command()
@click.argument("keypoints", type=FILE)
@click.option("--out", type=FILE, required=True, help="An .npz for poses and root.")
@model_options
@sampling_options
@decode_option("rigid")
@click.option(
    "--min-confidence",
    default=MIN_CONFIDENCE,
    show_default=True,
    help="Joints below it are unseen.",
)
def lift(
    keypoints: Path,
    out: Path,
    min_confidence: float,
    model: str | None,
    device: str,
    **sampling: Any,
) -> None:
    """Lift a recording of 2D keypoints, offline.

    For example: diffhpe lift keypoints.npz --out poses.npz

    KEYPOINTS is an .npz with keypoints (T,K,2) in pixels, or (T,K,3) with confidence, NaN or (0,0)
    where unseen; layout (h36m17, coco17, halpe26 or blazepose33); fps; width; height; and
    optionally K and dist. The result has poses (T,17,3), root-relative, and root (T,3), in metres.
    """
    from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW
    from diffhpe_ros.io import check_output
    from diffhpe_ros.keypoint_files import lift_track, read_track, save_track
    from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter

    check_output(out, keypoints)
    track = read_track(keypoints, min_confidence)
    if not track.camera.calibrated:
        warn(
            f"no K in the file: a field of view of {DEFAULT_FIELD_OF_VIEW:.0f} degrees is assumed;"
            " distances depend on it"
        )
    for text in track.warnings:
        warn(text)
    lifter = Lifter.from_pretrained(model or DEFAULT_MODEL, device, **sampling)
    lifted = lift_track(lifter, track, progress=True)
    save_track(out, lifted)
    for text in lifted.warnings:
        warn(text)
    click.echo(f"{out}: {len(lifted.poses)} frames, {lifted.lifted_frames} of them with a pose")


@click.command()
@click.option("--json", "json_file", type=FILE, help="Write the figures here, too.")
@click.option("--engine", default="auto", show_default=True, help="That runs the presets.")
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Of the reference and all presets in turn.",
)
@model_options
def bench(json_file: Path | None, engine: str, rounds: int, model: str | None, device: str) -> None:
    """Time lifting, for 1 to 64 people.

    At every preset, in turn with a plain sampler by the paper's loop, and beside floors: what the
    operations, the bytes and the kernel launches of a window would take alone.
    """
    from diffhpe_ros.benchmark import benchmark
    from diffhpe_ros.lifting import DEFAULT_MODEL

    measured = benchmark(model or DEFAULT_MODEL, device, engine, rounds=rounds)
    click.echo(measured.table())
    if json_file is not None:
        write_json(json_file, measured.to_dict())

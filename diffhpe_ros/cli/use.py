"""Commands that lift: `demo`, `lift`, `bench`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from diffhpe_ros.cli.options import (
    AT_LEAST_1,
    FILE,
    INPUT,
    POSITIVE,
    FiniteRange,
    decode_option,
    model_options,
    preset_option,
    sampling_options,
    source_options,
    warn,
)
from diffhpe_ros.confidence import MIN_CONFIDENCE
from diffhpe_ros.detection.weights import MODELS
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.extras import require
from diffhpe_ros.io import write_json


@click.command()
@click.option("--video", type=FILE, help="Video file, instead of the package's own clip.")
@click.option(
    "--camera", type=int, help="Number of a webcam, instead of the clip: 0 is /dev/video0."
)
@click.option(
    "--out",
    type=FILE,
    default=Path("demo_out"),
    show_default=True,
    help="Folder for the results.",
)
@preset_option
@click.option(
    "--blazepose-model",
    type=click.Choice(MODELS),
    default="auto",
    show_default=True,
    help="Network that finds people; auto: the best that keeps up.",
)
@click.option(
    "--seconds",
    type=POSITIVE,
    show_default="10",
    help="Length of a webcam's recording, in seconds.",
)
@model_options
def demo(
    video: Path | None,
    camera: int | None,
    out: Path,
    preset: str | None,
    blazepose_model: str,
    seconds: float | None,
    model: str | None,
    device: str,
) -> None:
    """Run the whole live graph on a clip.

    Real ROS 2 nodes process the package's own clip, a video or a webcam. Writes overlay.mp4,
    skeleton.png, lift.mcap (a bag, for Foxglove) and report.json.

    For example: diffhpe demo --video my.mp4 --out my_out
    """
    from diffhpe_ros.demo import DemoSettings, choose_source, run_demo
    from diffhpe_ros.lifting import DEFAULT_MODEL

    if seconds is not None and camera is None:
        raise DiffhpeError("--seconds is only for --camera")
    source = choose_source(video, camera)
    settings = DemoSettings(model or DEFAULT_MODEL, device, preset, blazepose_model)
    if seconds is not None:
        settings = replace(settings, seconds=seconds)
    run_demo(source, out, settings)


@click.command()
@click.argument("recording", type=INPUT, metavar="INPUT")
@click.option(
    "--out", type=FILE, required=True, help="File to write; its ending sets the format, see above."
)
@model_options
@sampling_options
@decode_option("rigid")
@click.option(
    "--min-confidence",
    type=FiniteRange(0, 1),
    help="Joints with a lower confidence (0 to 1) count as unseen.  [default: the detector's for"
    f" images, {MIN_CONFIDENCE} for keypoints]",
)
@source_options
@click.option("--up", help="Axis that points up, y or z.  [default: y in TRC and BVH, z in C3D]")
@click.option(
    "--upright",
    is_flag=True,
    help="Turn the poses upright, using people who walk in front of a fixed camera.",
)
@click.option(
    "--camera-height",
    type=float,
    help=(
        "Height of the camera above the floor that people walk on, in metres: it gives children"
        " and tall people their true size and distance."
    ),
)
@click.option(
    "--person-height", type=float, help="Height of the only person in the recording, in metres."
)
@click.option("--resume", is_flag=True, help="Continue a stopped run.")
def lift(
    recording: str,
    out: Path,
    up: str | None,
    upright: bool,
    camera_height: float | None,
    person_height: float | None,
    resume: bool,
    model: str | None,
    device: str,
    **options: Any,
) -> None:
    """Lift a recording, offline: anything in, anything out.

    For example: diffhpe lift walk.mp4 --out walk.bvh

    INPUT is a video; a folder of images or a pattern such as frames/*.png; a ROS bag (mcap,
    sqlite3); an rtsp:// or http:// address, or a webcam's number, with --seconds; or keypoints:
    a folder of OpenPose's JSON, JSON of COCO or AlphaPose, TRC of Sports2D, CSV of MediaPipe's
    landmarks, npz of VideoPose3D, or our own npz. docs/formats.md has them all.

    OUT ends with .npz, .csv, .json, .mcap (in the camera's optical frame, metres), .trc (mm), .bvh
    (cm and degrees) or .c3d (mm). Ctrl-C writes the finished part; --resume continues.
    """
    from diffhpe_ros.formats.writers import extras_to_write
    from diffhpe_ros.lifting import DEFAULT_MODEL, Lifter
    from diffhpe_ros.lifting.engines.choice import extras_to_lift
    from diffhpe_ros.offline import SourceOptions, lift_recording
    from diffhpe_ros.offline.image_topic import extras_to_read

    extras = *extras_to_read(Path(recording)), *extras_to_write(out)
    require("lift", *extras, also=extras_to_lift(device))
    source = {name: options.pop(name) for name in vars(SourceOptions())}
    name = model or DEFAULT_MODEL
    lifted = lift_recording(
        recording,
        out,
        SourceOptions(**source),
        lambda: Lifter.from_pretrained(name, device, **options),
        {"model": name, **options},
        up=up,
        upright=upright,
        camera_height=camera_height,
        person_height=person_height,
        resume=resume,
        warn=warn,
    )
    for text in lifted.summary():
        click.echo(text)
    if lifted.stopped:
        raise KeyboardInterrupt


@click.command()
@click.option(
    "--json", "json_file", type=FILE, help="JSON file to which the figures are also written."
)
@click.option(
    "--engine", default="auto", show_default=True, help="Engine that runs the presets, as for lift."
)
@click.option(
    "--rounds",
    type=AT_LEAST_1,
    default=3,
    show_default=True,
    help="Number of rounds in which the reference and all presets are timed.",
)
@model_options
def bench(json_file: Path | None, engine: str, rounds: int, model: str | None, device: str) -> None:
    """Time lifting, for 1 to 64 people.

    Each preset is timed in turn with a plain sampler, the paper's loop. Floors are also printed:
    the times that a window's operations, bytes and kernel launches would take alone.

    For example: OMP_NUM_THREADS=1 diffhpe bench --rounds 5
    """
    from diffhpe_ros.benchmark import benchmark
    from diffhpe_ros.lifting import DEFAULT_MODEL

    measured = benchmark(model or DEFAULT_MODEL, device, engine, rounds=rounds)
    click.echo(measured.table())
    if json_file is not None:
        write_json(json_file, measured.to_dict())

"""The command `view`."""

import time
from functools import partial
from pathlib import Path

import click

from diffhpe_ros.camera import DEFAULT_FIELD_OF_VIEW
from diffhpe_ros.cli.options import FIELD_OF_VIEW, FILE, INPUT, model_options, preset_option, warn
from diffhpe_ros.extras import require


@click.command()
@click.argument("video", type=INPUT, required=False)
@click.option("--camera", type=int, help="Number of a webcam: 0 is /dev/video0.")
@click.option("--bag", type=FILE, help="Bag with images (MCAP or SQLite).")
@click.option("--topic", help="Image topic of the bag, if it has several.")
@preset_option
@click.option(
    "--field-of-view",
    type=FIELD_OF_VIEW,
    show_default="60, with a warning",
    help="Degrees over the longer image side, for cameras without calibration.",
)
@click.option(
    "--calibration", type=FILE, help="Calibration of the camera: a YAML file as ROS writes it."
)
@click.option(
    "--person-model", type=FILE, help="ONNX file that finds people, for the detector onnx."
)
@click.option("--pose-model", type=FILE, help="ONNX file that finds joints, for the detector onnx.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address that serves the page; 0.0.0.0 shows it, with the images, to the whole network.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port of the page; if it is taken, the next free one. 0 is any free one.",
)
@click.option("--open/--no-open", "opens", default=True, help="Open the page in a browser.")
@model_options
def view(
    video: str | None,
    camera: int | None,
    bag: Path | None,
    topic: str | None,
    preset: str | None,
    field_of_view: float | None,
    calibration: Path | None,
    person_model: Path | None,
    pose_model: Path | None,
    host: str,
    port: int,
    opens: bool,
    model: str | None,
    device: str,
) -> None:
    """Show people in 3D in a browser page.

    VIDEO is a file, a bag, or the address of a stream (rtsp://...). Without VIDEO, --camera and
    --bag, the package's own clip is shown.

    For example: diffhpe view my.mp4
    """
    from diffhpe_ros.detection import create_detector
    from diffhpe_ros.lifting import DEFAULT_MODEL
    from diffhpe_ros.lifting.engines.choice import extras_to_lift
    from diffhpe_ros.offline.image_topic import extras_to_read
    from diffhpe_ros.view import Settings, choose_source, serve

    recording = bag if video is None else Path(video)
    of_bag = () if recording is None else extras_to_read(recording)
    require("view", "view", *of_bag, also=extras_to_lift(device))
    detectors = {"blazepose": partial(create_detector, "blazepose")}
    if person_model is not None or pose_model is not None:
        detectors["onnx"] = partial(
            create_detector, "onnx", person_model=person_model, pose_model=pose_model
        )
    source = choose_source(video, camera, bag, topic, calibration, field_of_view)
    if source.camera is None and field_of_view is None:
        warn(
            f"a field of view of {DEFAULT_FIELD_OF_VIEW:g} degrees is assumed; distances depend on"
            " it (--calibration, or --field-of-view)"
        )
    if host not in ("127.0.0.1", "localhost", "::1"):
        warn(f"{host}: anyone who can reach this computer can see the images and change settings")
    settings = Settings(model or DEFAULT_MODEL, preset, list(detectors)[-1])
    with serve(
        source, detectors, settings,
        field_of_view=field_of_view or DEFAULT_FIELD_OF_VIEW, device=device, host=host, port=port,
    ) as address:  # fmt: skip
        click.echo(f"{source.name}: {address} (Ctrl-C stops it)")
        if opens:
            click.launch(address)
        while True:
            time.sleep(3600)

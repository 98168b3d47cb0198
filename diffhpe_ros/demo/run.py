"""The demo: runs the graph live, files also in replay mode, and writes the results."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from diffhpe_ros.demo.recording import DemoSettings, GraphRecording, prepare, record
from diffhpe_ros.demo.source import DemoSource, embedded_clip, video_file, webcam
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.io import make_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diffhpe_ros.demo.results import Results


def choose_source(video: Path | None, camera: int | None) -> DemoSource:
    """The video file, the webcam, or the package's own clip.

    Raises:
        DiffhpeError: both are given, or the file cannot be read.
    """
    if video is not None and camera is not None:
        raise DiffhpeError("give --video or --camera, not both")
    if video is not None:
        return video_file(video)
    return embedded_clip() if camera is None else webcam(camera)


def run_demo(source: DemoSource, out: Path, settings: DemoSettings) -> dict[str, Any]:
    """Run the demo and write overlay.mp4, skeleton.png, lift.mcap and report.json into `out`.

    The live run gives latencies and drops. Files are then run again in replay mode, where no frame
    is dropped: pictures, bag, coherence and errors are from that run. An incomplete run gives a
    warning, and `complete` is false in the report.

    Args:
        source: source of the images.
        out: output folder, made if it does not exist.
        settings: the user's settings.

    Returns:
        The report.

    Raises:
        DiffhpeError: a package is missing, a node does not start, or a file cannot be written.
    """
    prepare(settings.device, "demo")
    logs = make_folder(out / "log")
    live = shown = record(source, settings, logs, replay=False)
    if source.path is not None:
        shown = record(source, settings, logs, replay=True)
    return write_results(source, out, settings, live, shown)


def write_results(
    source: DemoSource,
    out: Path,
    settings: DemoSettings,
    live: GraphRecording,
    shown: GraphRecording,
) -> dict[str, Any]:
    """Write the results of a source; see `run_demo`.

    Args:
        source: source of the images.
        out: existing output folder.
        settings: settings of the runs.
        live: run that gives latencies and drops.
        shown: run that gives everything else.

    Returns:
        The report.

    Raises:
        DiffhpeError: a file cannot be written.
    """
    from diffhpe_ros.demo import report as figures
    from diffhpe_ros.demo.bag import write_bag
    from diffhpe_ros.demo.bag_messages import bag_messages
    from diffhpe_ros.demo.images import stamped_jpegs
    from diffhpe_ros.demo.pictures import save_pictures
    from diffhpe_ros.demo.results import read_results
    from diffhpe_ros.demo.upright import up_of

    in_time = read_results(live.namespace, live.records)
    report = {"source": source.name, "model": settings.model}
    runs = {"live": live.progress} | ({} if shown is live else {"replay": shown.progress})
    report |= figures.completeness(runs)
    report |= figures.live_figures(in_time) | figures.load_figures(live.load)
    results = read_results(shown.namespace, shown.records, shown.start_ns)
    report |= figures.coherence_figures(results) | figures.error_figures(source, results)
    write_json(out / "report.json", report)
    jpegs = stamped_jpegs(source, results.first_stamp_ns, shown.images)
    write_bag(out / "lift.mcap", bag_messages(shown, jpegs, up_of(source, results)))
    save_pictures(out, source, results, report, shown.images)
    _warn([*figures.warnings(runs), *figures.pace_warnings(report, live.progress)])
    for line in figures.lines(report):
        tqdm.write(line)
    names = ["overlay.mp4", "skeleton.png", "lift.mcap", "report.json"]
    tqdm.write(f"wrote       {out}/" + ", ".join(n for n in names if (out / n).exists()))
    return report


def run_live(source: DemoSource, folder: Path, settings: DemoSettings) -> "Results":
    """One live run, without pictures.

    Args:
        source: source of the images.
        folder: folder for the nodes' logs.
        settings: the user's settings.

    Raises:
        DiffhpeError: a package is missing, or a node does not start.
    """
    prepare(settings.device)
    from diffhpe_ros.demo.report import warnings
    from diffhpe_ros.demo.results import read_results

    live = record(source, settings, folder, replay=False)
    _warn(warnings({"live": live.progress}))
    return read_results(live.namespace, live.records)


def _warn(texts: "Sequence[str]") -> None:
    for line in texts:
        tqdm.write(line, file=sys.stderr)

"""Lifts a recording to a file: open, detect people, lift, write."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats import PoseRecording, PoseTrack, check_ending, write_poses
from diffhpe_ros.io import check_output
from diffhpe_ros.lifting import Lifter, ModelConfig
from diffhpe_ros.offline.body_sizes import body_sizes, scaled
from diffhpe_ros.offline.lifted import Lifted
from diffhpe_ros.offline.open_source import open_source
from diffhpe_ros.offline.options import SourceOptions
from diffhpe_ros.offline.progress import Stopped, progress_bar
from diffhpe_ros.offline.source import Source
from diffhpe_ros.offline.tracks import SeenTrack, TrackLifter, seen_tracks
from diffhpe_ros.offline.upright import gravity_of, levelled
from diffhpe_ros.offline.workspace import Workspace
from diffhpe_ros.pipeline.camera_floor import check_lengths
from diffhpe_ros.pipeline.detection_stage import least_images_per_s
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.pipeline.options import WindowOptions
from diffhpe_ros.placement import BodyScale

ONE_IMAGE = (
    "one image only: people are assumed to stand still; the model was trained on motion, so such"
    " a pose is less certain than one from a video"
)


class NobodyLiftedError(DiffhpeError):
    """There is no pose to write."""


def lift_recording(
    path: str,
    out: Path,
    options: SourceOptions,
    make_lifter: Callable[[], Lifter],
    settings: Mapping[str, object],
    *,
    up: str | None = None,
    upright: bool = False,
    camera_height: float | None = None,
    person_height: float | None = None,
    resume: bool = False,
    warn: Callable[[str], None],
) -> Lifted:
    """Lift a recording and write its poses.

    Ctrl-C ends the run early: finished parts are written, and kept for `resume`.

    Args:
        path: images, a bag, an address, a webcam's number, or keypoints.
        out: the output; its extension selects the format.
        options: properties that the recording may not give itself.
        make_lifter: loads the model, after the recording was opened.
        settings: what the results depend on besides the recording and the options.
        up: the axis that points up in the file; None for the format's default.
        upright: rotate the poses into a level camera's frame, estimated from how people walk.
        camera_height: of the camera above the floor, metres. It determines sizes and distances of
            people who walk or stand; None: they are assumed to be adults.
        person_height: of the only person in the recording, metres; None if it is not known.
        resume: continue a run that was stopped.
        warn: receives messages on guesses and on what looks wrong.

    Raises:
        DiffhpeError: the recording cannot be read, nobody can be lifted, the output cannot be
            written, or a height is not in metres.
        KeyboardInterrupt: Ctrl-C came before anybody could be lifted, or twice.
    """
    check_lengths(camera_height, person_height)
    check_output(out, *([Path(path)] if Path(path).is_file() else []))
    check_ending(out, up)
    source = open_source(path, options)
    for text in source.warnings:
        warn(text)
    lifter = make_lifter()
    for text in lifter.warnings:
        warn(text)
    stopped, depends_on = Stopped(), {**_identity(path), **_named(options), **settings}
    with (
        Workspace(out, depends_on, resume) as workspace,
        _kept_on_ctrl_c(workspace, source, stopped, warn),
    ):
        workspace.keep = not source.cheap
        _look(source, workspace, stopped, warn)
        _warn_of_rate(workspace, warn)
        lift = TrackLifter(workspace, lifter, source.camera, source.confuses_left_and_right)
        poses, short = _lift(lift, path, workspace, stopped, warn)
        recording = PoseRecording(poses, _rate(workspace), source.start_ns)
        placed = _place(recording, workspace.folder, camera_height, person_height, upright, warn)
        files = write_poses(out, placed.recording, up)
        workspace.keep = bool(stopped) and not source.live
        return Lifted(
            files=tuple(files),
            frames=workspace.frame_count,
            poses=sum(_known(each) for each in placed.recording.tracks),
            track_ids=tuple(each.track_id for each in poses),
            short=short,
            stopped=workspace.keep,
            gravity=placed.gravity if upright else None,
            sizes=placed.sizes,
        )


class _Placed(NamedTuple):
    recording: PoseRecording
    gravity: Gravity | None
    sizes: dict[int, BodyScale]


def _place(
    recording: PoseRecording,
    folder: Path,
    camera_height: float | None,
    person_height: float | None,
    upright: bool,
    warn: Callable[[str], None],
) -> _Placed:
    """The recording with people of their own size, and turned upright if wanted."""
    gravity = gravity_of(recording) if upright or camera_height is not None else None
    if gravity is None and upright:
        warn("the up direction is unknown, since no person walks: the poses are not turned upright")
    poses = list(recording.tracks)
    sizes = body_sizes(poses, gravity, camera_height, person_height, warn)
    if sizes:
        factors = [sizes[each.track_id].value for each in poses]
        recording = replace(recording, tracks=scaled(poses, factors, folder))
    if gravity is not None and upright:
        recording = levelled(recording, gravity, folder)
    return _Placed(recording, gravity, sizes)


@contextmanager
def _kept_on_ctrl_c(
    workspace: Workspace, source: Source, stopped: Stopped, warn: Callable[[str], None]
) -> Iterator[None]:
    """A context that keeps what is done if Ctrl-C ends it before the poses are written."""
    try:
        yield
    except (KeyboardInterrupt, NobodyLiftedError) as error:
        if source.live or not (stopped or isinstance(error, KeyboardInterrupt)):
            raise
        if workspace.frame_count:
            workspace.keep = True
            warn(f"{str(error) or 'stopped early'}; the same command with --resume goes on")
        raise KeyboardInterrupt from error


def _look(
    source: Source, workspace: Workspace, stopped: Stopped, warn: Callable[[str], None]
) -> None:
    """Find the people in all frames and write them to the workspace."""
    total, done = source.frame_count, workspace.frame_count
    frames = workspace.extend(source.frames(workspace.frames(), workspace.state), source.state)
    try:
        with stopped.by_ctrl_c(), progress_bar("people", total, done) as bar:
            for _ in frames:
                bar.update()
    except DiffhpeError as error:
        if not source.live:
            raise
        warn(str(error))  # the end of a stream is not an error
    finally:
        frames.close()
    workspace.settle()


def _lift(
    lift: TrackLifter,
    path: str,
    workspace: Workspace,
    stopped: Stopped,
    warn: Callable[[str], None],
) -> tuple[list[PoseTrack], int]:
    """The poses of all people seen for at least a window, and the number of other people."""
    if still := workspace.frame_count == 1 and not stopped:
        warn(ONE_IMAGE)
    found, short = _long_enough(seen_tracks(workspace), workspace, lift.config, path, still)
    total = sum(track.length for track in found)
    with stopped.by_ctrl_c(), progress_bar("lifting", total) as bar:
        for track in found:
            lift.lift(track, bar.update)
    for text in _few(lift.warnings):
        warn(text)
    poses = [each for each in map(lift.poses, found) if each is not None and _known(each)]
    if not poses:
        raise NobodyLiftedError(f"{path}: no pose was lifted")
    return poses, short


def _rate(workspace: Workspace) -> float:
    """Frames per second; 1 for a single frame."""
    times = workspace.times_s()
    return 1.0 / float(np.median(np.diff(times))) if len(times) > 1 else 1.0


def _warn_of_rate(workspace: Workspace, warn: Callable[[str], None]) -> None:
    """Warn about a recording as slow as the detector's node warns about."""
    found, least = _rate(workspace), least_images_per_s(WindowOptions())
    if workspace.frame_count > 1 and round(found, 3) < least:
        warn(
            f"{found:.1f} images/s, at least {least:.1f} are expected: motion between images is"
            " guessed"
        )


def _long_enough(
    found: list[SeenTrack], workspace: Workspace, config: ModelConfig, path: str, still: bool
) -> tuple[list[SeenTrack], int]:
    """People seen for at least a window, and the number of other people."""
    times = workspace.times_s()
    least_s, _ = config.spans_s
    steps = config.frames - 1
    long = [
        track
        for track in found
        if round((times[track.frames[-1]] - times[track.frames[0]]) * steps / least_s) >= steps
    ]
    if still:
        long = found
    if not long:
        workspace.keep = False  # there is nothing to resume
        if not found:
            images = "its one image" if still else f"{len(times)} frames"
            raise NobodyLiftedError(f"{path}: no person is seen in {images}")
        raise NobodyLiftedError(
            f"{path}: no person is seen for {least_s:.2f} s, the shortest time that can be"
            f" lifted, in {len(times)} frames"
        )
    return long, len(found) - len(long)


def _known(track: PoseTrack) -> int:
    """Number of frames with a pose."""
    return sum(int(np.isfinite(rows["pose"]).all((1, 2)).sum()) for rows in track.chunks())


def _few(warnings: list[str], most: int = 8) -> list[str]:
    """The warnings without duplicates, limited in number."""
    different = list(dict.fromkeys(warnings))
    rest = len(different) - most
    return different[:most] + ([f"and {rest} more of this kind"] if rest > 0 else [])


def _identity(path: str) -> dict[str, object]:
    """Properties that identify a recording."""
    file = Path(path)
    if not file.is_file():
        return {"input": path}
    return {"input": str(file.absolute()), "bytes": file.stat().st_size}


def _named(options: SourceOptions) -> dict[str, Any]:
    values = dict(vars(options))
    values["calibration"] = options.calibration and str(options.calibration)
    values["size"] = options.size and list(options.size)
    return values

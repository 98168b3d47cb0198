"""A recording to a file: open, look, lift, write."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats import PoseRecording, PoseTrack, check_ending, write_poses
from diffhpe_ros.geometry.upright import tilt_deg
from diffhpe_ros.io import check_output
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.offline.body_sizes import scaled, size_of
from diffhpe_ros.offline.open_source import open_source
from diffhpe_ros.offline.options import SourceOptions
from diffhpe_ros.offline.source import Source
from diffhpe_ros.offline.tracks import SeenTrack, TrackLifter, seen_tracks
from diffhpe_ros.offline.upright import gravity_of, levelled
from diffhpe_ros.offline.workspace import Workspace
from diffhpe_ros.pipeline.body_sizes import FloorCheck
from diffhpe_ros.pipeline.camera_floor import check_lengths, floor_below
from diffhpe_ros.pipeline.gravity import Gravity
from diffhpe_ros.placement import BodyScale

_FEWEST_WINDOWS = 5
"""Half seconds with standing feet, by which a floor is checked."""

ONE_IMAGE = (
    "one image only: people are taken to stand still; the model has learnt from motion, so that"
    " such a pose is less certain than one of a video"
)


@dataclass(frozen=True)
class Lifted:
    """What was written."""

    files: tuple[Path, ...]
    frames: int
    """Of the recording, as far as it was looked at."""
    poses: int
    """Frames with a pose, of all people."""
    track_ids: tuple[int, ...]
    """Of the people that were lifted."""
    short: int
    """People that were seen for too short a time to be lifted."""
    stopped: bool
    """Whether Ctrl-C ended the run early; `--resume` goes on."""
    gravity: Gravity | None = None
    """In the camera's optical frame, where it was asked for and found: the poses are upright."""
    sizes: Mapping[int, BodyScale] = field(default_factory=dict)
    """Track id → how large a person is, where that was asked for."""

    def summary(self) -> list[str]:
        """Lines for the user: what is in which file."""
        people = len(self.track_ids)
        if people == 1:
            frames = "1 frame" if self.frames == 1 else f"{self.frames} frames"
            lines = [f"{self.files[0]}: {frames}, {self.poses} of them with a pose"]
        else:
            ids = ", ".join(map(str, self.track_ids))
            what = f"{self.frames} frames, {people} people (ids {ids}), {self.poses} poses"
            lines = [f"{', '.join(map(str, self.files))}: {what}"]
        if self.gravity is not None:
            lines.append(_upright_text(self.gravity))
        lines += [
            f"person {track_id} is {scale.value:.2f} times as large as an adult (standard deviation"
            f" {scale.sd:.2f})"
            for track_id, scale in self.sizes.items()
            if scale.is_learnt
        ]
        if self.short:
            lines.append(f"{self.short} people were seen for too short a time to be lifted")
        if self.stopped:
            lines.append("stopped early: the same command with --resume goes on")
        return lines


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
    """Lift a recording, and write its poses.

    Ctrl-C ends the run early: what was done by then is written, and kept for `resume`.

    Args:
        path: images, a bag, an address, a webcam's number, or keypoints.
        out: the output; its ending says the format.
        options: what the recording may not say itself.
        make_lifter: loads the model, after the recording was opened.
        settings: what the results depend on besides the recording and the options.
        up: the axis that points up in the file; None for what is usual there.
        upright: turn the poses into the frame of a level camera, by how people walk.
        camera_height: of the camera above the floor, metres, by which sizes and distances of people
            who walk or stand are known; None: they are taken for adults.
        person_height: of the one person in the recording, metres; None if it is not known.
        resume: go on with a run that was stopped.
        warn: takes what was guessed or looks wrong.

    Raises:
        DiffhpeError: the recording cannot be read, nobody can be lifted, the output cannot be
            written, or a height is not in metres.
        KeyboardInterrupt: Ctrl-C came before anybody could be lifted.
    """
    check_lengths(camera_height, person_height)
    check_output(out, *([Path(path)] if Path(path).is_file() else []))
    check_ending(out, up)
    source = open_source(path, options)
    for text in source.warnings:
        warn(text)
    lifter = make_lifter()
    with Workspace(out, {**_identity(path), **_named(options), **settings}, resume) as workspace:
        workspace.keep = not source.cheap
        stopped = _look(source, workspace, warn)
        tracks = TrackLifter(workspace, lifter, source.camera, source.confuses_left_and_right)
        if still := workspace.frame_count == 1 and not stopped:
            warn(ONE_IMAGE)
        try:
            found, short = _long_enough(seen_tracks(workspace), workspace, lifter, path, still)
        except DiffhpeError as error:
            if not stopped or source.live or not workspace.frame_count:
                raise
            workspace.keep = True
            warn(f"{error}; the same command with --resume goes on")
            raise KeyboardInterrupt from error
        stopped |= _lift(tracks, found)
        for text in _few(tracks.warnings):
            warn(text)
        poses = [each for each in map(tracks.poses, found) if each is not None and _known(each)]
        if not poses:
            raise DiffhpeError(f"{path}: nobody's pose was lifted")
        times = workspace.times_s()
        fps = 1.0 / float(np.median(np.diff(times))) if len(times) > 1 else 1.0
        recording = PoseRecording(poses, fps, source.start_ns)
        gravity = gravity_of(recording) if upright or camera_height is not None else None
        if gravity is None and upright:
            warn("which way is up is not known, since nobody walks: the poses are not turned")
        sizes = _sizes(poses, gravity, camera_height, person_height, warn)
        if sizes:
            factors = [sizes[each.track_id].value for each in poses]
            poses = scaled(poses, factors, workspace.folder)
        if gravity is not None and upright:
            poses = levelled(poses, gravity, workspace.folder)
        recording = replace(recording, tracks=poses)
        files = write_poses(out, recording, up)
        workspace.keep = stopped and not source.live
        return Lifted(
            files=tuple(files),
            frames=len(times),
            poses=sum(_known(each) for each in poses),
            track_ids=tuple(each.track_id for each in poses),
            short=short,
            stopped=workspace.keep,
            gravity=gravity if upright else None,
            sizes=sizes,
        )


def _sizes(
    tracks: list[PoseTrack],
    gravity: Gravity | None,
    camera_height: float | None,
    person_height: float | None,
    warn: Callable[[str], None],
) -> dict[int, BodyScale]:
    """How large each person is; empty where nothing tells it."""
    if person_height is not None and len(tracks) > 1:
        warn(f"person_height is of one person, but {len(tracks)} are seen: it is not used")
        person_height = None
    floor = None
    if camera_height is not None and gravity is not None:
        floor = floor_below(gravity, camera_height)
    elif camera_height is not None:
        warn("camera_height is not used: which way is up is not known, since nobody walks")
    if floor is None and person_height is None:
        return {}
    check = FloorCheck(_FEWEST_WINDOWS)
    sizes = {each.track_id: size_of(each, floor, person_height, check) for each in tracks}
    if check.warning:
        warn(check.warning)
    return sizes


def _upright_text(gravity: Gravity) -> str:
    """What was found, in one line."""
    down, roll = tilt_deg(gravity.up)
    pitch = f"looks {'down' if down > 0 else 'up'} by {abs(down):.0f} degrees"
    rolled = f"is rolled {'clockwise' if roll > 0 else 'anticlockwise'} by {abs(roll):.0f}"
    sd = np.degrees(gravity.sd)
    return f"upright, as people walk: the camera {pitch} and {rolled} (standard deviation {sd:.0f})"


def _look(source: Source, workspace: Workspace, warn: Callable[[str], None]) -> bool:
    """Write the people of all frames to the workspace; whether that was stopped."""
    total, done = source.frame_count, workspace.frame_count
    frames = workspace.extend(source.frames(workspace.frames(), workspace.state), source.state)
    state = _State()
    try:
        with _stoppable(state), _bar("people", total, done) as bar:
            for _ in frames:
                bar.update()
    except DiffhpeError as error:
        if not source.live:
            raise
        warn(str(error))  # a stream that ends is no mistake
    finally:
        frames.close()
    workspace.settle()
    return state.stopped


def _lift(tracks: TrackLifter, found: list[SeenTrack]) -> bool:
    """Lift all people; whether that was stopped."""
    total = sum(track.length for track in found)
    state = _State()
    with _stoppable(state), _bar("lifting", total) as bar:
        for track in found:
            tracks.lift(track, bar.update)
    return state.stopped


def _bar(what: str, total: int | None, done: int = 0) -> Any:
    """Progress, with the time that is left."""
    return tqdm(total=total, initial=done, desc=what, unit="frame", mininterval=0.5)


class _State:
    stopped = False


@contextmanager
def _stoppable(state: _State) -> Iterator[None]:
    """Ctrl-C ends the block, and is noted."""
    try:
        yield
    except KeyboardInterrupt:
        state.stopped = True


def _long_enough(
    found: list[SeenTrack], workspace: Workspace, lifter: Lifter, path: str, still: bool
) -> tuple[list[SeenTrack], int]:
    """People that are seen for a window or longer, and the number of the others."""
    times = workspace.times_s()
    least_s = (lifter.config.frames - 1) / lifter.config.rate
    long = [
        track
        for track in found
        if round((times[track.frames[-1]] - times[track.frames[0]]) * lifter.config.rate)
        >= lifter.config.frames - 1
    ]
    if still:
        long = found
    if not long:
        workspace.keep = False  # there is nothing to go on with
        if still:
            raise DiffhpeError(f"{path}: nobody is seen in its one image")
        raise DiffhpeError(
            f"{path}: nobody is seen for {least_s:.2f} s, the shortest that can be lifted, in"
            f" {len(times)} frames"
        )
    return long, len(found) - len(long)


def _known(track: PoseTrack) -> int:
    """Frames with a pose."""
    return sum(int(np.isfinite(rows["pose"]).all((1, 2)).sum()) for rows in track.chunks())


def _few(warnings: list[str], most: int = 8) -> list[str]:
    """The warnings without repetition, and not hundreds of them."""
    different = list(dict.fromkeys(warnings))
    rest = len(different) - most
    return different[:most] + ([f"and {rest} more of this kind"] if rest > 0 else [])


def _identity(path: str) -> dict[str, object]:
    """What tells a recording from another."""
    file = Path(path)
    if not file.is_file():
        return {"input": path}
    return {"input": str(file.absolute()), "bytes": file.stat().st_size}


def _named(options: SourceOptions) -> dict[str, Any]:
    values = dict(vars(options))
    values["calibration"] = options.calibration and str(options.calibration)
    values["size"] = options.size and list(options.size)
    return values

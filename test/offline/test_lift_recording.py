"""Whole recordings: people keep their ids, stopped runs resume, long ones have no seams."""

import json
import signal
from pathlib import Path

import foreign_keypoints as foreign
import numpy as np
import pytest
from foreign_keypoints import FPS, SIZE, mirrored, walker

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.keypoint_files import lift_track, read_track
from diffhpe_ros.left_right import exchange
from diffhpe_ros.lifting import Lifter
from diffhpe_ros.offline import SourceOptions, lift_recording, run, tracks, workspace
from diffhpe_ros.offline.keypoint_sources import KeypointSource
from diffhpe_ros.offline.open_source import open_source
from diffhpe_ros.rendering.clip import walking_clip

GOLDEN = Path(__file__).parents[1] / "golden" / "tiny-mixste.pt"
CLIP = walking_clip()
OPTIONS = SourceOptions(fps=FPS, size=SIZE, field_of_view=60)


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    return Lifter.from_pretrained(GOLDEN, decode="rigid")


def lift(recording: Path, out: Path, lifter: Lifter, options: SourceOptions = OPTIONS, **others):
    warnings: list[str] = []
    lifted = lift_recording(
        str(recording), out, options, lambda: lifter, {}, warn=warnings.append, **others
    )
    return lifted, warnings


def arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def our_npz(folder: Path, repeats: int = 1) -> Path:
    """The walking person, back and forth."""
    once = CLIP.camera.project(CLIP.joints.astype(float)).astype(np.float32)
    keypoints = np.concatenate([once[:: -1 if k % 2 else 1] for k in range(repeats)])
    path = folder / "keypoints.npz"
    np.savez(path, keypoints=keypoints, layout="h36m17", fps=FPS, width=640, height=480)
    return path


def test_our_npz_is_lifted_as_one_track(tmp_path, lifter):
    """Bit-identical to `lift_track`."""
    path = our_npz(tmp_path)
    lift(path, tmp_path / "out.npz", lifter, SourceOptions())
    expected = lift_track(lifter, read_track(path))
    found = arrays(tmp_path / "out.npz")
    np.testing.assert_array_equal(found["poses"], expected.poses)
    np.testing.assert_array_equal(found["root"], expected.root)
    np.testing.assert_array_equal(found["times_s"], expected.times_s)
    assert not list(tmp_path.glob("*.part"))


def test_people_keep_the_ids_of_the_file(tmp_path, lifter):
    person = walker("body25")
    people = [person, mirrored(person)]
    folder = foreign.write_openpose(tmp_path / "json", people, ids=[4, 7])
    lifted, _ = lift(folder, tmp_path / "out.npz", lifter)
    assert lifted.track_ids == (4, 7) and lifted.poses == 120


def test_people_without_ids_are_told_apart(tmp_path, lifter):
    """The file lists people in an order that changes from frame to frame."""
    person = walker("body25")
    folder = foreign.write_openpose(tmp_path / "json", [person, mirrored(person)])
    lifted, warnings = lift(folder, tmp_path / "out.npz", lifter)
    assert lifted.track_ids == (0, 1) and lifted.poses == 120
    assert any("25 joints are read as body25" in text for text in warnings)
    root = arrays(tmp_path / "out.npz")["root"][:60, 0]
    assert np.abs(np.diff(root)).max() < 0.2  # nobody jumps to the other side


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fps": None}, "the number of frames per second is not in the file; give it with --fps"),
        ({"size": None}, "the size of the images is not in the file; give it with --size 1280x720"),
        ({"layout": "coco18"}, "unknown keypoint layout 'coco18'"),
        ({"size": (64, 48)}, "lie outside the 64x48 image"),
    ],
)
def test_what_the_file_does_not_say_is_asked_for(tmp_path, lifter, changes, message):
    folder = foreign.write_openpose(tmp_path / "json", [walker("body25", 20)])
    options = SourceOptions(**{**vars(OPTIONS), **changes})
    with pytest.raises(DiffhpeError, match=message):
        lift(folder, tmp_path / "out.npz", lifter, options)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"topic": "/image"}, "is not a bag; --topic is only for bags"),
        ({"max_people": 2}, "contains keypoints; --max-people is only for images"),
        ({"blazepose_model": "lite"}, "contains keypoints; --blazepose-model is only for images"),
        ({"sequence": "walk"}, "holds one recording; --sequence is only for files of several"),
    ],
)
@pytest.mark.parametrize("is_ours", [True, False])
def test_options_that_do_not_fit_keypoints_are_refused(tmp_path, is_ours, given, message):
    path, options = our_npz(tmp_path), SourceOptions(**given)
    if not is_ours:
        path = foreign.write_openpose(tmp_path / "json", [walker("body25", 20)])
        options = SourceOptions(**{**vars(OPTIONS), **given})
    with pytest.raises(DiffhpeError, match=message):
        open_source(str(path), options)


@pytest.mark.parametrize(("fps", "warned"), [(3, ["3.0 images/s, at least 5.0"]), (5, [])])
def test_slow_recording_has_the_warning_of_the_live_nodes(tmp_path, lifter, fps, warned):
    path = our_npz(tmp_path)
    np.savez(path, **arrays(path) | {"fps": fps})
    _, warnings = lift(path, tmp_path / "out.npz", lifter, SourceOptions())
    assert [text[:26] for text in warnings if "images/s" in text] == warned


def test_normalised_coordinates_are_scaled_by_the_size(tmp_path):
    person = walker("blazepose33")
    path = foreign.write_mediapipe(tmp_path / "pose.csv", person, "long")
    source = open_source(str(path), SourceOptions(size=SIZE))
    frames = list(source.frames([]))
    wrist = np.array([frame.keypoints[0, 16] for frame in frames])
    np.testing.assert_allclose(wrist, person[:, 16, :2], atol=1e-2)
    assert frames[30].time_s == pytest.approx(1.0)


def coco_results(tmp_path: Path, names: list[int]) -> Path:
    person = {"category_id": 1, "score": 0.9, "keypoints": [200, 200, 0.9] * 17}
    path = tmp_path / "results.json"
    path.write_text(json.dumps([{"image_id": name, **person} for name in names]))
    return path


def test_images_that_are_numbered_by_stamps_are_refused(tmp_path):
    path = coco_results(tmp_path, [33_333_333 * frame for frame in range(40)])
    with pytest.raises(DiffhpeError, match=r"numbered up to 1\.3e\+09; numbers of consecutive"):
        open_source(str(path), SourceOptions(size=SIZE, fps=30.0))


def test_images_that_are_numbered_by_ids_are_a_warning(tmp_path):
    path = coco_results(tmp_path, [139 * number for number in range(1, 13)])
    source = open_source(str(path), SourceOptions(size=SIZE, fps=30.0))
    assert any("12 of 1530 frames have people" in text for text in source.warnings)


def test_long_tracks_are_lifted_in_pieces_without_seams(tmp_path, monkeypatch):
    lifter = Lifter.from_pretrained("mixste", decode="rigid")
    path = our_npz(tmp_path, repeats=2)  # 12 s
    lift(path, tmp_path / "whole.npz", lifter, SourceOptions())
    monkeypatch.setattr(tracks, "PIECE_S", 5.0)
    lift(path, tmp_path / "pieces.npz", lifter, SourceOptions())
    whole, pieces = arrays(tmp_path / "whole.npz"), arrays(tmp_path / "pieces.npz")
    assert np.linalg.norm(whole["poses"] - pieces["poses"], axis=-1).mean() < 0.01
    step = np.linalg.norm(np.diff(pieces["poses"], axis=0), axis=-1).mean(-1)
    assert step[179] < np.quantile(step, 0.95)  # where the pieces meet
    length = np.linalg.norm(pieces["poses"][:, 2] - pieces["poses"][:, 1], axis=-1)
    assert np.ptp(length) < 1e-5  # bones keep their length over all pieces


class Detected(KeypointSource):
    """Keypoints as from a detector: left and right may be swapped."""

    confuses_left_and_right = True


def test_left_and_right_of_images_are_straight(tmp_path, lifter, monkeypatch):
    """Legs are swapped for a third of a second, also at the end of a piece."""
    monkeypatch.setattr(tracks, "PIECE_S", 3.0)
    path = our_npz(tmp_path)
    lift(path, tmp_path / "straight.npz", lifter, SourceOptions())
    arrays_before = arrays(path)
    arrays_before["keypoints"][85:95] = arrays_before["keypoints"][85:95][:, exchange(True, False)]
    np.savez(path, **arrays_before)
    source = open_source(str(path), SourceOptions())
    source.__class__ = Detected
    monkeypatch.setattr(run, "open_source", lambda *_: source)
    lift(path, tmp_path / "found.npz", lifter, SourceOptions())
    straight, found = arrays(tmp_path / "straight.npz"), arrays(tmp_path / "found.npz")
    np.testing.assert_array_equal(found["poses"], straight["poses"])


class Interrupted(KeypointSource):
    """The user presses Ctrl-C once, at a frame; works even if SIGINT is ignored in the tests."""

    pressed = False
    at = 90

    def frames(self, past=(), state=None):
        for number, frame in enumerate(super().frames(past)):
            if number == Interrupted.at and not Interrupted.pressed:
                Interrupted.pressed = True
                signal.signal(signal.SIGINT, signal.default_int_handler)
                signal.raise_signal(signal.SIGINT)
            yield frame


def test_ctrl_c_writes_what_is_done_and_resume_goes_on(tmp_path, lifter, monkeypatch):
    path = our_npz(tmp_path)
    lift(path, tmp_path / "whole.npz", lifter, SourceOptions())
    source = open_source(str(path), SourceOptions())
    source.__class__ = Interrupted
    monkeypatch.setattr(Interrupted, "pressed", False)
    monkeypatch.setattr(run, "open_source", lambda *_: source)

    out = tmp_path / "out.npz"
    lifted, _ = lift(path, out, lifter, SourceOptions())
    assert lifted.stopped and lifted.frames == 90
    assert "repeat the command with --resume" in lifted.summary()[-1]
    assert len(arrays(out)["poses"]) == 90
    with pytest.raises(DiffhpeError, match=r"out.npz.part is left over from a stopped run"):
        lift(path, out, lifter, SourceOptions())
    with pytest.raises(DiffhpeError, match="was started with seconds None, not 2.0"):
        lift(path, out, lifter, SourceOptions(seconds=2.0), resume=True)
    with monkeypatch.context() as another_version:
        another_version.setattr(workspace, "FORMAT", workspace.FORMAT + 1)
        with pytest.raises(DiffhpeError, match="was started with format 2, not 3; continue"):
            lift(path, out, lifter, SourceOptions(), resume=True)

    lifted, _ = lift(path, out, lifter, SourceOptions(), resume=True)
    assert not lifted.stopped and lifted.frames == 180
    np.testing.assert_array_equal(arrays(out)["poses"], arrays(tmp_path / "whole.npz")["poses"])
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("at", [1, 10])
def test_ctrl_c_before_anybody_can_be_lifted_keeps_what_is_done(tmp_path, lifter, monkeypatch, at):
    path, out = our_npz(tmp_path), tmp_path / "out.npz"
    source = open_source(str(path), SourceOptions())
    source.__class__ = Interrupted
    monkeypatch.setattr(Interrupted, "pressed", False)
    monkeypatch.setattr(Interrupted, "at", at)
    monkeypatch.setattr(run, "open_source", lambda *_: source)
    with pytest.raises(KeyboardInterrupt):
        lift(path, out, lifter, SourceOptions())
    assert not out.exists()
    assert (tmp_path / "out.npz.part").is_dir()
    lifted, _ = lift(path, out, lifter, SourceOptions(), resume=True)
    assert not lifted.stopped and lifted.frames == 180


def ctrl_c(*_: object, **__: object) -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    "place", ["run.seen_tracks", "tracks.TrackLifter.piece", "run.write_poses"]
)
def test_second_ctrl_c_stops_and_keeps_what_is_done(tmp_path, lifter, monkeypatch, place):
    path, out = our_npz(tmp_path), tmp_path / "out.npz"
    source = open_source(str(path), SourceOptions())
    source.__class__ = Interrupted
    monkeypatch.setattr(Interrupted, "pressed", False)
    monkeypatch.setattr(run, "open_source", lambda *_: source)
    warnings: list[str] = []
    with monkeypatch.context() as second:
        second.setattr(f"diffhpe_ros.offline.{place}", ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            lift_recording(
                str(path), out, SourceOptions(), lambda: lifter, {}, warn=warnings.append
            )
    assert "the same command with --resume goes on" in warnings[-1]
    lifted, _ = lift(path, out, lifter, SourceOptions(), resume=True)
    assert not lifted.stopped and lifted.frames == 180


def test_progress_goes_on_within_a_piece(tmp_path, lifter, monkeypatch):
    steps = []

    class Watched(tracks.TrackLifter):
        def lift(self, track, on_frames):
            super().lift(track, lambda count: (steps.append(count), on_frames(count)))

    monkeypatch.setattr(run, "TrackLifter", Watched)
    lift(our_npz(tmp_path, repeats=8), tmp_path / "out.npz", lifter, SourceOptions())
    assert sum(steps) == 8 * 180
    assert max(steps) < 8 * 180 / 2


def test_pieces_that_are_lifted_stay_lifted(tmp_path, lifter, monkeypatch):
    """A run that is killed while it lifts resumes after the last complete piece."""
    monkeypatch.setattr(tracks, "PIECE_S", 2.0)
    path, out = our_npz(tmp_path), tmp_path / "out.npz"
    lift(path, tmp_path / "whole.npz", lifter, SourceOptions())
    lifted_pieces = []

    def killed(self, track, start, *others):
        if len(lifted_pieces) == 2:
            raise SystemExit(143)
        lifted_pieces.append(start)
        return piece(self, track, start, *others)

    piece = tracks.TrackLifter.piece
    monkeypatch.setattr(tracks.TrackLifter, "piece", killed)
    with pytest.raises(SystemExit):
        lift(path, out, lifter, SourceOptions())
    (file,) = (tmp_path / "out.npz.part").glob("track-*.rows")
    with file.open("ab") as half:
        half.write(b"half a row")
    monkeypatch.setattr(tracks.TrackLifter, "piece", piece)
    lift(path, out, lifter, SourceOptions(), resume=True)
    np.testing.assert_allclose(
        arrays(out)["poses"], arrays(tmp_path / "whole.npz")["poses"], atol=1e-6
    )


def test_nobody_for_long_enough_is_one_line(tmp_path, lifter):
    folder = foreign.write_openpose(tmp_path / "json", [walker("body25", 10)])
    with pytest.raises(DiffhpeError, match="no person is seen for 0.52 s"):
        lift(folder, tmp_path / "out.npz", lifter)
    assert not list(tmp_path.glob("*.part"))  # the next try is not refused


@pytest.mark.parametrize(("frames", "where"), [(40, "40 frames"), (1, "its one image")])
def test_recording_without_people_is_one_line(tmp_path, lifter, monkeypatch, frames, where):
    nobody = np.zeros((0, 17, 2), np.float32), np.zeros((0, 17), np.float32), None
    times_s, rows = np.arange(frames) / FPS, np.zeros(0, np.int64)
    source = KeypointSource(CLIP.camera, times_s, rows, *nobody, ())
    source.cheap = False  # as images are
    monkeypatch.setattr(run, "open_source", lambda *_: source)
    with pytest.raises(DiffhpeError, match=f"empty.mp4: no person is seen in {where}$"):
        lift(tmp_path / "empty.mp4", tmp_path / "out.npz", lifter)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ["npz", "csv", "json", "mcap", "trc", "bvh", "c3d"])
def test_one_image_is_lifted_as_somebody_who_stands_still(tmp_path, lifter, ending):
    path = our_npz(tmp_path)
    whole = arrays(path)
    keypoints = whole.pop("keypoints")[40:41]
    np.savez(path, keypoints=keypoints, **whole)
    lifted, warnings = lift(path, tmp_path / f"out.{ending}", lifter, SourceOptions())
    assert lifted.summary() == [f"{tmp_path}/out.{ending}: 1 frame, 1 of them with a pose"]
    assert any("one image only: people are assumed to stand still" in text for text in warnings)
    if ending == "npz":
        np.savez(path, keypoints=keypoints.repeat(27, 0), **whole | {"fps": 50})
        expected = lift_track(lifter, read_track(path))
        found = arrays(tmp_path / "out.npz")
        np.testing.assert_array_equal(found["poses"], expected.poses[13:14])
        np.testing.assert_array_equal(found["root"], expected.root[13:14])


def test_seconds_end_a_recording_early(tmp_path, lifter):
    lifted, _ = lift(our_npz(tmp_path), tmp_path / "o.csv", lifter, SourceOptions(seconds=2.0))
    assert lifted.frames == 60

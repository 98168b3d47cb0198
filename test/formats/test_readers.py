"""Keypoints of other programs: the content of their files, and the options that they require."""

import json
import shutil

import foreign_keypoints as foreign
import numpy as np
import pytest
from foreign_keypoints import FPS, SIZE, mirrored, walker

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats import read_keypoints
from diffhpe_ros.formats.readers.trc import HALPE_MARKERS


def assert_reads(rows, person, scale=(1, 1)):
    """Check for one person in every frame, with every confident joint at its position."""
    np.testing.assert_array_equal(rows.frames, np.arange(len(person)))
    assert rows.frame_count == len(person)
    seen = person[..., 2] > 0
    np.testing.assert_allclose((rows.keypoints * scale)[seen], person[..., :2][seen], atol=1e-3)
    assert (rows.confidence[seen] > 0.5).all() and (rows.confidence[~seen] == 0).all()


@pytest.mark.parametrize(
    ("layout", "note"),
    [
        ("body25", "25 joints are read as body25"),
        ("body25b", "25 joints are read as body25b"),
        ("coco17", "17 joints are read as coco17"),
        ("openpose18", None),
        ("halpe26", None),
        ("coco133", None),
    ],
)
def test_openpose_folder(tmp_path, layout, note):
    person = walker(layout)
    rows = read_keypoints(foreign.write_openpose(tmp_path / "json", [person]))
    assert_reads(rows, person)
    assert rows.layout == layout and rows.fps is None and rows.size is None
    assert rows.track_ids is None  # person_id is -1
    assert note is None or note in rows.notes[0]


def test_openpose_people_keep_their_ids(tmp_path):
    person = walker("body25", 20)
    people = [person, mirrored(person)]
    rows = read_keypoints(foreign.write_openpose(tmp_path / "json", people, ids=[4, 7]))
    for track_id, expected in ((4, person), (7, mirrored(person))):
        found = rows.keypoints[rows.track_ids == track_id]
        np.testing.assert_allclose(found[:, 1], expected[:, 1, :2], atol=1e-3)


def test_openpose_frames_without_files_show_nobody(tmp_path):
    folder = foreign.write_openpose(tmp_path / "json", [walker("body25", 20)])
    (folder / "walk_000000000007_keypoints.json").unlink()
    rows = read_keypoints(folder)
    assert rows.frame_count == 20 and 7 not in rows.frames


def test_pose2sim_names_count_frames(tmp_path):
    """cam01.0031.json: the last number is the frame's, not a file extension."""
    folder = foreign.write_openpose(tmp_path / "json", [walker("body25b", 20)])
    for frame, file in enumerate(sorted(folder.iterdir())):
        file.rename(folder / f"cam01.{frame + 31:04d}.json")
    rows = read_keypoints(folder)
    np.testing.assert_array_equal(rows.frames, np.arange(20))


@pytest.mark.parametrize("names", ["{}.jpg", "{}", "walk_{}.png"])
def test_alphapose_and_coco_results(tmp_path, names):
    person = walker("coco17")
    people = [person, mirrored(person)]
    rows = read_keypoints(foreign.write_alphapose(tmp_path / "results.json", people, names))
    assert rows.layout == "coco17" and set(rows.track_ids) == {10, 11}
    found = rows.keypoints[rows.track_ids == 11]
    np.testing.assert_allclose(found[:, 5], mirrored(person)[:, 5, :2], atol=1e-3)


def test_alphapose_of_26_joints(tmp_path):
    rows = read_keypoints(foreign.write_alphapose(tmp_path / "a.json", [walker("halpe26")]))
    assert rows.layout == "halpe26"


def test_coco_data_set_says_the_size(tmp_path):
    person = walker("coco17")
    rows = read_keypoints(foreign.write_coco_dataset(tmp_path / "people.json", person))
    assert_reads(rows, person)
    assert rows.size == SIZE


def test_sports2d_trc_in_pixels(tmp_path):
    person = walker("halpe26")
    path = foreign.write_sports2d(tmp_path / "px.trc", person[:, :20], list(HALPE_MARKERS))
    rows = read_keypoints(path)
    assert_reads(rows, person)
    assert rows.fps == FPS and rows.layout == "halpe26" and set(rows.track_ids) == {0}


def test_trc_in_metres_is_refused(tmp_path):
    person = walker("halpe26")[:, :20]
    path = foreign.write_sports2d(tmp_path / "m.trc", person, list(HALPE_MARKERS), scale=0.004)
    with pytest.raises(DiffhpeError, match="look like metres; pixels are expected"):
        read_keypoints(path)


@pytest.mark.parametrize(("column", "cell"), [("frame", ""), ("person", ""), ("frame", "1.5")])
def test_mediapipe_rows_without_a_frame_or_person_are_refused(tmp_path, column, cell):
    rows = ["frame,person,landmark,x,y,visibility"]
    for frame in ("0", "1", "2"):
        named = {"frame": frame, "person": "0"} | ({column: cell} if frame == "1" else {})
        rows += [f"{named['frame']},{named['person']},{mark},0.5,0.5,1" for mark in range(33)]
    file = tmp_path / "pose.csv"
    file.write_text("\n".join(rows))
    found = cell or "nothing"
    with pytest.raises(DiffhpeError, match=f"is expected as {column} of row 34, got {found}"):
        read_keypoints(file)


@pytest.mark.parametrize("kind", ["long", "numbered", "named"])
def test_mediapipe_tables(tmp_path, kind):
    person = walker("blazepose33")
    rows = read_keypoints(foreign.write_mediapipe(tmp_path / "pose.csv", person, kind))
    assert_reads(rows, person, SIZE)
    assert rows.normalised and rows.layout == "blazepose33"
    if kind == "long":
        np.testing.assert_allclose(rows.times_s, np.arange(60) / FPS, atol=1e-6)


def test_detections_of_videopose3d(tmp_path):
    person = walker("coco17")
    rows = read_keypoints(foreign.write_detections(tmp_path / "walk.mp4.npz", [person]))
    assert_reads(rows, person)
    assert rows.size == SIZE and rows.layout == "coco17" and rows.track_ids is None


def test_positions_of_videopose3d(tmp_path):
    person = walker("coco17")
    videos = {"walk.mp4": person, "back.mp4": mirrored(person)}
    path = foreign.write_positions(tmp_path / "data_2d_custom_videos.npz", videos)
    rows = read_keypoints(path, "back.mp4/custom/0")
    np.testing.assert_allclose(rows.keypoints, mirrored(person)[..., :2])
    assert rows.size == SIZE and rows.layout == "coco17"
    with pytest.raises(DiffhpeError, match="one of its recordings: walk.mp4/custom/0, back.mp4"):
        read_keypoints(path)


def test_pickles_that_run_code_are_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("code of the file ran",)

    np.savez(tmp_path / "evil.npz", positions_2d=np.array({"a": Evil()}), metadata=np.array({}))
    with pytest.raises(DiffhpeError, match="refused to run builtins.print"):
        read_keypoints(tmp_path / "evil.npz")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{}", "COCO results, a COCO data set"),
        ("a.json", "[", "not readable as JSON"),
        ("a.json", "[]", "it contains no person"),
        ("a.json", '{"people": []}', "the folder with the files of all frames"),
        ("a.json", '[{"image_id": 1, "keypoints": [1, 2]}]', "got 2 numbers"),
        ("a.json", '[{"image_id": "x", "keypoints": [1, 2, 1]}]', "must contain the frame number"),
        ("a.trc", "hello", "not readable as TRC"),
        ("a.csv", "a,b\n1,2\n", "column nose_x or x1 is missing"),
        ("a.csv", "frame,landmark,x,y\n0,tail,1,2\n", "0 to 32, got 'tail'"),
        ("a.txt", "", "keypoints are expected"),
    ],
)
def test_damaged_files_are_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DiffhpeError, match=message) as raised:
        read_keypoints(tmp_path / name)
    assert "\n" not in str(raised.value)


def test_damaged_openpose_file_is_named(tmp_path):
    folder = foreign.write_openpose(tmp_path / "json", [walker("body25", 5)])
    broken = folder / "walk_000000000003_keypoints.json"
    broken.write_text("{")
    with pytest.raises(DiffhpeError, match=broken.name):
        read_keypoints(folder)
    broken.write_text(json.dumps({"people": [{"pose_keypoints_2d": [1.0, 2.0, 0.5]}]}))
    with pytest.raises(DiffhpeError, match="of the same length"):
        read_keypoints(folder)
    shutil.copy(folder / "walk_000000000001_keypoints.json", folder / "run_000000000001.json")
    with pytest.raises(DiffhpeError, match="files of one recording"):
        read_keypoints(folder)

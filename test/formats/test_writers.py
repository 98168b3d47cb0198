"""Written poses, read back with other libraries."""

import json
from pathlib import Path

import numpy as np
import pytest

from diffhpe_ros.camera import Camera
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.formats import POSE_ROW, PoseRecording, PoseTrack, write_poses
from diffhpe_ros.formats.axes import UP
from diffhpe_ros.formats.writers.bvh import NODES
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.skeleton import JOINTS

MM = 1e-3
NAMES = [name.replace("Neck/Nose", "Nose") for name in JOINTS]
CLIP = walking_clip()
JOINTS_3D = CLIP.joints.astype(float)  # (180, 17, 3) metres, optical frame
BESIDE = np.array([1.0, 0, 0])


def track(track_id: int = 0, first: int = 0, count: int = 180, shift: object = 0.0) -> PoseTrack:
    """The walking person, whose bones keep their lengths."""
    rows = np.zeros(count, POSE_ROW)
    rows["frame"] = first + np.arange(count)
    rows["time_s"] = rows["frame"] / CLIP.fps
    joints = JOINTS_3D[first : first + count]
    rows["root"] = joints[:, 0] + shift
    rows["pose"] = joints - joints[:, :1]
    rows["confidence"] = 0.75
    return PoseTrack(track_id, rows)


def written(folder: Path, ending: str, *tracks: PoseTrack, up: str | None = None) -> list[Path]:
    recording = PoseRecording(tracks or (track(),), CLIP.fps)
    return write_poses(folder / f"walk{ending}", recording, up)


def read_bvh(path: Path) -> np.ndarray:
    """(T, 17, 3) metres in the file's axes."""
    import pybvh

    bvh = pybvh.read_bvh_file(str(path))
    assert bvh.joint_names == [node.name for node in NODES]
    positions = bvh.joint_positions()
    return positions[:, [bvh.joint_names.index(name) for name in NAMES]] / 100


@pytest.mark.parametrize("up", ["y", "z"])
def test_bvh_read_by_pybvh(tmp_path, up):
    (path,) = written(tmp_path, ".bvh", up=up)
    np.testing.assert_allclose(read_bvh(path), JOINTS_3D @ UP[up].T, atol=MM)


def test_bvh_angles_do_not_jump(tmp_path):
    """180 and -180 degrees are the same, but not what lies between them."""
    import pybvh

    (path,) = written(tmp_path, ".bvh")
    angles = pybvh.read_bvh_file(str(path)).joint_angles
    assert np.abs(np.diff(angles, axis=0)).max() < 60
    assert np.isfinite(angles).all()


def test_bvh_holds_the_pose_where_a_person_is_not_known(tmp_path):
    person = track()
    person.rows["root"][[0, 1, 50, 51, 179]] = np.nan
    (path,) = written(tmp_path, ".bvh", person)
    joints = read_bvh(path) @ UP["y"]
    assert len(joints) == 177  # from the first known frame to the last
    np.testing.assert_allclose(joints[[48, 49]], JOINTS_3D[[49, 49]], atol=MM)
    np.testing.assert_allclose(joints[50], JOINTS_3D[52], atol=MM)


def test_bvh_of_several_people_is_a_file_for_each(tmp_path):
    files = written(tmp_path, ".bvh", track(3), track(5, first=60, count=90, shift=BESIDE))
    assert [file.name for file in files] == ["walk-3.bvh", "walk-5.bvh"]
    expected = (JOINTS_3D[60:150] + BESIDE) @ UP["y"].T
    np.testing.assert_allclose(read_bvh(files[1]), expected, atol=MM)


def test_bvh_bones_are_the_persons_own(tmp_path):
    import pybvh

    (path,) = written(tmp_path, ".bvh")
    nodes = {node.name: node for node in pybvh.read_bvh_file(str(path)).nodes}
    thigh = np.linalg.norm(JOINTS_3D[0, 2] - JOINTS_3D[0, 1])
    assert np.linalg.norm(nodes["RKnee"].offset) / 100 == pytest.approx(thigh, abs=MM)
    assert not nodes["RHipJoint"].offset.any()


@pytest.mark.filterwarnings("ignore:No analog data")
def test_c3d_read_by_c3d(tmp_path):
    c3d = pytest.importorskip("c3d")
    person = track()
    person.rows["pose"][7] = np.nan
    (path,) = written(tmp_path, ".c3d", person)
    with path.open("rb") as file:
        reader = c3d.Reader(file)
        frames = [points for _, points, _ in reader.read_frames()]
        labels = [label.strip() for label in reader.point_labels]
        assert reader.point_rate == CLIP.fps and reader.get("POINT:UNITS").string_value == "mm"
    assert labels == NAMES
    points = np.stack(frames)
    valid = points[..., 3] >= 0
    assert not valid[7].any() and valid[:7].all() and valid[8:].all()
    joints = points[..., :3] * MM
    np.testing.assert_allclose(joints[8:], (JOINTS_3D @ UP["z"].T)[8:], atol=MM)


@pytest.mark.filterwarnings("ignore:No analog data")
def test_c3d_of_several_people_have_the_frames_of_the_recording(tmp_path):
    c3d = pytest.importorskip("c3d")
    found = []
    for path in written(tmp_path, ".c3d", track(3), track(5, first=60, count=90, shift=BESIDE)):
        with path.open("rb") as file:
            reader = c3d.Reader(file)
            found.append((reader.first_frame, reader.last_frame))
    assert found == [(1, 180), (61, 150)]


def read_trc(path: Path):
    """The table of a TRC file as pandas reads it, with columns (marker, axis)."""
    pd = pytest.importorskip("pandas")
    table = pd.read_csv(path, sep="\t", skiprows=5, header=None)
    markers = path.read_text().splitlines()[3].split("\t")[2::3]
    return markers, table


def test_trc_read_by_pandas(tmp_path):
    person = track()
    person.rows["root"][5] = np.nan
    (path,) = written(tmp_path, ".trc", person)
    markers, table = read_trc(path)
    assert markers == NAMES
    joints = table.iloc[:, 2:].to_numpy().reshape(-1, 17, 3) * MM
    assert np.isnan(joints[5]).all()
    np.testing.assert_allclose(np.delete(joints, 5, 0), np.delete(JOINTS_3D, 5, 0) @ UP["y"].T,
                               atol=MM)  # fmt: skip
    np.testing.assert_allclose(table[1], np.arange(180) / CLIP.fps, atol=1e-6)
    lines = path.read_text().splitlines()
    head = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    assert (head["NumFrames"], head["NumMarkers"], head["Units"]) == ("180", "17", "mm")


def test_uneven_times_become_an_even_rate(tmp_path):
    """A phone's frames: each joint is where it was at 0, 1/30, 2/30 ... s."""
    person = track()
    person.rows["time_s"][1:-1] += 0.012 * np.sin(np.arange(178))
    person.rows["root"][:, 0] = np.sin(2 * np.pi * person.rows["time_s"])
    (path,) = written(tmp_path, ".trc", person)
    joints = read_trc(path)[1].iloc[:, 2:].to_numpy().reshape(-1, 17, 3) * MM
    expected = np.sin(2 * np.pi * np.arange(180) / CLIP.fps)
    np.testing.assert_allclose(joints[1:-1, 0, 0], expected[1:-1], atol=2 * MM)


def test_csv_read_by_pandas(tmp_path):
    pd = pytest.importorskip("pandas")
    (path,) = written(tmp_path, ".csv", track(2), track(9, first=100, count=40, shift=BESIDE))
    table = pd.read_csv(path)
    assert len(table) == 220 and set(table.track_id) == {2, 9}
    assert (table.frame.diff().dropna() >= 0).all()
    person = table[table.track_id == 9]
    columns = [f"{joint}_{axis}" for joint in JOINTS for axis in "xyz"]
    joints = person[columns].to_numpy().reshape(-1, 17, 3)
    np.testing.assert_allclose(joints, JOINTS_3D[100:140] + BESIDE, atol=MM)
    assert (person.Head_confidence == 0.75).all()


def test_json_frames(tmp_path):
    person = track(4)
    person.rows["root"][1] = np.nan
    (path,) = written(tmp_path, ".json", person, track(6, first=1, count=1))
    content = json.loads(path.read_text())
    assert content["units"] == "m" and content["joints"] == list(JOINTS)
    assert [len(frame["people"]) for frame in content["frames"][:3]] == [1, 2, 1]
    unknown, known = content["frames"][1]["people"]
    assert unknown["joints"] is None and known["track_id"] == 6
    np.testing.assert_allclose(known["joints"], JOINTS_3D[1], atol=MM)
    assert content["frames"][30]["time_s"] == pytest.approx(1.0)


def test_mcap_read_by_mcap(tmp_path):
    """The topic `/joints`, as documented, by Foxglove's reader."""
    from mcap.reader import make_reader
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_KILTED)
    (path,) = written(tmp_path, ".mcap", track(2), track(9, first=100, count=40))
    with path.open("rb") as file:
        found = [
            (channel.topic, message.log_time, store.deserialize_cdr(message.data, schema.name))
            for schema, channel, message in make_reader(file).iter_messages()
        ]
    assert len(found) == 180
    topic, time_ns, cloud = found[120]
    assert topic == "/joints" and time_ns == 4_000_000_000
    assert (cloud.height, cloud.width, cloud.header.frame_id) == (2, 17, "camera")
    kinds = {2: "u1", 6: "<u4", 7: "<f4"}
    fields = {"names": [field.name for field in cloud.fields],
              "formats": [kinds[field.datatype] for field in cloud.fields],
              "offsets": [field.offset for field in cloud.fields],
              "itemsize": cloud.point_step}  # fmt: skip
    points = np.frombuffer(cloud.data, np.dtype(fields)).reshape(2, 17)
    assert points["person"][:, 0].tolist() == [2, 9]
    joints = np.stack([points["x"], points["y"], points["z"]], -1)
    np.testing.assert_allclose(joints[0], JOINTS_3D[120], atol=MM)


def test_npz_read_by_numpy(tmp_path):
    (path,) = written(tmp_path, ".npz", track(2), track(9, first=100, count=40, shift=BESIDE))
    with np.load(path) as file:
        arrays = dict(file)
    person = arrays["track_ids"] == 9
    joints = arrays["root"][person][:, None] + arrays["poses"][person]
    np.testing.assert_allclose(joints, JOINTS_3D[100:140] + BESIDE, atol=MM)
    assert arrays["frames"][person].tolist() == list(range(100, 140))
    # From there project to the image: the optical frame is the camera's own.
    camera: Camera = CLIP.camera
    assert np.isfinite(camera.project(joints - BESIDE)).all()


@pytest.mark.parametrize(
    ("name", "up", "message"),
    [
        ("walk.fbx", None, "one of .npz, .csv, .json, .mcap, .trc, .bvh, .c3d is expected"),
        ("walk.csv", "y", ".csv files are in the camera's optical frame"),
        ("walk.bvh", "x", "unknown axis up 'x'; expected one of y, z"),
        ("nowhere/walk.trc", None, "cannot write"),
    ],
)
def test_what_cannot_be_written_is_one_line(tmp_path, name, up, message):
    with pytest.raises(DiffhpeError, match=message):
        write_poses(tmp_path / name, PoseRecording((track(),), CLIP.fps), up)
    assert list(tmp_path.iterdir()) == []

"""Human3.6M's published files, quirks included, and the published cameras."""

import numpy as np
import pytest
from recorded_files import Human36MFiles, of_32_joints, projected, walk

from diffhpe_ros.camera import CANONICAL_FOCAL
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.training.datasets.human36m import SPLITS, read_human36m
from diffhpe_ros.training.datasets.human36m_cameras import cameras_of

CAMERAS = ("54138969", "55011271", "58860488", "60457274")


@pytest.fixture
def files(tmp_path) -> Human36MFiles:
    return Human36MFiles(tmp_path)


@pytest.mark.parametrize("subject", [*SPLITS["train"], *SPLITS["test"]])
def test_cameras_stand_around_the_room_and_look_at_it(subject):
    cameras = cameras_of(subject)
    assert tuple(camera.name for camera in cameras) == CAMERAS
    for camera in cameras:
        np.testing.assert_allclose(camera.rotation.T @ camera.rotation, np.eye(3), atol=1e-9)
        assert np.linalg.det(camera.rotation) == pytest.approx(1)
        assert 1.4 < camera.position[2] < 1.7  # metres above the floor
        middle, above = camera.to_optical(np.array([[0.0, 0, 1], [0, 0, 2]], np.float32))
        assert 3.5 < middle[2] < 6.0 and above[1] < middle[1] - 0.9  # in front; y down
        u, v = camera.lens.project(middle)
        assert 200 < u < 800 and 200 < v < 800
    # Opposite corners.
    corners = {tuple(np.sign(camera.position[:2])) for camera in cameras}
    assert len(corners) == 4


def test_recordings_are_in_the_cameras_frames(files):
    recordings = read_human36m(*files.write(), ["S9"], "screen")
    assert len(recordings) == 2 * 4
    first = recordings[1]
    labels = (first.subject, first.action, first.sequence, first.camera, first.rate)
    assert labels == ("S9", "Walking", "Walking 1", "55011271", 50.0)
    assert first.x_2d.shape == (60, 17, 2)  # 65 frames of 2D, 60 of 3D
    assert first.valid.all() and not first.poses[:, 0].any()
    camera = cameras_of("S9")[1]
    back = (first.poses + first.root[:, None]) @ camera.rotation.T + camera.position
    np.testing.assert_allclose(back, files.joints["Walking 1"], atol=1e-5)


def test_projecting_the_poses_gives_the_2d_back(files):
    """In the canonical view with a pinhole camera, in the screen view with the lens."""
    written = files.write()
    person = read_human36m(*written, SPLITS["train"], "person")
    screen = read_human36m(*written, SPLITS["train"], "screen")
    for rays, shown in zip(person, screen, strict=True):
        points = rays.poses + rays.root[:, None]
        np.testing.assert_allclose(
            rays.x_2d, CANONICAL_FOCAL * points[..., :2] / points[..., 2:], atol=1e-5
        )
        lens = next(one.lens for one in cameras_of("S1") if one.name == rays.camera)
        u, v = np.moveaxis(lens.project(points), -1, 0)
        expected = np.stack([u / 500 - 1, v / 500 - lens.height / 1000], -1)
        np.testing.assert_allclose(shown.x_2d, expected, atol=1e-5)


def test_two_views_agree_but_for_the_lens(files):
    """The person view is the screen view without distortion and with a centred axis."""
    written = files.write()
    for rays, shown in zip(
        read_human36m(*written, ["S1"], "person"),
        read_human36m(*written, ["S1"], "screen"),
        strict=True,
    ):
        lens = next(one.lens for one in cameras_of("S1") if one.name == rays.camera)
        axis = lens.matrix[:2, 2] / 500 - [1, lens.height / 1000]
        off_axis = np.linalg.norm(rays.x_2d, axis=-1)
        apart = np.linalg.norm(shown.x_2d - axis - rays.x_2d, axis=-1)
        assert apart.max() > 1e-3  # there is a lens
        assert (apart < 0.005 + 0.06 * off_axis**3).all()


def test_what_the_published_files_lack_is_left_out(files):
    files.seen["S2"] = files.seen["S1"]  # without 3D
    files.seen["S9"]["Extra"] = files.seen["S9"]["Greeting"]
    files.world["S11"] = {name: of_32_joints(walk(30)) for name in ("Directions", "Waiting")}
    files.seen["S11"] = {"Waiting": projected("S11", walk(30))}
    recordings = read_human36m(*files.write(), ["S9", "S11", "S5"], "screen")
    found = {(recording.subject, recording.sequence) for recording in recordings}
    assert found == {("S9", "Walking 1"), ("S9", "Greeting"), ("S11", "Waiting")}


@pytest.mark.parametrize("missing", range(4))
@pytest.mark.parametrize("as_none", [True, False])
def test_three_views_are_given_to_the_cameras_that_took_them(files, missing, as_none):
    views = files.seen["S9"]["Greeting"]
    if as_none:
        views[missing] = None
    else:
        del views[missing]
    noise = np.random.default_rng(0)
    files.seen["S9"]["Greeting"] = [
        None if view is None else view + noise.normal(0, 15, view.shape) for view in views
    ]
    recordings = read_human36m(*files.write(), ["S9"], "screen")
    cameras = [one.camera for one in recordings if one.action == "Greeting"]
    assert cameras == [name for number, name in enumerate(CAMERAS) if number != missing]


def test_what_a_detector_did_not_see_is_at_zero(files):
    files.seen["S1"]["Greeting"][0][3, 5] = np.nan
    for input_view in ("screen", "person"):
        recordings = read_human36m(*files.write(), ["S1"], input_view)
        greeting = next(one for one in recordings if one.action == "Greeting")
        assert (greeting.x_2d[3, 5] == 0).all()
        assert (greeting.x_2d != 0).any(-1).sum() == 40 * 17 - 1
        assert greeting.x_2d.dtype == np.float32


def no_metadata(files: Human36MFiles) -> None:
    files.metadata = {}


def other_layout(files: Human36MFiles) -> None:
    files.metadata["layout_name"] = "coco"


def other_sides(files: Human36MFiles) -> None:
    files.metadata["keypoints_symmetry"] = files.metadata["keypoints_symmetry"][::-1]


def seventeen_joints(files: Human36MFiles) -> None:
    files.world["S9"]["Greeting"] = walk(40)


def sixteen_joints(files: Human36MFiles) -> None:
    files.seen["S9"]["Greeting"][2] = files.seen["S9"]["Greeting"][2][:, :16]


def less_2d(files: Human36MFiles) -> None:
    files.seen["S9"]["Greeting"][3] = files.seen["S9"]["Greeting"][3][:39]


def no_action(files: Human36MFiles) -> None:
    del files.seen["S9"]["Greeting"]


def no_subject(files: Human36MFiles) -> None:
    del files.seen["S9"]


def five_cameras(files: Human36MFiles) -> None:
    files.seen["S9"]["Greeting"].append(files.seen["S9"]["Greeting"][0])


def millimetres(files: Human36MFiles) -> None:
    for action in files.world["S9"]:
        files.world["S9"][action] = files.world["S9"][action] * 1000


def texts(files: Human36MFiles) -> None:
    files.world["S9"]["Greeting"] = np.array(["a", "b"])


def a_list(files: Human36MFiles) -> None:
    files.world = [1, 2]  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (no_metadata, "layout None of None joints; 'h36m' of 17"),
        (other_layout, "layout 'coco' of 17 joints"),
        (other_sides, "left and right joints"),
        (seventeen_joints, r"3D of S9 Greeting: numbers \(T, 32, 3\) are .* \(40, 17, 3\)"),
        (sixteen_joints, r"2D of S9 Greeting: numbers \(T, 17, 2\) are .* \(45, 16, 2\)"),
        (less_2d, "S9 Greeting has 39 frames of 2D and 40 of 3D"),
        (no_action, "2D of S9 Greeting are missing"),
        (no_subject, "positions_2d of S9: a dictionary is expected, found nothing"),
        (five_cameras, "one array for each of 4 cameras expected"),
        (millimetres, "pixels from where the published cameras see the 3D"),
        (texts, "3D of S9 Greeting: numbers"),
        (a_list, "positions_3d: a dictionary is expected, found ndarray"),
    ],
)
def test_wrong_files_are_one_line(files, spoil, message):
    spoil(files)
    with pytest.raises(DiffhpeError, match=message) as failure:
        read_human36m(*files.write(), ["S9"], "screen")
    assert str(failure.value).startswith(str(files.data_3d))
    assert "\n" not in str(failure.value)


def test_wrong_questions(files):
    written = files.write()
    with pytest.raises(DiffhpeError, match="unknown Human3.6M subject 'S4'.* S1, S5, S6"):
        read_human36m(*written, ["S1", "S4"], "screen")
    with pytest.raises(DiffhpeError, match="no 3D of S11; found S1, S9"):
        read_human36m(*written, ["S11"], "screen")
    with pytest.raises(DiffhpeError, match="unknown input view 'side'"):
        read_human36m(*written, ["S1"], "side")
    with pytest.raises(DiffhpeError, match="'positions_3d' is missing; found metadata"):
        read_human36m(files.data_2d, files.data_2d, ["S1"], "screen")


def test_poses_are_metres_in_float32(files):
    recording = read_human36m(*files.write(), ["S1"], "screen")[0]
    assert recording.poses.dtype == recording.root.dtype == np.float32
    height = np.ptp(recording.poses[0, :, 1])
    assert 1.2 < height < 2.0

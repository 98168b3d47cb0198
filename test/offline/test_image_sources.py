"""Images from every kind of source, and the people that the real detector finds in them."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from oblong_video import write_oblong_walk

from diffhpe_ros.camera import Camera
from diffhpe_ros.detection import create_detector
from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.offline import SourceOptions
from diffhpe_ros.offline.bag_images import BagImages
from diffhpe_ros.offline.image_source import ImageSource
from diffhpe_ros.offline.images import VideoImages, WebcamImages, folder_images
from diffhpe_ros.offline.open_source import open_source
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader

CLIP = walking_clip()
FRAMES = 20


def images(count: int = FRAMES):
    with VideoReader(CLIP.video_path) as video:
        for (_, time_s, image), _ in zip(video, range(count), strict=False):
            yield time_s, image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images whose names sort differently as texts and as numbers."""
    (tmp_path / "frames").mkdir()
    for number, (_, image) in enumerate(images()):
        cv2.imwrite(str(tmp_path / "frames" / f"frame_{number}.png"), image)
    return tmp_path / "frames"


def assert_same(found, expected=None) -> None:
    for (time_s, image), (expected_s, other) in zip(found, expected or images(), strict=True):
        assert time_s == pytest.approx(expected_s, abs=1e-6)
        np.testing.assert_array_equal(image, other)


@pytest.mark.parametrize("pattern", ["", "/frame_*.png", "/frame_%d.png"])
def test_folders_and_patterns_are_in_the_order_of_numbers(folder, pattern):
    found = folder_images(f"{folder}{pattern}", SourceOptions(fps=CLIP.fps))
    assert found.size == (640, 480) and found.frame_count == FRAMES
    assert_same(found.frames())


def test_rate_of_a_folder_is_asked_for(folder):
    with pytest.raises(DiffhpeError, match="images per second is not in the file; give it with"):
        folder_images(str(folder), SourceOptions())


@pytest.mark.parametrize("calibrated_at", [(640, 480), (320, 480), (160, 240)])
def test_calibration_of_a_video_with_oblong_pixels_is_for_images_or_file(tmp_path, calibrated_at):
    write_oblong_walk(tmp_path / "walk.mp4", frames=3)
    values = {
        "image_width": calibrated_at[0],
        "image_height": calibrated_at[1],
        "camera_matrix": {"data": CLIP.camera.stretched(*calibrated_at).matrix.ravel().tolist()},
        "distortion_model": "plumb_bob",
        "distortion_coefficients": {"data": [0.0] * 5},
    }
    (tmp_path / "camera.yaml").write_text(yaml.safe_dump(values))
    source = open_source(
        str(tmp_path / "walk.mp4"), SourceOptions(calibration=tmp_path / "camera.yaml")
    )
    np.testing.assert_allclose(source.camera.matrix, CLIP.camera.matrix, atol=1e-6)


def test_damaged_images_of_a_folder_are_left_out_with_a_warning(tmp_path, caplog):
    for number, (_, image) in enumerate(images(5)):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), image)
    cut = tmp_path / "2.jpg"
    cut.write_bytes(cut.read_bytes()[:9000])
    times = [time_s for time_s, _ in folder_images(str(tmp_path), SourceOptions(fps=10)).frames()]
    assert times == pytest.approx([0, 0.1, 0.3, 0.4])
    assert "1 of 5 images are damaged and were skipped" in caplog.text
    assert str(cut) in caplog.text


def write_bag(path: Path, storage: str, compressed: bool, *, late_stamp: int = -1) -> Path:
    """A camera's topics, as a driver publishes them; one stamp may be 5 s late."""
    rosbag2, typesys = (
        pytest.importorskip("rosbags.rosbag2"),
        pytest.importorskip("rosbags.typesys"),
    )
    store = typesys.get_typestore(typesys.Stores.ROS2_JAZZY)
    types, plugin = store.types, getattr(rosbag2.StoragePlugin, storage)
    kind = f"sensor_msgs/msg/{'CompressedImage' if compressed else 'Image'}"
    topic = "/camera/image_raw" + ("/compressed" if compressed else "")
    camera = CLIP.camera
    with rosbag2.Writer(path, version=9, storage_plugin=plugin) as writer:
        info_topic = writer.add_connection(
            "/camera/camera_info", "sensor_msgs/msg/CameraInfo", typestore=store
        )
        image_topic = writer.add_connection(topic, kind, typestore=store)
        for number, (time_s, image) in enumerate(images()):
            recorded_ns = 1_700_000_000 * 10**9 + round((time_s + 0.005) * 1e9)
            stamp_ns = recorded_ns - 5_000_000 + 5 * 10**9 * (number == late_stamp)
            stamp = types["builtin_interfaces/msg/Time"](*divmod(stamp_ns, 10**9))
            header = types["std_msgs/msg/Header"](stamp, "camera")
            if compressed:
                data = cv2.imencode(".png", image)[1].ravel()
                message = types[kind](header, "png", data)
            else:
                message = types[kind](header, 480, 640, "bgr8", 0, 1920, image.ravel())
            region = types["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
            info = types["sensor_msgs/msg/CameraInfo"](
                header, 480, 640, "plumb_bob", np.zeros(5), camera.matrix.ravel(),
                np.eye(3).ravel(), np.zeros(12), 0, 0, region,
            )  # fmt: skip
            for connection, each in ((info_topic, info), (image_topic, message)):
                data = store.serialize_cdr(each, connection.msgtype)
                writer.write(connection, recorded_ns, data)
    return path


@pytest.mark.parametrize(("storage", "compressed"), [("MCAP", False), ("SQLITE3", True)])
def test_bags_give_images_stamps_and_the_camera(tmp_path, storage, compressed):
    path = write_bag(tmp_path / "bag", storage, compressed)
    bag = BagImages(path, None)
    assert bag.start_ns == 1_700_000_000 * 10**9 and bag.frame_count == FRAMES
    assert bag.frames_within(0.1) == 4 and bag.frames_within(None) == FRAMES
    np.testing.assert_allclose(bag.own_camera.matrix, CLIP.camera.matrix)
    assert_same(bag.frames())
    bag.close()


def test_single_file_of_a_bag_is_enough(tmp_path):
    path = write_bag(tmp_path / "bag", "MCAP", False)
    (file,) = path.glob("*.mcap")
    assert BagImages(file, None).frame_count == FRAMES


def test_images_whose_times_do_not_rise_are_left_out_with_a_warning(tmp_path, caplog):
    path = write_bag(tmp_path / "bag", "MCAP", False, late_stamp=12)
    source = open_source(str(path), SourceOptions(blazepose_model="full"))
    times = [frame.time_s for frame in source.frames()]
    assert len(times) == 13 and times[-1] == pytest.approx(5 + 12 / CLIP.fps)
    assert (
        "7 of 20 images were skipped: their times do not rise: 0.433 s follows 5.400 s"
        in caplog.text
    )


@pytest.mark.parametrize(("given", "used"), [(None, 0.1), (0.4, 0.4)])
def test_joints_are_seen_from_the_detectors_own_confidence(given, used):
    detector, video = create_detector("blazepose", model="full"), VideoImages(str(CLIP.video_path))
    ImageSource(video, detector, SourceOptions(min_confidence=given), CLIP.video_path)
    assert detector.min_confidence == used


def test_bag_names_its_topics_of_images(tmp_path):
    path = write_bag(tmp_path / "bag", "MCAP", False)
    with pytest.raises(DiffhpeError, match="--topic must name one of its images: /camera/image"):
        BagImages(path, "/image")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.mcap", b"hello", "not readable as a bag"),
        ("a.db3", b"hello", "not readable as a bag"),
        ("a.mp4", b"hello", "cannot open video"),
    ],
)
def test_damaged_files_are_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DiffhpeError, match=message):
        open_source(str(tmp_path / name), SourceOptions())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fps": 30.0}, "already contains its times; leave out --fps"),
        ({"layout": "coco17"}, "contains images; --layout is only for keypoints"),
        ({"topic": "/image"}, "is not a bag; --topic is only for bags"),
        ({"field_of_view": 0.0}, "a field of view of 1 to 170 degrees is expected, got 0"),
    ],
)
def test_options_that_do_not_fit_a_video_are_refused(options, message):
    with pytest.raises(DiffhpeError, match=message):
        open_source(str(CLIP.video_path), SourceOptions(**options))


def test_missing_webcam_is_one_line():
    with pytest.raises(DiffhpeError, match="there is no /dev/video77"):
        WebcamImages(77)


def test_streams_are_live_and_files_are_not():
    assert not VideoImages(str(CLIP.video_path)).live


def test_video_goes_on_where_it_was_stopped():
    """Bit-identical, and before the detector has used the background search's result."""
    options = SourceOptions(seconds=0.8, blazepose_model="full")
    source = open_source(str(CLIP.video_path), options)
    whole, states = [], []
    for frame in source.frames():
        whole.append(frame)
        states.append(json.loads(json.dumps(source.state())))
    assert len(whole) == 24 == source.frame_count  # the total of the progress bar
    assert any(state["found"] for state in states)
    rest = list(open_source(str(CLIP.video_path), options).frames(whole[:12], states[11]))
    assert [each.time_s for each in rest] == [each.time_s for each in whole[12:]]
    for found, expected in zip(rest, whole[12:], strict=True):
        assert found.track_ids.tolist() == expected.track_ids.tolist() == [0]
        np.testing.assert_array_equal(found.keypoints, expected.keypoints)
        np.testing.assert_array_equal(found.world_landmarks, expected.world_landmarks)


def test_run_does_not_go_on_with_another_model():
    options = SourceOptions(seconds=0.1, blazepose_model="full")
    source = open_source(str(CLIP.video_path), options)
    state = {**source.state(), "model": "heavy"}
    with pytest.raises(DiffhpeError, match="with the model heavy before and cannot continue with"):
        next(source.frames([], state))


def test_calibration_of_a_camera_file(tmp_path):
    """Also for a video at half its size, as is common."""
    text = "\n".join(
        [
            "image_width: 1280",
            "image_height: 960",
            "camera_matrix: {rows: 3, cols: 3, data: [900, 0, 639.5, 0, 900, 479.5, 0, 0, 1]}",
            "distortion_model: plumb_bob",
            "distortion_coefficients: {rows: 1, cols: 5, data: [0.1, 0, 0, 0, 0]}",
        ]
    )
    (tmp_path / "camera.yaml").write_text(text)
    options = SourceOptions(calibration=tmp_path / "camera.yaml", blazepose_model="full")
    source = open_source(str(CLIP.video_path), options)
    assert source.camera.matrix[0, 0] == 450 and source.warnings == ()
    assert isinstance(source.camera, Camera) and source.camera.calibrated
    with pytest.raises(DiffhpeError, match="not both"):
        both = SourceOptions(calibration=tmp_path / "camera.yaml", field_of_view=70)
        open_source(str(CLIP.video_path), both)

"""Reading and writing video files."""

import logging
from fractions import Fraction

import av
import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.video import VideoReader, VideoWriter

GREY, RED = 128, (40, 40, 220)  # BGR


def picture(index, width=96, height=64):
    """Grey, with a red block in the upper left, and a shade that encodes the index."""
    image = np.full((height, width, 3), GREY, np.uint8)
    image[:24, :24] = RED
    image[-16:] = index * 8
    return image


@pytest.fixture
def clip(tmp_path):
    """20 frames of 96x64 at 25 frames per second."""
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 96, 64, 25) as video:
        for index in range(20):
            video.write(picture(index))
    return path


def turn(path, matrix):
    """Set the display matrix in the file's track header, as a phone held upright does."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    for k, value in enumerate(matrix):
        content[at + 4 * k : at + 4 * k + 4] = (value & 0xFFFFFFFF).to_bytes(4, "big")
    path.write_bytes(content)


def test_images_written_are_read(clip):
    with VideoReader(clip) as video:
        assert (video.width, video.height, video.fps, video.frame_count) == (96, 64, 25.0, 20)
        frames = list(video)
    assert [index for index, _, _ in frames] == list(range(20))
    np.testing.assert_allclose([time for _, time, _ in frames], np.arange(20) / 25, atol=1e-6)
    for index, _, image in frames:
        assert image.shape == (64, 96, 3)
        assert image.dtype == np.uint8
        assert np.abs(image.astype(int) - picture(index)).mean() < 4


def test_colours_are_blue_green_red(clip):
    with VideoReader(clip) as video:
        _, _, image = next(iter(video))
    np.testing.assert_allclose(image[10, 10], RED, atol=20)


ONE = 0x10000


@pytest.mark.parametrize(
    ("matrix", "size", "corner"),
    [
        ((0, ONE, 0, -ONE, 0, 0, 64 * ONE, 0, 1 << 30), (64, 96), (10, -10)),
        ((-ONE, 0, 0, 0, -ONE, 0, 96 * ONE, 64 * ONE, 1 << 30), (96, 64), (-10, -10)),
        ((0, -ONE, 0, ONE, 0, 0, 0, 96 * ONE, 1 << 30), (64, 96), (-10, 10)),
        ((-ONE, 0, 0, 0, ONE, 0, 96 * ONE, 0, 1 << 30), (96, 64), (10, -10)),
        ((ONE, 0, 0, 0, -ONE, 0, 0, 64 * ONE, 1 << 30), (96, 64), (-10, 10)),
        ((0, ONE, 0, ONE, 0, 0, 0, 0, 1 << 30), (64, 96), (10, 10)),
        ((0, -ONE, 0, -ONE, 0, 0, 64 * ONE, 96 * ONE, 1 << 30), (64, 96), (-10, -10)),
        ((0, 0, 0, 0, 0, 0, 0, 0, 0), (96, 64), (10, 10)),
    ],
    ids=[
        *("a quarter clockwise", "upside down", "a quarter anticlockwise"),
        *("mirrored", "flipped", "transposed", "transposed about the other diagonal", "nothing"),
    ],
)
def test_frames_are_turned_and_mirrored_as_the_file_says(clip, matrix, size, corner):
    turn(clip, matrix)
    with VideoReader(clip) as video:
        assert (video.width, video.height) == size
        _, _, image = next(iter(video))
    assert image.shape == (size[1], size[0], 3)
    assert image.flags.c_contiguous
    np.testing.assert_allclose(image[corner], RED, atol=20)


@pytest.mark.parametrize(
    ("ratio", "size"), [((2, 1), (192, 64)), ((1, 2), (96, 128)), ((1001, 1000), (96, 64))]
)
def test_pixels_become_square(tmp_path, ratio, size):
    path = tmp_path / "oblong.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(*ratio)
        for frame in (av.VideoFrame.from_ndarray(picture(0), format="bgr24"), None):
            container.mux(stream.encode(frame))
    with VideoReader(path) as video:
        assert (video.width, video.height) == size
        _, _, image = next(iter(video))
    assert image.shape == (size[1], size[0], 3)
    np.testing.assert_allclose(image[20 * size[1] // 64, 20 * size[0] // 96], RED, atol=25)


def encode(path, milliseconds, codec="libx264", rate=30, **options):
    """A file whose frames are shown at these times."""
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 90_000)
        for index, time_ms in enumerate(milliseconds):
            frame = av.VideoFrame.from_ndarray(picture(index), format="bgr24")
            frame.pts, frame.time_base = 90 * time_ms, Fraction(1, 90_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def hide_frame_rate(path):
    """Void the DefaultDuration of a WebM file, since browsers write none."""
    content = bytearray(path.read_bytes())
    at = content.index(bytes.fromhex("23e383"))
    length = content[at + 3] & 0x7F
    content[at : at + 4 + length] = bytes([0xEC, 0x80 | (length + 2), *bytes(length + 2)])
    path.write_bytes(content)


JITTER = [0, 1, 40, 67, 99, 150, 167, 190, 240, 266, 310, 333, 366, 400]


def times_of(path):
    with VideoReader(path) as video:
        return video.fps, [time for _, time, _ in video]


def test_browsers_recording_has_its_own_times_and_their_rate(tmp_path):
    path = tmp_path / "browser.webm"
    encode(path, JITTER, "libvpx", **{"live": "1"})
    hide_frame_rate(path)
    fps, times = times_of(path)
    np.testing.assert_allclose(times, np.array(JITTER) / 1000, atol=1e-9)
    assert fps == pytest.approx(len(JITTER[1:]) / 0.4, rel=0.01)


def test_rate_that_is_none_is_not_believed(tmp_path):
    encode(tmp_path / "clock.mkv", range(0, 800, 40), rate=90_000)
    fps, times = times_of(tmp_path / "clock.mkv")
    assert fps == pytest.approx(25)
    np.testing.assert_allclose(times, np.arange(20) / 25, atol=1e-9)


def test_phones_recording_of_varying_rate_has_its_own_times(tmp_path):
    own = [*range(0, 600, 33), *range(600, 1200, 66)]
    encode(tmp_path / "phone.mp4", own)
    _, times = times_of(tmp_path / "phone.mp4")
    np.testing.assert_allclose(times, np.array(own) / 1000, atol=1e-9)


def test_varying_times_are_written_and_read_back(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 96, 64, 30) as video:
        for index, time_s in enumerate((0, 0.02, 0.02, 0.5)):
            video.write(picture(index), time_s)
    np.testing.assert_allclose(times_of(path)[1], [0, 0.02, 0.02, 0.5], atol=2e-5)


def test_odd_sizes_become_even(tmp_path):
    with VideoWriter(tmp_path / "odd.mp4", 95, 63, 29.97) as video:
        for _ in range(3):
            video.write(picture(0, 95, 63))
    with VideoReader(tmp_path / "odd.mp4") as video:
        assert (video.width, video.height) == (96, 64)
        np.testing.assert_allclose(video.fps, 29.97, rtol=1e-4)


def test_any_browser_can_play_it(clip):
    with av.open(str(clip)) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.format.name) == ("h264", "yuv420p")
    content = clip.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # plays while it loads


def test_interrupted_run_leaves_no_file(tmp_path):
    path = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt), VideoWriter(path, 96, 64, 25) as video:
        video.write(picture(0))
        assert not path.exists()
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_interrupted_run_keeps_the_file_of_the_run_before(clip):
    before = clip.read_bytes()
    with pytest.raises(DiffhpeError), VideoWriter(clip, 96, 64, 25) as video:
        video.write(picture(0, width=10))
    assert clip.read_bytes() == before


def test_file_cut_off_gives_the_frames_it_has_and_a_warning(clip, caplog):
    content = clip.read_bytes()
    clip.write_bytes(content[: len(content) - 250])
    with caplog.at_level(logging.WARNING), VideoReader(clip) as video:
        frames = list(video)
    assert 1 <= len(frames) < 20
    np.testing.assert_allclose(frames[0][2].astype(int), picture(0), atol=60)
    assert f"clip.mp4 is damaged: {len(frames)} of 20 frames could be decoded" in caplog.text


def test_second_pass_gives_nothing_more(clip, caplog):
    with VideoReader(clip) as video:
        assert len(list(video)) == 20
        assert list(video) == []
    assert not caplog.text


def sound_only(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        silence.rate = 8000
        container.mux(stream.encode(silence))
        container.mux(stream.encode(None))


def index_only(path):
    with VideoWriter(path.with_name("full.mp4"), 96, 64, 25) as video:
        video.write(picture(0))
    content = path.with_name("full.mp4").read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + 4])


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("missing.mp4", lambda path: None, "cannot open video .*missing.mp4"),
        ("folder.mp4", lambda path: path.mkdir(), "cannot open video .*folder.mp4"),
        ("empty.mp4", lambda path: path.touch(), "cannot open video .*empty.mp4"),
        ("text.mp4", lambda path: path.write_text("no video " * 99), "cannot open .*text.mp4"),
        ("sound.wav", sound_only, "sound.wav has no video stream"),
        ("index.mp4", index_only, "video .*index.mp4"),
    ],
)
def test_file_that_is_no_video_is_refused_by_name(tmp_path, name, make, message):
    make(tmp_path / name)
    with pytest.raises(DiffhpeError, match=message):
        VideoReader(tmp_path / name)


def test_file_without_its_index_is_refused(clip):
    content = clip.read_bytes()
    clip.write_bytes(content[: content.index(b"moov") - 4])
    with pytest.raises(DiffhpeError, match=r"clip\.mp4"):
        VideoReader(clip)


def test_writer_refuses_what_it_cannot_write(tmp_path):
    with pytest.raises(DiffhpeError, match=r"cannot write video .*nowhere"):
        VideoWriter(tmp_path / "nowhere" / "out.mp4", 96, 64, 25)
    with pytest.raises(DiffhpeError, match=r"ends in \.mp4"):
        VideoWriter(tmp_path / "out.avi", 96, 64, 25)
    with pytest.raises(DiffhpeError, match="got 96x64 at nan"):
        VideoWriter(tmp_path / "out.mp4", 96, 64, float("nan"))
    with (
        pytest.raises(DiffhpeError, match=r"\(64, 96, 3\) and type uint8.*float64"),
        VideoWriter(tmp_path / "out.mp4", 96, 64, 25) as video,
    ):
        video.write(np.zeros((64, 96, 3)))
    with (
        pytest.raises(DiffhpeError, match="no frames"),
        VideoWriter(tmp_path / "out.mp4", 96, 64, 25),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "size"),
    [("p2s_single_cam01.mp4", (1080, 1920)), ("p2s_single_cam03.mp4", (1088, 1920))],
)
def test_real_upright_videos(shared_data, name, size):
    with VideoReader(shared_data / "video" / name) as video:
        assert (video.width, video.height) == size
        assert (video.fps, video.frame_count) == (60.0, 100)
        _, time, image = next(iter(video))
    assert time == 0
    assert image.shape == (size[1], size[0], 3)

"""Images in every common encoding, and invalid ones."""

from array import array

import cv2
import numpy as np
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.messages.images import ImagePacker, compressed_to_bgr, image_to_bgr
from diffhpe_ros.rendering.clip import walking_clip
from diffhpe_ros.video import VideoReader
from diffhpe_ros.video.jpeg import DamagedImageError

# A blue, a green, a red and a grey quarter.
PICTURE = np.zeros((8, 8, 3), np.uint8)
PICTURE[:4, :4, 0] = PICTURE[:4, 4:, 1] = PICTURE[4:, :4, 2] = 200
PICTURE[4:, 4:] = 90


def image(pixels: np.ndarray, encoding: str, padding: int = 0) -> Image:
    rows = pixels.reshape(len(pixels), -1)
    padded = np.pad(rows, [(0, 0), (0, padding)], constant_values=77)
    return Image(
        encoding=encoding,
        height=pixels.shape[0],
        width=pixels.shape[1],
        step=padded.shape[1],
        data=array("B", padded.tobytes()),
    )


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("bgr8", PICTURE),
        ("rgb8", PICTURE[..., ::-1]),
        ("bgra8", np.dstack([PICTURE, PICTURE[..., 0]])),
        ("rgba8", np.dstack([PICTURE[..., ::-1], PICTURE[..., 0]])),
        ("8UC3", PICTURE),
    ],
)
@pytest.mark.parametrize("padding", [0, 5])
def test_colours_arrive_whatever_their_order(
    encoding: str, pixels: np.ndarray, padding: int
) -> None:
    np.testing.assert_array_equal(image_to_bgr(image(pixels, encoding, padding)), PICTURE)


def test_grey_becomes_colour() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.testing.assert_array_equal(image_to_bgr(image(grey, "mono8", 3))[..., 1], grey)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer_of_industrial_cameras_becomes_colour(pattern: str) -> None:
    orange = (20, 120, 240)
    mosaic = np.array([orange["bgr".index(colour)] for colour in pattern], np.uint8).reshape(2, 2)
    pixels = image_to_bgr(image(np.tile(mosaic, (6, 8)), f"bayer_{pattern}8", padding=3))
    np.testing.assert_array_equal(pixels[2:-2, 2:-2], np.full((8, 12, 3), orange))


@pytest.mark.parametrize(("encoding", "first"), [("nv12", 1), ("nv21", 2)])
def test_two_planes_of_camera_drivers(encoding: str, first: int) -> None:
    planes = cv2.cvtColor(PICTURE, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    luma, *chroma = planes[:64], planes[64:80], planes[80:]
    pairs = np.stack(chroma if first == 1 else chroma[::-1], -1)
    rows = np.concatenate([luma, pairs.reshape(-1)]).reshape(12, 8)
    message = image(rows, encoding, padding=3)
    message.height = 8
    np.testing.assert_allclose(image_to_bgr(message).astype(int), PICTURE, atol=4)
    message.height = 7
    with pytest.raises(DiffhpeError, match=f"an even height is expected of {encoding}"):
        image_to_bgr(message)


def test_format_of_a_compressed_image_that_is_not_known_is_named() -> None:
    message = CompressedImage(format="h264", data=array("B", bytes([0, 0, 0, 1, 103])))
    with pytest.raises(DiffhpeError, match="expected, got the format 'h264'"):
        compressed_to_bgr(message)


@pytest.mark.parametrize(("encoding", "luma"), [("yuv422", 1), ("yuv422_yuy2", 0)])
def test_yuv_of_webcams(encoding: str, luma: int) -> None:
    pixels = np.full((4, 6, 2), 128, np.uint8)
    pixels[..., luma] = 235
    np.testing.assert_array_equal(image_to_bgr(image(pixels, encoding)), np.full((4, 6, 3), 255))


def test_an_image_without_the_last_rows_padding_is_whole() -> None:
    message = image(PICTURE, "bgr8", 5)
    message.data = message.data[:-5]
    np.testing.assert_array_equal(image_to_bgr(message), PICTURE)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"encoding": "16UC1"}, "'16UC1' is not supported"),
        ({"encoding": "mono16"}, "not supported; known: bgr8"),
        ({"encoding": ""}, "not supported"),
        ({"width": 0}, "at least 1x1"),
        ({"height": 0, "data": array("B")}, "at least 1x1"),
        ({"height": 2**32 - 1}, "at most 50 million"),
        ({"data": array("B")}, "got step 24 and 0 bytes"),
        ({"data": array("B", bytes(191))}, "192 bytes, got step 24 and 191"),
        ({"step": 23}, "a step of at least 24"),
        ({"step": 2**32 - 1}, "bytes, got step 4294967295"),
        ({"encoding": "yuyv", "width": 7}, "even width"),
    ],
)
def test_what_is_no_image_is_refused(changes: dict[str, object], expected: str) -> None:
    message = image(PICTURE, "bgr8")
    for name, value in changes.items():
        setattr(message, name, value)
    with pytest.raises(DiffhpeError, match=expected):
        image_to_bgr(message)


def test_a_packed_image_is_read_again_after_the_next_was_packed() -> None:
    packer = ImagePacker()
    for pixels in (PICTURE, 255 - PICTURE, PICTURE[:5, :3]):
        raw = serialize_message(packer.pack(np.ascontiguousarray(pixels), "cam", 7))
        back = deserialize_message(raw, Image)
        np.testing.assert_array_equal(image_to_bgr(back), pixels)
        assert (back.header.frame_id, back.header.stamp.nanosec) == ("cam", 7)


@pytest.mark.parametrize(("suffix", "apart"), [(".jpg", 40), (".png", 0)])
def test_compressed_images(suffix: str, apart: int) -> None:
    picture = cv2.resize(PICTURE, (64, 48), interpolation=cv2.INTER_NEAREST)
    data = cv2.imencode(suffix, picture)[1].tobytes()
    decoded = compressed_to_bgr(CompressedImage(data=array("B", data)))
    assert np.abs(decoded.astype(int) - picture)[:20, :28].max() <= apart


def _png_of(width: int, height: int) -> bytes:
    data = bytearray(cv2.imencode(".png", PICTURE)[1].tobytes())
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "JPEG or PNG"),
        (b"GIF89a" + bytes(50), "JPEG or PNG"),
        (_png_of(60000, 60000), "at most 50 million"),
        (_png_of(0, 10), "at least 1x1"),
        (cv2.imencode(".png", PICTURE)[1].tobytes()[:60], "cannot be decoded"),
        (cv2.imencode(".jpg", PICTURE)[1].tobytes()[:30], "whole JPEG"),
        (cv2.imencode(".jpg", PICTURE)[1].tobytes()[:-9], "cannot be decoded"),
        (b"\xff\xd8\xff\xe0\x00\x00" * 9, "whole JPEG"),
        (b"\xff\xd8" + b"\xff" * 40, "whole JPEG"),
    ],
)
def test_what_is_no_compressed_image_is_refused(data: bytes, expected: str) -> None:
    with pytest.raises(DiffhpeError, match=expected):
        compressed_to_bgr(CompressedImage(data=array("B", data)))


def test_jpeg_with_flipped_bytes_is_damaged_or_whole_but_never_half_grey() -> None:
    with VideoReader(walking_clip().video_path) as video:
        picture = next(iter(video))[2]
    good = cv2.imencode(".jpg", picture)[1].tobytes()
    begin, chance, refused = good.find(b"\xff\xda") + 14, np.random.default_rng(0), 0
    for _ in range(60):
        data = bytearray(good)
        # 255 begins a marker, at which libjpeg stops: the rest of its image is grey.
        data[chance.integers(begin, len(data) - 2)] = chance.choice([255, 0, 0x5A])
        try:
            image = compressed_to_bgr(CompressedImage(data=array("B", bytes(data))))
        except DamagedImageError as error:
            assert "is damaged" in str(error)
            refused += 1
        else:
            assert (image[-16:] != 128).any()
    assert refused > 20


@pytest.mark.parametrize(
    "options",
    [
        [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
        [cv2.IMWRITE_JPEG_RST_INTERVAL, 8],
        [cv2.IMWRITE_JPEG_OPTIMIZE, 1],
        [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422],
        [cv2.IMWRITE_JPEG_QUALITY, 3],
        [cv2.IMWRITE_JPEG_QUALITY, 100],
    ],
)
@pytest.mark.parametrize("size", [(1, 1), (17, 33), (479, 639)])
@pytest.mark.parametrize("behind", [b"", bytes(900), b"abc"])
def test_whole_jpeg_of_any_kind_is_not_damaged(
    options: list[int], size: tuple[int, int], behind: bytes
) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    data = cv2.imencode(".jpg", picture, options)[1].tobytes() + behind
    image = compressed_to_bgr(CompressedImage(data=array("B", data)))
    np.testing.assert_array_equal(image, cv2.imdecode(np.frombuffer(data, np.uint8), 1))

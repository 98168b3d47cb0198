"""Paths as users write them."""

from pathlib import Path

import pytest

from diffhpe_ros.paths import data_folder, expand, is_live


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIDEOS", "~/videos")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.mark.parametrize("path", ["~/videos/a.mp4", "$VIDEOS/a.mp4", "$HOME/videos/a.mp4"])
def test_home_and_variables_are_replaced(path: str, home: Path) -> None:
    assert expand(path) == str(home / "videos" / "a.mp4")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "clip.mp4",
        "rtsp://u:$HOME@cam/~x",
        "file:///~/a.mp4",
        "HTTP://robot/$HOME.mp4",
        "a~b",
    ],
)
def test_addresses_and_plain_paths_stay_as_they_are(text: str) -> None:
    assert expand(text) == text


def test_file_that_has_such_a_name_is_meant(tmp_path: Path) -> None:
    Path("$HOME").touch()
    assert expand("$HOME") == "$HOME"


def test_variable_that_is_not_set_stays_in_the_name() -> None:
    assert expand("$NOT_SET_HERE/a.mp4") == "$NOT_SET_HERE/a.mp4"


def test_folders_of_the_environment_may_be_in_the_home(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("DIFFHPE_DATA", "~/data")
    assert data_folder() == home / "data"


@pytest.mark.parametrize(
    ("text", "live"),
    [("rtsp://cam/1", True), ("UDP://@:5000", True), ("http://cam/a.mp4", False), ("a.mp4", False)],
)
def test_streams_have_no_end_and_files_do(text: str, live: bool) -> None:
    assert is_live(text) == live

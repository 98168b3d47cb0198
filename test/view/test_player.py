"""A recording is played, paused and seeked; changed settings act at once."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.view import ImageSource, Settings
from diffhpe_ros.view.estimator import Estimator, settings_with
from diffhpe_ros.view.player import RecordingPlayer, Shown
from diffhpe_ros.view.recordings import Recording

TIMEOUT_S = 60.0


class Screen:
    """Stores what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.problem = ""
        self._changed = threading.Condition()

    def show(self, shown: Shown) -> None:
        with self._changed:
            self.shown.append(shown)
            self._changed.notify_all()

    def report(self, text: str) -> None:
        with self._changed:
            self.problem = text
            self._changed.notify_all()

    @property
    def time_s(self) -> float:
        return self.shown[-1].estimate.stamp_ns / 1e9

    def until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, TIMEOUT_S)


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def player(source: ImageSource, estimator: Estimator, screen: Screen) -> Iterator[RecordingPlayer]:
    """A player, paused at its first image."""
    assert isinstance(source.images, Recording)
    player = RecordingPlayer(source.images, estimator, screen)
    player.play(False)
    player.start()
    screen.until(lambda: len(screen.shown) == 1)
    yield player
    player.close()


def test_playing_shows_one_image_after_the_other(player: RecordingPlayer, screen: Screen) -> None:
    player.play(True)
    screen.until(lambda: len(screen.shown) >= 20)
    player.play(False)
    times = [shown.estimate.stamp_ns / 1e9 for shown in screen.shown[:20]]
    assert times == pytest.approx(np.arange(20) / 30)
    assert screen.shown[10].estimate.people.track_ids == ()  # the window fills
    assert screen.shown[19].estimate.people.track_ids == (0,)


def test_image_that_cannot_be_decoded_is_reported_and_playing_goes_on(
    player: RecordingPlayer, source: ImageSource, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = source.images.image

    def image(index: int) -> np.ndarray:
        if index == 3:
            raise DiffhpeError("walk.mp4 is damaged: its frame at 0.10 s cannot be decoded")
        return read(index)

    monkeypatch.setattr(source.images, "image", image)
    player.play(True)
    screen.until(lambda: len(screen.shown) >= 6)
    player.play(False)
    times = [shown.estimate.stamp_ns / 1e9 for shown in screen.shown[:6]]
    assert times == pytest.approx(np.array([0, 1, 2, 4, 5, 6]) / 30)
    assert "cannot be decoded" in screen.problem


def test_jump_shows_the_image_of_that_time_with_its_people(
    player: RecordingPlayer, screen: Screen
) -> None:
    player.seek(2.0)
    screen.until(lambda: screen.time_s == pytest.approx(2.0))
    (person,) = screen.shown[-1].estimate.people.joints
    assert person[0, 2] == pytest.approx(3.5, abs=1.0)


def test_jump_to_what_was_shown_does_not_estimate_again(
    player: RecordingPlayer, screen: Screen
) -> None:
    player.seek(2.0)
    screen.until(lambda: screen.time_s == pytest.approx(2.0))
    first = screen.shown[-1].estimate
    player.seek(1.5)
    screen.until(lambda: screen.time_s == pytest.approx(1.5))
    player.seek(2.0)
    screen.until(lambda: screen.time_s == pytest.approx(2.0))
    assert screen.shown[-1].estimate is first


def test_changed_lag_acts_on_the_image_that_is_shown(
    player: RecordingPlayer, screen: Screen
) -> None:
    player.seek(2.0)
    screen.until(lambda: screen.time_s == pytest.approx(2.0))
    player.use(settings_with(Settings(), "lag", 3))
    screen.until(lambda: screen.shown[-1].estimate.people.stamp_ns == 2_000_000_000 - 100_000_000)
    assert screen.time_s == pytest.approx(2.0)


def test_unknown_preset_is_reported_and_the_former_stays(
    player: RecordingPlayer, screen: Screen
) -> None:
    player.use(settings_with(Settings(), "preset", "fastest"))
    screen.until(lambda: screen.problem != "")
    assert screen.problem.startswith("unknown preset 'fastest'; expected one of ")
    assert player.estimator.lifter.preset_name == "fast"

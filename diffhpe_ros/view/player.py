"""Moves through a source in its own thread, and shows each image with its people."""

import threading
import time
from dataclasses import dataclass
from math import ceil
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.nodes.live_frames import LiveFrames
from diffhpe_ros.view.estimator import Estimate, Estimator, Settings
from diffhpe_ros.view.history import History
from diffhpe_ros.view.recordings import Recording

RUN_UP_S = 1.2
"""Time processed before the target image of a jump: windows are 0.87 s long, and smoothing needs a
little more."""
LIVE_S = 60.0
"""How far back the history of live images goes."""


@dataclass(frozen=True, eq=False)
class Shown:
    """The image and the estimate shown at one moment."""

    image: NDArray[np.uint8]
    """(H, W, 3) BGR."""
    estimate: Estimate
    history: History


class Display(Protocol):
    """The display of a player; called in the player's thread."""

    def show(self, shown: Shown) -> None:
        """Show an image with its people."""

    def report(self, text: str) -> None:
        """Show a problem; "" for none."""


class Player:
    """Base of both players: a thread, and settings that are applied between two images."""

    def __init__(self, estimator: Estimator, display: Display, history: History) -> None:
        self.estimator = estimator
        self.history = history
        self._display = display
        self._changed = threading.Condition()
        self._settings: Settings | None = None
        self._redraws = False
        self._shown: Shown | None = None
        self._playing = True
        self._closed = False
        self._thread = threading.Thread(target=self._run_safely, name="player", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop the thread and wait for its end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    @property
    def playing(self) -> bool:
        """Whether it plays or is paused."""
        return self._playing

    def play(self, on: bool) -> None:
        """Play or pause."""
        with self._changed:
            self._playing = on
            self._changed.notify()

    def use(self, settings: Settings) -> None:
        """Change settings after the current image."""
        with self._changed:
            self._settings = settings
            self._changed.notify()

    def redraw(self) -> None:
        """Show the same image again, because it must be drawn differently."""
        with self._changed:
            self._redraws = True
            self._changed.notify()

    def _show(self, image: NDArray[np.uint8], estimate: Estimate) -> None:
        self._shown = Shown(image, estimate, self.history)
        self._display.show(self._shown)

    def _redraw_if_asked(self) -> None:
        with self._changed:
            asked, self._redraws = self._redraws, False
        if asked and self._shown is not None:
            self._display.show(self._shown)

    def _take_settings(self) -> bool:
        """Apply new settings; returns whether there were any."""
        with self._changed:
            settings, self._settings = self._settings, None
        if settings is None:
            return False
        try:
            self.estimator.use(settings)
            self._display.report("")
        except DiffhpeError as error:
            self._display.report(str(error))
        return True

    def _run_safely(self) -> None:
        try:
            self._run()
        except DiffhpeError as error:
            self._display.report(str(error))
        except Exception as error:  # of any driver: else the page would stop without a word
            self._display.report(f"{type(error).__name__}: {error}")

    def _run(self) -> None:
        raise NotImplementedError


class LivePlayer(Player):
    """Shows live images, always the newest. While it is paused, images are skipped."""

    def __init__(self, frames: LiveFrames, estimator: Estimator, display: Display) -> None:
        super().__init__(estimator, display, History(LIVE_S))
        self._frames = frames
        self._problem = ""

    def _run(self) -> None:
        try:
            for stamp_ns, image in self._frames.play(lambda _: self._ends()):
                if self.playing:
                    estimate = self.estimator.estimate(image, stamp_ns)
                    self.history.add(estimate)
                    self._show(image, estimate)
        finally:
            self._frames.close()

    def _ends(self) -> bool:
        """Do the work between images; returns whether the player was closed."""
        self._take_settings()
        self._redraw_if_asked()
        if self._frames.problem != self._problem:
            self._problem = self._frames.problem
            self._display.report(self._problem)
        return self._closed


class RecordingPlayer(Player):
    """Shows the images of a recording in a loop, in real time or as fast as possible.

    All estimates are kept, so a part that was shown once appears at once. Before the target image
    of a jump, the `RUN_UP_S` before it are processed.
    """

    def __init__(self, recording: Recording, estimator: Estimator, display: Display) -> None:
        super().__init__(estimator, display, History())
        self._recording = recording
        self._stamps = recording.stamps_ns
        periods = np.diff(self._stamps)
        self._period_s = float(np.median(periods)) / 1e9 if len(periods) else 1.0
        self._run_up = ceil(RUN_UP_S / self._period_s)
        self._target: int | None = 0
        self._position = 0
        self._estimated = -1
        """Index of the image that the estimator processed last."""

    def seek(self, time_s: float) -> None:
        """Jump to the image nearest to a time in seconds."""
        with self._changed:
            self._target = int(np.abs(self._stamps - round(time_s * 1e9)).argmin())
            self._changed.notify()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._closed:
            self._redraw_if_asked()
            if self._take_settings():
                self.history.clear()
                self._estimated = -1
                self._jump_to(self._position)
            elif (target := self._take_target()) is not None:
                self._jump_to(target)
            elif self._playing:
                following = (self._position + 1) % len(self._stamps)
                gap_s = float(self._stamps[following] - self._stamps[self._position]) / 1e9
                due = max(due + (gap_s if gap_s > 0 else self._period_s), time.monotonic())
                if self._wait_until(due):
                    self._jump_to(following)
            else:
                self._wait_until(None)

    @property
    def _interrupted(self) -> bool:
        return self._closed or self._target is not None or self._settings is not None

    @property
    def length_s(self) -> float:
        """Time of the last image."""
        return float(self._stamps[-1]) / 1e9

    def _take_target(self) -> int | None:
        with self._changed:
            target, self._target = self._target, None
        return target

    def _wait_until(self, due: float | None) -> bool:
        """Wait until a time or a change (None: only a change); whether the time came first."""
        playing = self._playing
        with self._changed:
            return not self._changed.wait_for(
                lambda: self._interrupted or self._redraws or self._playing is not playing,
                None if due is None else due - time.monotonic(),
            )

    def _jump_to(self, index: int) -> None:
        """Show an image, after processing the images before it if necessary."""
        self._position = index
        estimate = self.history.get(int(self._stamps[index]))
        if estimate is None and index != self._estimated + 1:
            self.estimator.reset()
            for before in range(max(0, index - self._run_up), index):
                if self._interrupted:
                    return
                if (image := self._image(before)) is not None:
                    self._estimate(before, image)
        image = self._image(index)
        if image is None:
            return  # the previous image stays
        if estimate is None:
            estimate = self._estimate(index, image)
            self.history.add(estimate)
        self._show(image, estimate)

    def _image(self, index: int) -> NDArray[np.uint8] | None:
        """An image of the recording; None, which is reported, if it cannot be decoded."""
        try:
            return self._recording.image(index)
        except DiffhpeError as error:
            self._display.report(str(error))
            return None

    def _estimate(self, index: int, image: NDArray[np.uint8]) -> Estimate:
        self._estimated = index
        return self.estimator.estimate(image, int(self._stamps[index]))

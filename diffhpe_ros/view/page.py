"""The page: image, 3D scene, time, plots, table and controls."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import viser
from numpy.typing import NDArray

from diffhpe_ros.drawing import draw_keypoints
from diffhpe_ros.geometry.upright import tilt_deg, up_of_tilt
from diffhpe_ros.view.controls import Controls
from diffhpe_ros.view.engines import engines_text
from diffhpe_ros.view.estimator import Estimator
from diffhpe_ros.view.player import LivePlayer, Player, RecordingPlayer, Shown
from diffhpe_ros.view.plots import SPAN_S, Plots
from diffhpe_ros.view.recordings import Recording
from diffhpe_ros.view.scene import Scene
from diffhpe_ros.view.sources import ImageSource
from diffhpe_ros.view.table import people_table

_PLOT_PERIOD_S = 0.25
_IMAGE_SIDE = 640
"""The longer side of images sent to the browser, in pixels."""


class Page:
    """Shows a source on a viser server, and handles the clicks there."""

    def __init__(
        self,
        server: viser.ViserServer,
        source: ImageSource,
        estimator: Estimator,
        models: Sequence[str],
    ) -> None:
        self._server, self._estimator = server, estimator
        up = up_of_tilt(0.0) if source.up is None else source.up
        self._scene = Scene(server, up)
        self._plotted_s = 0.0
        self.player = self._make_player(source)
        gui = server.gui
        gui.configure_theme(control_width="large", show_logo=False, show_share_button=False)
        gui.set_panel_label("diffhpe view")
        gui.main_panel.dock_right()
        self._add_image(source.name)
        self._add_switches(tilt_deg(up)[0])
        self._add_settings(models)
        with gui.add_folder("What runs where"):
            self._engines = gui.add_markdown(engines_text(estimator))
        panel = gui.add_panel()
        with panel.add_tab(f"Last {SPAN_S:.0f} seconds"):
            self._plots = Plots(server)
        panel.dock_left()
        panel.set_width(300)

    def show(self, shown: Shown) -> None:
        """See `Display.show`."""
        estimate, camera = shown.estimate, self._estimator.camera
        assert camera is not None  # known from the first image on
        image = _with_joints(shown)
        with self._server.atomic():
            self._image.image = image[..., ::-1]
            self._scene.draw(estimate, shown.history, camera, image)
            self._table.content = people_table(estimate)
            if self._time is not None:
                self._time.value = min(round(estimate.stamp_ns / 1e9, 2), self._time.max)
        if time.monotonic() - self._plotted_s > _PLOT_PERIOD_S or not self.player.playing:
            self._plotted_s = time.monotonic()
            self._plots.draw(shown.history.until(estimate.stamp_ns, SPAN_S))
            self._tell_engines()

    def report(self, text: str) -> None:
        """See `Display.report`."""
        self._problem.content = f"**{text}**" if text else ""
        self._problem.visible = bool(text)
        self._tell_engines()

    def _make_player(self, source: ImageSource) -> Player:
        if isinstance(source.images, Recording):
            return RecordingPlayer(source.images, self._estimator, self)
        return LivePlayer(source.images, self._estimator, self)

    def _add_image(self, name: str) -> None:
        """Image, time and people."""
        gui = self._server.gui
        self._image = gui.add_image(np.full((3, 4, 3), 40, np.uint8), label=name)
        self._add_time()
        self._problem = gui.add_markdown("", visible=False)
        self._table = gui.add_html("")

    def _add_time(self) -> None:
        gui, player = self._server.gui, self.player
        self._play = gui.add_button("Pause", icon=viser.Icon.PLAYER_PAUSE)
        self._play.on_click(lambda _: self._pause_or_play())
        self._time: Any = None  # a slider; type checkers do not see that its `value` can be set
        if not isinstance(player, RecordingPlayer) or not player.length_s:
            return

        def seek(event: viser.GuiEvent[Any]) -> None:
            if event.client is not None:  # moved by hand, not by `show`
                player.seek(self._time.value)

        self._time = gui.add_slider("Time, s", 0.0, round(player.length_s, 2), 0.01, 0.0)
        self._time.on_update(seek)

    def _pause_or_play(self) -> None:
        playing = not self.player.playing
        self.player.play(playing)
        self._play.label = "Pause" if playing else "Play"
        self._play.icon = viser.Icon.PLAYER_PAUSE if playing else viser.Icon.PLAYER_PLAY

    def _add_settings(self, models: Sequence[str]) -> None:
        estimator = self._estimator
        self._controls = Controls(
            self._server, estimator.settings, estimator.detector.min_confidence, models,
            list(estimator.config.presets), list(estimator.detectors), self.player.use,
        )  # fmt: skip

    def _add_switches(self, tilt: float) -> None:
        """Switches for the drawn elements."""
        gui = self._server.gui
        with gui.add_folder("Show"):
            for text, name in (
                ("2-sigma ellipsoids", "shows_ellipsoids"),
                ("Trails", "shows_trails"),
                ("Ids", "shows_labels"),
                ("Image at camera", "shows_image"),
            ):
                self._add_switch(text, name)
            self._tilt = gui.add_slider(
                "Tilt, degrees", -45.0, 80.0, 1.0, round(tilt),
                hint="How far the camera looks down: people stand upright if the tilt is correct.",
            )  # fmt: skip
            self._tilt.on_update(lambda _: self._set_tilt())

    def _add_switch(self, text: str, name: str) -> None:
        box = self._server.gui.add_checkbox(text, getattr(self._scene, name))

        def switch(_: object) -> None:
            setattr(self._scene, name, box.value)
            self.player.redraw()

        box.on_update(switch)

    def _set_tilt(self) -> None:
        self._scene.set_up(up_of_tilt(self._tilt.value))
        self.player.redraw()

    def _tell_engines(self) -> None:
        text = engines_text(self._estimator)
        if text != self._engines.content:
            self._engines.content = text
            self._controls.offer_presets(self._estimator.config.presets)


def _with_joints(shown: Shown) -> NDArray[np.uint8]:
    """The image with people's 2D joints, scaled down for the browser."""
    image = shown.image
    for keypoints, confidence in zip(
        shown.estimate.detected.keypoints, shown.estimate.detected.confidence, strict=True
    ):
        image = draw_keypoints(image, keypoints, confidence)
    step = -(-max(image.shape[:2]) // _IMAGE_SIDE)
    return image[::step, ::step]

"""The settings of the page: each change acts on the next image."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import viser

from diffhpe_ros.view.estimator import Settings, settings_with

_OWN = "the model's own"


class Controls:
    """Folders of controls for model, detector and output.

    Args:
        server: the page's server.
        settings: initial settings.
        min_confidence: initial value of the detector's `min_confidence`.
        models: names that can be chosen.
        presets: presets of the initial model.
        detectors: names that can be chosen.
        changed: called with the settings after each change.
    """

    def __init__(
        self,
        server: viser.ViserServer,
        settings: Settings,
        min_confidence: float,
        models: Sequence[str],
        presets: Sequence[str],
        detectors: Sequence[str],
        changed: Callable[[Settings], None],
    ) -> None:
        self._settings, self._changed, self._lock = settings, changed, threading.Lock()
        gui, output = server.gui, settings.output
        with gui.add_folder("Model"):
            model = gui.add_dropdown("Model", models, initial_value=settings.model)
            self.preset = gui.add_dropdown(
                "Preset", (_OWN, *presets), initial_value=settings.preset or _OWN
            )
            rigid = gui.add_checkbox(
                "Fixed bone lengths", settings.decode == "rigid",
                hint="Each bone of a person keeps one length.",
            )  # fmt: skip
        with gui.add_folder("Detector"):
            detector = gui.add_dropdown("Detector", detectors, initial_value=settings.detector)
            confidence = gui.add_slider("Min. confidence", 0.0, 1.0, 0.05, min_confidence)
            people = gui.add_slider("Max. people", 1, 16, 1, settings.max_people)
        with gui.add_folder("Output"):
            lag = gui.add_slider(
                "Lag, frames", 0, 13, 1, output.lag, hint="33 ms each: later, and more accurate."
            )
            blend = gui.add_slider("Blend, s", 0.0, 0.4, 0.02, output.blend_s)
            cutoff = gui.add_slider(
                "Smooth, Hz", 0.0, 5.0, 0.25, output.one_euro_min_cutoff,
                hint="One-Euro filter: the lower, the steadier at rest; 0 is off.",
            )  # fmt: skip
        self._on(model, "model")
        self._on(self.preset, "preset", lambda value: None if value == _OWN else value)
        self._on(rigid, "decode", lambda value: "rigid" if value else "free")
        self._on(detector, "detector")
        self._on(confidence, "min_confidence")
        self._on(people, "max_people")
        self._on(lag, "lag")
        self._on(blend, "blend_s")
        self._on(cutoff, "one_euro_min_cutoff")

    def offer_presets(self, presets: Mapping[str, object]) -> None:
        """Offer the presets of another model."""
        names = (_OWN, *presets)
        if tuple(self.preset.options) != names:
            self.preset.options = names

    def _on(
        self, handle: Any, name: str, value_of: Callable[[Any], Any] = lambda value: value
    ) -> None:
        """Connect a control to a setting."""

        def change(_: object) -> None:
            with self._lock:
                self._settings = settings_with(self._settings, name, value_of(handle.value))
                self._changed(self._settings)

        handle.on_update(change)

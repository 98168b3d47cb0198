"""BlazePose's landmark networks; one runs at a time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffhpe_ros.detection.blazepose.landmarks import LandmarkNetwork, Landmarks
from diffhpe_ros.detection.blazepose.model_choice import ModelChoice
from diffhpe_ros.detection.blazepose.networks import Networks, open_networks
from diffhpe_ros.detection.blazepose.regions import Region
from diffhpe_ros.detection.blazepose.wide_lens import WideLens
from diffhpe_ros.detection.types import Load
from diffhpe_ros.detection.weights import LANDMARKS, MODELS
from diffhpe_ros.errors import DiffhpeError

_REPEATS = 5


@dataclass(frozen=True, eq=False)
class OpenedModels:
    """The opened networks, and the models that may be chosen."""

    networks: Networks
    models: tuple[str, ...]
    """Names of the models that may run, the fastest first."""
    missing: str = ""
    """Why some models are missing; empty if none is."""


def open_models(
    model: str,
    runtime: str,
    threads: int,
    providers: Sequence[str] | None,
    with_heavy: bool = False,
) -> OpenedModels:
    """Open a model's networks; for `auto` all models, or `full` alone if others are missing.

    Args:
        model: one of `weights.MODELS`.
        runtime: see `open_networks`.
        threads: see `open_networks`.
        providers: see `open_networks`.
        with_heavy: whether to open `heavy`, too, where it is available.

    Raises:
        DiffhpeError: the model is unknown; see also `open_networks`.
    """
    if model not in MODELS:
        raise DiffhpeError(
            f"the model of blazepose must be one of {', '.join(MODELS)}, got {model!r}"
        )
    models = tuple(LANDMARKS) if model == "auto" else (model,)
    least = ("full",) if model == "auto" else (model,)
    wanted = tuple(dict.fromkeys((*models, *(["heavy"] if with_heavy else []))))
    if wanted == least:
        return OpenedModels(open_networks(runtime, threads, providers, least), least)
    try:
        return OpenedModels(open_networks(runtime, threads, providers, wanted), models)
    except DiffhpeError as error:
        return OpenedModels(open_networks(runtime, threads, providers, least), least, str(error))


class LandmarkModels:
    """Finds joints with one of several networks, as `LandmarkNetwork` does.

    It starts with the heaviest one.
    """

    def __init__(self, opened: OpenedModels) -> None:
        landmarks = opened.networks.landmarks
        self._networks = {model: LandmarkNetwork(landmarks[model]) for model in opened.models}
        self.model = opened.models[-1]
        """Name of the model that runs."""
        self._missing = opened.missing
        self._choice: ModelChoice | None = None

    @property
    def missing(self) -> str:
        """Why some of the requested models are missing; empty if none is."""
        return self._missing

    @property
    def status(self) -> str:
        """Which model runs, and why."""
        why = [] if self._choice is None else [self._choice.reason]
        why += [self._missing] if self._missing else []
        return f"{self.model} ({'; '.join(why)})" if why else self.model

    def run(self, image_bgr: NDArray[np.uint8], region: Region) -> Landmarks:
        """The landmarks of the person in a region of an image (H, W, 3)."""
        return self._networks[self.model].run(image_bgr, region)

    def use_lens(self, lens: WideLens | None) -> None:
        """See `LandmarkNetwork.lens`."""
        for network in self._networks.values():
            network.lens = lens

    def adapt_to(self, images_per_s: float) -> None:
        """See `AdaptiveDetector`."""
        if len(self._networks) > 1:
            seconds = {model: _seconds(each) for model, each in self._networks.items()}
            self._choice = ModelChoice(seconds, images_per_s)
            self.model = self._choice.model

    def keep_up(self, load: Load, now_s: float) -> None:
        """See `AdaptiveDetector`; `now_s` may come from any clock."""
        if self._choice is not None and self._choice.update(load, now_s):
            self.model = self._choice.model


def _seconds(network: LandmarkNetwork) -> float:
    """Time in seconds that one person takes."""
    image = np.full((480, 640, 3), 128, np.uint8)
    region = Region(np.array([320.0, 240.0]), 400.0, 0.0)
    network.run(image, region)
    times = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        network.run(image, region)
        times.append(time.perf_counter() - begin)
    return min(times)  # the minimum, since other programs may be busy, too

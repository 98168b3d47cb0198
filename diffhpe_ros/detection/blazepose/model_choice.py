"""Choosing the BlazePose landmark network that keeps up with the camera."""

from collections.abc import Mapping

from diffhpe_ros.detection.types import Load

_BUSY = 0.6
"""Largest share of the time between two images that the joints may take. The rest is for the search
for people, and on few cores for the lifter."""
_DROPPED = 0.1
"""Share of dropped images above which a model does not keep up."""
_ENOUGH_PER_S = {"full": 12.0}
"""A model that handles this many images a second keeps up, however many arrive: `full` on some of
the images is better than `lite` on all."""
_SETTLE_S = 5.0
"""The least time between two changes: the load is measured over the last seconds."""
_RETRY_S = 20.0
"""A model that did not keep up is tried again after this time, which then doubles each time."""


class ModelChoice:
    """Chooses the heaviest model that keeps up with the camera, and adapts to changes.

    Args:
        seconds: time per person by model, the fastest first; at least one model.
        images_per_s: expected rate, used before images arrive.
    """

    def __init__(self, seconds: Mapping[str, float], images_per_s: float) -> None:
        self._models = tuple(seconds)
        self._seconds = seconds
        self._changed_s: float | None = None
        self._retry_s = dict.fromkeys(self._models, (0.0, _RETRY_S))
        fitting = [
            model
            for model, person_s in seconds.items()
            if person_s * _needed_per_s(model, images_per_s) <= _BUSY
        ]
        self.model = (fitting or self._models[:1])[-1]
        """Name of the chosen model."""
        self.reason = f"for {images_per_s:.0f} images/s; " + self._times()
        """Why it was chosen."""

    def update(self, load: Load, now_s: float) -> bool:
        """Adapt the choice to the load; best called once a second.

        Args:
            load: load of the last seconds.
            now_s: time of any clock.

        Returns:
            Whether another model was chosen.
        """
        if self._changed_s is None:
            self._changed_s = now_s
        if now_s - self._changed_s < _SETTLE_S:
            return False
        here = self._models.index(self.model)
        if load.dropped > _DROPPED:
            looked_at = load.images_per_s * (1 - load.dropped)
            behind = looked_at < _needed_per_s(self.model, (1 - _DROPPED) * load.images_per_s)
            return here > 0 and behind and self._change(here - 1, load, now_s)
        return here + 1 < len(self._models) and self._step_up(here + 1, load, now_s)

    def _step_up(self, to: int, load: Load, now_s: float) -> bool:
        heavier = self._models[to]
        more_s = max(load.people, 1) * (self._seconds[heavier] - self._seconds[self.model])
        busy = _needed_per_s(heavier, load.images_per_s) * (load.image_s + more_s)
        may = busy <= _BUSY and now_s >= self._retry_s[heavier][0]
        return may and self._change(to, load, now_s)

    def _change(self, to: int, load: Load, now_s: float) -> bool:
        down = to < self._models.index(self.model)
        if down:
            _, wait_s = self._retry_s[self.model]
            self._retry_s[self.model] = (now_s + wait_s, 2 * wait_s)
            why = f"{100 * load.dropped:.0f} % of the images were dropped by {self.model}"
        else:
            why = f"{self.model} left time to spare"
        self.model, self._changed_s = self._models[to], now_s
        self.reason = f"for {load.images_per_s:.0f} images/s: {why}; {self._times()}"
        return True

    def _times(self) -> str:
        times = ", ".join(f"{each} {1000 * self._seconds[each]:.0f} ms" for each in self._models)
        return f"a person takes {times}"


def _needed_per_s(model: str, images_per_s: float) -> float:
    return min(images_per_s, _ENOUGH_PER_S.get(model, images_per_s))

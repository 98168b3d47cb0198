"""Checks the numbers in a training's configuration before anything is loaded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

from omegaconf import DictConfig, OmegaConf

from diffhpe_ros.errors import DiffhpeError

_NOT_THERE = object()


@dataclass(frozen=True)
class _Number:
    """The valid values of a setting."""

    least: float
    most: float = inf
    whole: bool = False
    above: bool = False
    """Whether it must be greater than `least`."""
    optional: bool = False
    """Whether it may be null."""
    text: bool = False
    """Whether it may be a text, which is checked elsewhere."""

    def fits(self, value: Any) -> bool:
        if value is None:
            return self.optional
        if isinstance(value, str):
            return self.text
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            return False
        within = self.least < value if self.above else self.least <= value
        return within and value <= self.most and not (self.whole and value != int(value))

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        low = f"above {self.least:g}" if self.above else f"of at least {self.least:.10g}"
        high = f" and at most {self.most:.10g}" if self.most < inf else ""
        return f"{kind} {low}{high}{' or null' if self.optional else ''}"


_COUNT = _Number(1, whole=True)
_SHARE = _Number(0, 1)
_NUMBERS: Mapping[str, _Number] = {
    "seed": _Number(0, 2**32 - 1, whole=True),
    "threads": _Number(0, 1024, whole=True),
    "drop_path": _SHARE,
    "dropout": _SHARE,
    "ema_decay": _SHARE,
    "epochs": _Number(1, 1e9, whole=True, optional=True),
    "validate_every_epochs": _COUNT,
    "stop_after": _Number(0, above=True, optional=True),
    "checkpoint_every": _Number(0, whole=True),
    "save_every_s": _Number(0, optional=True),
    "calibrate_every": _Number(0, whole=True),
    "data.batch_size": _COUNT,
    "trainer.val_check_interval": _Number(0, above=True, optional=True, text=True),
    "trainer.gradient_clip_val": _Number(0, optional=True),
    "module.optimisation.learning_rate": _Number(0, above=True),
    "module.optimisation.weight_decay": _Number(0),
    "module.optimisation.warmup": _SHARE,
}


def check_numbers(settings: DictConfig) -> None:
    """Refuse invalid numbers.

    Raises:
        DiffhpeError: a number is invalid; the message names the setting, its value, and what is
            expected.
    """
    for name, number in _NUMBERS.items():
        value = OmegaConf.select(settings, name, default=_NOT_THERE)
        if value is not _NOT_THERE and not number.fits(value):
            raise DiffhpeError(f"{name} is {value}; {number} is expected")


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first setting that differs, as "data.batch_size: 4, now 8"; empty if none does."""
    return next(_differences(before, now), "")


def _differences(before: Any, now: Any, name: str = "") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in [*now, *(before.keys() - now.keys())]:
            yield from _differences(before.get(key), now.get(key), f"{name}.{key}".strip("."))
    elif before != now:
        yield f"{name}: {before}, now {now}"

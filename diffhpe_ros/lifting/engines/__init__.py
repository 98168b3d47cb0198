"""Engines: trained models made fast. They give the poses of the training models."""

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.diffhpe import DiffHPE
from diffhpe_ros.lifting.engines.base import DenoisingEngine, PoseEngine
from diffhpe_ros.lifting.engines.folded import fold
from diffhpe_ros.lifting.engines.plain import PlainDiffHPE
from diffhpe_ros.lifting.mixste import MixSTE

__all__ = ["ENGINES", "DenoisingEngine", "PoseEngine", "create_engine"]

ENGINES = ("folded", "plain")


def create_engine(name: str, model: MixSTE | DiffHPE) -> PoseEngine | DenoisingEngine:
    """The engine of that name, on the model's device.

    Args:
        name: folded, or plain for the training model itself.
        model: trained, in evaluation mode.

    Raises:
        DiffhpeError: there is none of that name.
    """
    if name not in ENGINES:
        raise DiffhpeError(f"unknown engine {name!r}; expected one of {', '.join(ENGINES)}")
    if name == "folded":
        return fold(model)
    return PlainDiffHPE(model) if isinstance(model, DiffHPE) else model

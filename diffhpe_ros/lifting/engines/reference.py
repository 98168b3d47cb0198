"""The readable training model as an engine. It is slow; all other engines are compared with it."""

from functools import singledispatch

from torch import Tensor

from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.lifting.models.model import Engine


class ReferenceDiffHPE:
    """A diffusion model as it was trained.

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: DiffHPE) -> None:
        self.model = model

    def condition(self, x_2d: Tensor) -> Tensor:
        """See `DenoisingEngine.condition`."""
        return self.model.condition(x_2d)

    def __call__(self, x_t: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        """See `DenoisingEngine.__call__`."""
        hypotheses = len(x_t) // len(condition)
        return self.model(x_t, t.expand(len(x_t)), condition.repeat_interleave(hypotheses, 0))


@singledispatch
def reference(model: Engine) -> Engine:
    """The engine of a model as it was trained: the model itself if it can serve as an engine."""
    return model


reference.register(DiffHPE, ReferenceDiffHPE)

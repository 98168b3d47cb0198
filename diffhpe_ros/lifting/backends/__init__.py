"""What a lifter computes with: the compiled library on numpy arrays, or torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Union

from diffhpe_ros.lifting.backends.base import Backend
from diffhpe_ros.lifting.backends.native import NativeBackend
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.stored import StoredModel
from diffhpe_ros.lifting.engines.choice import check_kernels, resolve_engine
from diffhpe_ros.lifting.settings import LifterOptions
from diffhpe_ros.lifting.weights import Weights

if TYPE_CHECKING:
    from diffhpe_ros.lifting.models.model import Model


def create_backend(
    model: Union["Model", Weights],
    config: ModelConfig,
    options: LifterOptions,
    backbone: StoredModel | None,
    folder: Path | None,
) -> Backend:
    """Create a model's backend. torch is imported only if its engine needs it.

    Args:
        model: a torch model, or its weights.
        config: the model's configuration.
        options: only device, engine and kernels are used.
        backbone: the MixSTE that sampling may start at.
        folder: where the model was loaded from; the onnx engine needs it.

    Raises:
        DiffhpeError: the model and device have no such engine, or the weights do not fit.
    """
    engine = resolve_engine(options.engine, config, options.device)
    check_kernels(options.kernels, engine, config)
    if engine == "native":
        return NativeBackend(config, _weights(model), backbone)
    from diffhpe_ros.lifting.backends.on_torch import TorchBackend

    return TorchBackend(model, config, engine, options, backbone, folder)


def _weights(model: Union["Model", Weights]) -> Weights:
    if isinstance(model, Mapping):
        return model
    from diffhpe_ros.lifting.checkpoints.model_folders import weights_of

    return weights_of(model)

"""Initial weights from trained models."""

from dataclasses import replace

from diffhpe_ros.errors import DiffhpeError
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.model_folders import load_backbone, load_with_config
from diffhpe_ros.lifting.models.diffhpe import DiffHPEWrapper
from diffhpe_ros.lifting.models.diffpose.model import DiffPose
from diffhpe_ros.lifting.models.mixste import MixSTE
from diffhpe_ros.lifting.models.model import Model


def load_backbone_weights(model: Model, name: str) -> None:
    """Load a trained MixSTE into a wrapper or into DiffPose.

    Raises:
        DiffhpeError: one of the models has another architecture, or their sizes differ.
    """
    backbone, _ = load_with_config(name)
    if not isinstance(model, DiffHPEWrapper | DiffPose) or not isinstance(backbone, MixSTE):
        raise DiffhpeError(
            f"backbone {name!r}: expected a MixSTE for a diffhpe-wrapper or diffpose"
        )
    try:
        model.trunk.load_state_dict(backbone.trunk.state_dict())
        if isinstance(model, DiffPose) or model.backbone_share is not None:
            model.head.load_state_dict(backbone.head.state_dict())
    except RuntimeError:
        raise DiffhpeError(f"backbone {name!r} is of another size than the model's") from None


def load_pretrained_weights(model: Model, config: ModelConfig, name: str) -> None:
    """Load all weights of a trained model, for fine-tuning.

    Raises:
        DiffhpeError: its architecture, view, prediction or size differs.
    """
    start, its_config = load_with_config(name)
    for what in ("architecture", "input_view"):
        wanted, found = getattr(config, what), getattr(its_config, what)
        if wanted != found:
            raise DiffhpeError(f"start_from {name!r}: its {what} is {found}; {wanted} is expected")
    part = {"mixste": "trunk", "diffpose": "diffpose"}.get(config.architecture, "denoiser")
    wanted, found = getattr(config, part), getattr(its_config, part)
    gains_head = part == "denoiser" and wanted == replace(
        found, backbone_share=wanted.backbone_share
    )
    if wanted != found and not (gains_head and found.backbone_share is None):
        raise DiffhpeError(f"start_from {name!r}: its {part} is {found}; {wanted} is expected")
    state = start.state_dict()
    if wanted != found:
        head = load_backbone(name, its_config).head.state_dict()
        state |= {f"head.{key}": value for key, value in head.items()}
    try:
        model.load_state_dict(state)
    except RuntimeError:
        raise DiffhpeError(f"start_from {name!r} is of another size than the model") from None

"""DiffPose out of its configuration."""

from diffhpe_ros.lifting.diffusion.parameterisation import parameterisation
from diffhpe_ros.lifting.diffusion.schedule import SCHEDULES
from diffhpe_ros.lifting.models.diffpose.config import DiffPoseConfig
from diffhpe_ros.lifting.models.diffpose.denoiser import GraphDenoiser
from diffhpe_ros.lifting.models.diffpose.model import KNOWN, DiffPose
from diffhpe_ros.lifting.models.mixste import MixSTETrunk


def build_diffpose(trunk: MixSTETrunk, sizes: DiffPoseConfig) -> DiffPose:
    """The network round a trunk, with fresh weights.

    Raises:
        DiffhpeError: there is no such prediction.
    """
    inputs = KNOWN + (trunk.head_norm.normalized_shape[0] if sizes.context else 0)
    frames = trunk.temporal_position.shape[1] if sizes.window else None
    denoiser = GraphDenoiser(inputs, sizes.channels, sizes.blocks, sizes.heads, sizes.steps, frames)
    return DiffPose(
        trunk,
        denoiser,
        SCHEDULES[sizes.schedule](sizes.steps),
        parameterisation(sizes.prediction),
        sizes.pose_scale,
        sizes.context,
    )

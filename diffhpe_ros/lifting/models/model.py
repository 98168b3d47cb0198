"""The union types of all models, and of all engines."""

from diffhpe_ros.lifting.models.base import DenoisingEngine, PoseEngine
from diffhpe_ros.lifting.models.diffhpe import DiffHPE
from diffhpe_ros.lifting.models.diffpose.model import DiffPose
from diffhpe_ros.lifting.models.graformer.pose import GraFormer
from diffhpe_ros.lifting.models.graformer.refiner import ReleasedDiffPose
from diffhpe_ros.lifting.models.mixste import MixSTE

Model = MixSTE | GraFormer | DiffHPE | DiffPose | ReleasedDiffPose

Engine = PoseEngine | DenoisingEngine | DiffPose | ReleasedDiffPose
"""DiffPose models compute their networks themselves."""

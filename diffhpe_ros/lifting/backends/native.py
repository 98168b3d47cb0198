"""The backend of the compiled library, on numpy arrays."""

from collections.abc import Sequence

from diffhpe_ros.lifting.backends.base import Sampled, SamplingPlan, sample_in_parts
from diffhpe_ros.lifting.checkpoints.configuration import ModelConfig
from diffhpe_ros.lifting.checkpoints.stored import StoredModel
from diffhpe_ros.lifting.diffusion.noise import SeededNoise
from diffhpe_ros.lifting.engines.native.engines import NativeMixSTE, make_native
from diffhpe_ros.lifting.pipeline.initialization import Initialization
from diffhpe_ros.lifting.weights import Weights
from diffhpe_ros.lifting.window_batch import WindowBatch
from diffhpe_ros.skeleton import NUM_JOINTS


class NativeBackend:
    """A model that runs on the library; see `Backend`.

    Args:
        config: the model's configuration.
        weights: the model's weights.
        backbone: the MixSTE that sampling may start at.

    Raises:
        WeightsError: the weights do not fit the configuration.
    """

    runs_on = "cpu"

    def __init__(self, config: ModelConfig, weights: Weights, backbone: StoredModel | None) -> None:
        self.model = self.engine = make_native(config, weights)
        self.backbone: NativeMixSTE | None = None
        if backbone is not None:
            mixste = make_native(*backbone)
            assert isinstance(mixste, NativeMixSTE)
            self.backbone = mixste

    def sampling(self, plan: SamplingPlan) -> "NativeSampling":
        """See `Backend.sampling`."""
        return NativeSampling(plan)


class NativeSampling:
    """Samples windows; see `Sampling`. There is nothing to record."""

    engine = "native"
    note = ""

    def __init__(self, plan: SamplingPlan) -> None:
        self._plan = plan

    def __call__(
        self, observed: WindowBatch, seeds: Sequence[int], start: Initialization | None = None
    ) -> Sampled:
        """See `Sampling.__call__`."""
        plan = self._plan

        def sample(rows: slice) -> Sampled:
            noise = SeededNoise(seeds[rows], plan.hypotheses, (plan.frames, NUM_JOINTS))
            return plan.sampler(observed[rows], noise, start or plan.start, rows)

        return sample_in_parts(sample, len(observed), plan.hypotheses, "cpu")

    def planned(self, plan: SamplingPlan) -> "NativeSampling":
        """See `Sampling.planned`."""
        return NativeSampling(plan)

    def captured(self) -> "NativeSampling":
        """See `Sampling.captured`."""
        return self

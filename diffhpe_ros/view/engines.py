"""A text that says what runs on which engine, and why."""

from diffhpe_ros.lifting import Lifter
from diffhpe_ros.lifting.engines.native.engines import why_not_native
from diffhpe_ros.view.estimator import Estimator


def engines_text(estimator: Estimator) -> str:
    """Markdown: what detector and lifter run on, and the reason."""
    detector, lifter = estimator.detector, estimator.lifter
    return "\n".join(
        (
            f"**2D:** {detector.name} on {detector.device}",
            "",
            f"**3D:** {estimator.settings.model}, engine {lifter.engine_description}"
            f" on {lifter.runs_on}",
            "",
            f"**Sampling:** {_sampling(lifter)}",
            "",
            f"**Why:** {_why(lifter)}",
        )
    )


def _sampling(lifter: Lifter) -> str:
    if lifter.model.is_deterministic:
        return "none: this model gives one pose for a window"
    preset = lifter.preset
    steps = f"{preset.steps} step" + "s" * (preset.steps > 1)
    hypotheses = "1 hypothesis" if preset.hypotheses == 1 else f"{preset.hypotheses} hypotheses"
    return f"{lifter.preset_name}: {preset.sampler}, {steps}, {hypotheses}"


def _why(lifter: Lifter) -> str:
    if lifter.options.engine != "auto":
        return f"the engine {lifter.options.engine} was requested"
    if lifter.engine == "native":
        return "the native library is compiled for this processor and supports this model"
    if lifter.engine == "cuda_graph":
        return "on CUDA the whole sampler is captured as one graph"
    reason = why_not_native(lifter.config, lifter.device)
    return f"folded runs wherever torch does; the native engine is not available: {reason}"

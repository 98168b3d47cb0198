"""The 2D detector that the parameters ask for."""

from typing import Any

from diffhpe_ros.detection import Detector, create_detector
from diffhpe_ros.nodes.parameters.tables import DetectorParameters


def make_detector(parameters: DetectorParameters) -> Detector:
    """Load the networks; `tune` sets the rest.

    Raises:
        DiffhpeError: the detector cannot be had.
    """
    options: dict[str, Any] = {}
    if parameters.threads:
        options["threads"] = parameters.threads
    if names := [name.strip() for name in parameters.providers.split(",") if name.strip()]:
        options["providers"] = names
    if parameters.detector == "blazepose":
        options["runtime"] = parameters.runtime
        options["search_every"] = parameters.search_every
    else:
        options["person_model"] = parameters.person_model
        options["pose_model"] = parameters.pose_model
    if parameters.detector == "mmpose":
        options["pose_config"] = parameters.pose_config
        options["trust_checkpoint"] = parameters.trust_checkpoint
    return create_detector(parameters.detector, **options)


def tune(detector: Detector, parameters: DetectorParameters, own_confidence: float) -> None:
    """Set what may change between two images.

    Args:
        detector: to be set.
        parameters: to follow.
        own_confidence: what the detector itself takes as the least confidence.
    """
    chosen = parameters.min_confidence
    detector.min_confidence = own_confidence if chosen < 0 else chosen
    # A top-down detector knows nobody: bystanders may be surer than those whom the tracker follows.
    several = 1 if parameters.detector == "blazepose" else 2
    detector.max_people = several * parameters.max_people

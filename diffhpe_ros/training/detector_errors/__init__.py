"""Errors of a real detector: measurement, statistical model, samples for training.

`measure` → `offsets` → `compare` → `fit` → `statistics` → `model`.
"""

from diffhpe_ros.training.detector_errors.model import DetectorModel, FittedErrors, hold_draws
from diffhpe_ros.training.detector_errors.statistics import blazepose_statistics

__all__ = ["DetectorModel", "FittedErrors", "blazepose_statistics", "hold_draws"]

"""The errors of a real detector: measured, fitted, and drawn for training.

`measure` → `offsets` → `compare` → `fit` (with `misses`) → `statistics` → `model`.
"""

from diffhpe_ros.training.detector_errors.model import DetectorModel, FittedErrors, hold
from diffhpe_ros.training.detector_errors.statistics import blazepose_statistics

__all__ = ["DetectorModel", "FittedErrors", "blazepose_statistics", "hold"]

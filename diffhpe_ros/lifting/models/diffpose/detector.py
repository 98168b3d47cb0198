"""What a detector says of its own errors, in metres at the person."""

import torch
from torch import Tensor

from diffhpe_ros.lifting.models.diffpose.initial import metres_per_unit
from diffhpe_ros.lifting.window_batch import WindowBatch

USUAL_ERROR = 0.02
"""Metres: a detector's error at full confidence, which the mixtures hold already. Assumed: the
noise of the training windows is 1.3 % of a person's height."""
LEAST_CONFIDENCE = 0.05


def further_variance(pose: Tensor, seen: WindowBatch) -> Tensor:
    """(N, L, J, 2, 2) m² beside the optical axis, to be added to what the mixtures say.

    The detector's covariance where it gives one. Elsewhere its error is taken to grow as
    USUAL_ERROR / √confidence, and counts for what is above USUAL_ERROR. Unseen joints have a class
    of their own and get nothing.

    Args:
        pose: (N, L, J, 3) metres, the encoder's.
        seen: the N windows, in the model's view. Their covariance is taken as it is in the
            camera's: the two views differ by a turn of the camera, hardly by size.
    """
    scale = metres_per_unit(pose, seen.x_2d)[..., None]
    covariance = seen.covariance_2d
    given = torch.isfinite(covariance).all((-1, -2), keepdim=True)
    unsure = USUAL_ERROR**2 * (1 / seen.confidence.clamp(LEAST_CONFIDENCE, 1.0) - 1)
    assumed = unsure[..., None, None] * torch.eye(2, device=pose.device)
    variance = torch.where(given, covariance.nan_to_num() * scale.square(), assumed)
    return variance * (seen.x_2d != 0).any(-1)[..., None, None]

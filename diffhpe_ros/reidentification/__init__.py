"""Re-identification of people by the colours of their clothes, also after they were out of view."""

from diffhpe_ros.reidentification.clothes_colours import clothes_colours
from diffhpe_ros.reidentification.clothes_history import ClothesHistory
from diffhpe_ros.reidentification.identity import SURE, Identity, identify, same_clothes_odds

__all__ = [
    "SURE",
    "ClothesHistory",
    "Identity",
    "clothes_colours",
    "identify",
    "same_clothes_odds",
]

"""Synthetic windows of motion capture: augmentation, virtual cameras, noise, occlusions."""

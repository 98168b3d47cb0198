"""The stages of lifting one batch of windows, from view to covariance, and their settings."""

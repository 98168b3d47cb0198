"""The confidence from which a recorded keypoint counts as seen."""

MIN_CONFIDENCE = 0.3
"""Joints below it are unseen, as in the live nodes: detectors guess joints that they cannot see."""

"""The confidence from which a recorded keypoint counts as seen."""

MIN_CONFIDENCE = 0.3
"""Joints below it count as unseen, as in the live nodes: detectors guess joints they cannot see."""

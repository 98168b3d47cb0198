"""The confidence from which a recorded keypoint counts as seen."""

MIN_CONFIDENCE = 0.3
"""Joints below it count as unseen: most detectors guess joints that they cannot see, and of a
recorded one nothing is known but this number. In images, each detector has its own default."""

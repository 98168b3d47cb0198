"""Lifting people over time: warm starts and bone lengths, track by track."""

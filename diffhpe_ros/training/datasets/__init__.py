"""Readers of motion capture and of published data sets."""

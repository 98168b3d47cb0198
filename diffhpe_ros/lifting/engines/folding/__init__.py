"""Trained weights folded for inference, in numpy, for the engines folded and native."""

"""Trained weights folded for inference, in numpy: what the engines folded and native hold."""

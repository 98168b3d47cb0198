"""Engines: what computes a trained model's networks. All give the training model's poses."""

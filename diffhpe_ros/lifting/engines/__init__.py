"""Engines compute a trained model's networks. All give the same poses as the training model."""

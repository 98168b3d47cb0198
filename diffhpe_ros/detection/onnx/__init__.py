"""Top-down detection with ONNX models: a person detector and a pose network."""

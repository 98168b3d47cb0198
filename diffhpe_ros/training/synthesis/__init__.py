"""Windows made from motion capture: bodies, virtual cameras, occlusions, synthetic streams."""

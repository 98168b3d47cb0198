"""Model folders, their configuration, and checkpoints that others released."""

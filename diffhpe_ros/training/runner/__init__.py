"""`diffhpe train`, `search` and `pack`: configuration, checkpoints, callbacks, export."""

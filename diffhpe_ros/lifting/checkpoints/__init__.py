"""Model folders, their configuration, and checkpoints released by other projects."""

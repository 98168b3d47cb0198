"""GraFormer, and the released DiffPose that refines a pose: what their checkpoints need."""

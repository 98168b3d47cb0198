"""GraFormer, and the released pose-refining DiffPose, as their checkpoints need them."""

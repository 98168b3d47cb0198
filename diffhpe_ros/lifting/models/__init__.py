"""The networks: MixSTE, the DiffHPE denoisers, DiffPose and GraFormer, as published."""

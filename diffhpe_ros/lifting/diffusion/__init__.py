"""Diffusion: noise schedule, what the network predicts, seeded noise, and the samplers."""

"""Training and evaluation: data, losses, figures. Training needs the `train` extra."""

"""Training of networks, with checkpoints."""

"""Dock widget Predict maps: how well latents predict maps of the brain, at places held out."""

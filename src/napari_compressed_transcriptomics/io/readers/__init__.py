"""Files to expression, atlases, targets and latents."""

"""What a codec makes of expression: errors, components, latent space."""

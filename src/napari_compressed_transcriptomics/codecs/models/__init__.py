"""Model files: ours, the published ones, and what a model says of itself."""

"""Finding the way in the brain: planes, the shell around it, the place that was picked."""

"""Where samples lie: blocks and folds, compartments, hemispheres, and surrogate maps."""

"""Real data to begin with, fetched when asked for."""

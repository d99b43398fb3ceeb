"""What was saved, opened again in the window."""

"""What was saved, opened again."""

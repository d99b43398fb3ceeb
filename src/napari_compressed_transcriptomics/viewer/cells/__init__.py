"""The cells of the grid: texts, colour bars and what they mean."""

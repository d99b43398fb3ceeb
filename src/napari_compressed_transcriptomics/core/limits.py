"""The least and most that can be asked for; more would be a slip, and would not end."""

MOST_SEED = 2**32 - 1
MOST_COMPONENTS = 100_000
MOST_FOLDS = 1000
MOST_REPEATS = 1000
MOST_PROCESSES = 1000
MOST_DRAWS = 1_000_000
"""Surrogate maps or permutations: p-values down to a millionth."""
FEWEST_PERMUTATIONS = 19
"""Of fewer no p-value is as low as 0.05."""

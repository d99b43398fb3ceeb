"""A monkey at the window: seeded random clicks, keys, drops and closings, and what may not happen.

``python -m tests.monkey --seconds 120 --seed 1`` plays on each sample in turn.
"""

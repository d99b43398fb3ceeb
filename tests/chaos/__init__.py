"""Commands that are killed, starved or cut off at random moments, and what must hold then.

``python -m tests.chaos 100 --seed 1`` prints a table of what happened and ends with 1 on a fault.
"""

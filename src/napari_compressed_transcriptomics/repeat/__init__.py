"""A piece of work as text that does it again: a command, Python, a file of settings."""

"""Dock widget Components: what each component of a compression means."""

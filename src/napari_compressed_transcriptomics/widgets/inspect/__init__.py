"""Dock widget Inspect reconstruction: where, and in which genes, a compression fails."""

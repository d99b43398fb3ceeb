"""Latents from files: volumes, tables, AnnData."""

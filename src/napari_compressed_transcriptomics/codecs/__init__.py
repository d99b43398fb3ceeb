"""Codecs: expression to a few latents, and back. No napari, no Qt."""

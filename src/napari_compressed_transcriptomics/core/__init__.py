"""Expression, codecs and reconstruction: no napari, no Qt."""

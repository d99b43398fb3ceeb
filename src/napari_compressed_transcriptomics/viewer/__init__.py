"""All that knows napari's viewer: layers, their content, colour bars, picking."""

"""Adding layers, and looking into them as a person points at them: in millimetres."""

import numpy as np


def add(viewer, *layers):
    """Add layers as napari adds those of readers; return the last."""
    return [getattr(viewer, f"add_{kind}")(data, **about) for data, about, kind in layers][-1]


def value_at(layer, mm, component=None):
    """Value of an image layer at a position (x, y, z) in RAS millimetres."""
    position = mm[::-1] if component is None else (component + 1, *mm[::-1])
    index = tuple(np.rint(layer.world_to_data(position)).astype(int))
    return layer.data[index]


def bright_spot(viewer):
    """Middle of the bright pixels, from the canvas's centre: right and up positive, -1..1."""
    picture = viewer.screenshot(flash=False)[..., :3].astype(int)
    bright = (picture[..., 0] > 200) & (picture[..., 1] > 200) & (picture[..., 2] < 120)
    rows, columns = np.nonzero(bright)
    assert len(rows)
    height, width = bright.shape
    return 2 * columns.mean() / width - 1, 1 - 2 * rows.mean() / height

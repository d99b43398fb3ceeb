"""Looking into layers as a person points at them: in millimetres."""

import numpy as np


def value_at(layer, mm, component=None):
    """Value of an image layer at a position (x, y, z) in RAS millimetres."""
    position = mm[::-1] if component is None else (component + 1, *mm[::-1])
    index = tuple(np.rint(layer.world_to_data(position)).astype(int))
    return layer.data[index]

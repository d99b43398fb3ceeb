"""Colormaps of signed maps, safe for the colour-blind."""

from typing import Any

import numpy as np

# ColorBrewer's 11-class RdBu, reversed: blue below, red above; safe for the colour-blind.
_DIVERGING = (
    (5, 48, 97), (33, 102, 172), (67, 147, 195), (146, 197, 222), (209, 229, 240),
    (247, 247, 247),
    (253, 219, 199), (244, 165, 130), (214, 96, 77), (178, 24, 43), (103, 0, 31),
)  # fmt: skip


def diverging_colormap() -> Any:
    """Return the colormap of signed maps: blue below the middle, which is white, red above."""
    from napari.utils.colormaps import Colormap

    colors = np.ones((len(_DIVERGING), 4))
    colors[:, :3] = np.array(_DIVERGING) / 255
    return Colormap(colors, name="blue-red", display_name="blue-red")


def novelty_colormap() -> Any:
    """Return a colormap whose lower half is blue and whose upper half vermilion to yellow."""
    from napari.utils.colormaps import Colormap

    inside, outside = ((27, 42, 65), (160, 196, 222)), ((213, 94, 0), (255, 225, 90))
    halves = [np.linspace(*ends, 128) / 255 for ends in (inside, outside)]
    name = "blue, above the middle orange"
    return Colormap(np.concatenate(halves), name=name, display_name=name)


SELECTED = "#FF3EFF"
"""Of selected samples in the brain: in none of viridis, inferno and blue-red."""


def selection_colormap() -> Any:
    """Return the colormap of a Labels layer whose label 1 is what was selected."""
    from napari.utils.colormaps import DirectLabelColormap

    return DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", 1: SELECTED})

"""Colormaps of signed maps, safe for the colour-blind."""

from typing import Any

import numpy as np

from napari_compressed_transcriptomics.figures.colors import BLUE_RED, SIGNED


def diverging_colormap() -> Any:
    """Return the colormap of signed maps: blue below the middle, which is grey, red above."""
    from napari.utils.colormaps import Colormap

    colors = np.ones((len(BLUE_RED), 4))
    colors[:, :3] = np.array(BLUE_RED) / 255
    return Colormap(colors, name=SIGNED, display_name=SIGNED)


def novelty_colormap() -> Any:
    """Return a colormap whose lower half is blue and whose upper half vermilion to yellow."""
    from napari.utils.colormaps import Colormap

    inside, outside = ((27, 42, 65), (160, 196, 222)), ((213, 94, 0), (255, 225, 90))
    halves = [np.linspace(*ends, 128) / 255 for ends in (inside, outside)]
    name = "blue-orange"  # short: napari makes its controls as wide as the longest
    return Colormap(np.concatenate(halves), name=name, display_name=name)


SELECTED = "#FF3EFF"
"""Of selected samples in the brain: in none of viridis, inferno and blue-red."""


def selection_colormap() -> Any:
    """Return the colormap of a Labels layer whose label 1 is what was selected."""
    from napari.utils.colormaps import DirectLabelColormap

    return DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", 1: SELECTED})

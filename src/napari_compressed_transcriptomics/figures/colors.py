"""Colours of signed maps, the same in figures, pages and the window."""

from functools import cache
from typing import Any

SIGNED = "blue-red"
"""Name of the colormap of signed maps; no colormap of matplotlib has it."""

BLUE_RED = (
    (5, 48, 97), (33, 102, 172), (67, 147, 195), (126, 178, 210), (172, 199, 214),
    (205, 205, 205),
    (222, 184, 165), (231, 151, 122), (214, 96, 77), (178, 24, 43), (103, 0, 31),
)  # fmt: skip
"""RGB: the ends are those of ColorBrewer's RdBu, which the colour-blind can tell apart. The middle
is grey, as white would vanish on white paper and in a light window."""


@cache
def colormap(name: str) -> Any:
    """Return a colormap of matplotlib, or that of signed maps."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap

    if name != SIGNED:
        return colormaps[name]
    return LinearSegmentedColormap.from_list(
        SIGNED, [tuple(part / 255 for part in color) for color in BLUE_RED]
    )

"""What figures of methods have in common: one colour a method."""

from collections.abc import Iterable

from .methods import METHODS

# Okabe and Ito's colours: safe for the colour-blind, readable on dark and light.
_COLORS = ("#56B4E9", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#0072B2", "#F0E442")
_OTHERS = "#999999"


def method_colors(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each method, the same in all figures.

    Other names, such as those of opened latents, have the colours that are left.
    """
    colors = dict(zip(METHODS, _COLORS, strict=True))
    names = list(dict.fromkeys(names))
    left = [_OTHERS, *(color for name, color in colors.items() if name not in names)]
    others = [name for name in names if name not in colors]
    colors |= {name: left[place % len(left)] for place, name in enumerate(others)}
    return {name: colors[name] for name in names}

"""Samples as points in latent space: which are selected, and what they are coloured by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_compressed_transcriptomics.core.display_range import display_range
from napari_compressed_transcriptomics.core.regions import Regions

LEVELS = 64
"""Colours of a sequential scale; more could not be told apart."""

# Okabe and Ito's seven colours, safe for the colour-blind.
_HUES = np.array(
    [(86, 180, 233), (230, 159, 0), (0, 158, 115), (204, 121, 167),
     (213, 94, 0), (240, 228, 66), (0, 114, 178)]
) / 255  # fmt: skip


@dataclass(frozen=True, eq=False)
class Coloring:
    """What the points are coloured by."""

    title: str
    """What the values are, with their unit if they have one."""
    values: np.ndarray
    """NaN where a sample has none. With `names`, the index of each sample's category. Of float,
    shape (n_samples,)."""
    names: tuple[str, ...] | None = None
    """Of categories."""

    @classmethod
    def by_region(cls, title: str, regions: Regions) -> "Coloring":
        """Colour by the region that each sample lies in."""
        inside = regions.of_sample >= 0
        return cls(title, np.where(inside, regions.of_sample, np.nan), regions.unique_names)

    @property
    def limits(self) -> tuple[float, float]:
        """Ends of the colour scale: the 1st and 99th percentile; what is beyond is clipped."""
        return display_range(self.values)

    def groups(self) -> list[tuple[int, np.ndarray]]:
        """Return rows of the same colour together, in the order in which to draw them.

        The colour is a level in ``0 .. LEVELS - 1`` or the index of a category, -1 for NaN.
        Samples without a value come first, so that they hide nothing. Then low values come
        before high ones, and large categories before small ones.
        """
        finite = np.isfinite(self.values)
        color = np.full(len(self.values), -1)
        if self.names is None:
            low, high = self.limits
            level = (self.values[finite] - low) / (high - low) * LEVELS
            color[finite] = np.clip(level, 0, LEVELS - 1)
        else:
            color[finite] = self.values[finite]
        order = np.argsort(color, kind="stable")
        starts = np.flatnonzero(np.diff(color[order], prepend=-2))
        groups = [(int(color[rows[0]]), rows) for rows in np.split(order, starts)[1:]]
        if self.names is not None:
            groups.sort(key=lambda group: (group[0] >= 0, -len(group[1])))
        return groups

    def describe(self, sample: int) -> str:
        """Say which value, or which category, a sample has."""
        value = self.values[sample]
        if not np.isfinite(value):
            return "no value"
        return f"{value:.4g}" if self.names is None else self.names[int(value)]


def joined(colorings: Sequence[Coloring]) -> Coloring:
    """Return colourings of several sets of samples as one, its values one after the other.

    They have one scale; categories of the same name are one.
    """
    first = colorings[0]
    if first.names is None:
        return Coloring(first.title, np.concatenate([one.values for one in colorings]))
    names = tuple(dict.fromkeys(name for one in colorings for name in one.names or ()))
    index = {name: i for i, name in enumerate(names)}
    values = []
    for one in colorings:
        lookup = np.array([*(index[name] for name in one.names or ()), np.nan])
        there = np.isfinite(one.values)
        values.append(lookup[np.where(there, one.values, -1).astype(int)])
    return Coloring(first.title, np.concatenate(values), names)


def category_colors(n: int) -> np.ndarray:
    """Return a colour (red, green, blue in 0..1) for each of `n` categories, shape (n, 3).

    Seven hues that the colour-blind can tell apart, then the same lighter, then darker. After
    21 categories colours come again: so many need their names beside them.
    """
    shades = np.concatenate([_HUES, 0.5 * _HUES + 0.5, 0.6 * _HUES])
    return np.resize(shades, (n, 3))


def inside_polygon(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return which points lie in a polygon, bool (n,).

    A polygon that crosses itself is counted even-odd: what it goes around twice is outside.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    corners : ndarray, shape (m, 2)
        In order; the last is joined with the first. Fewer than three hold nothing.
    """
    if len(corners) < 3:
        return np.zeros(len(points), bool)
    from matplotlib.path import Path

    return Path(corners).contains_points(points)


def nearest_point(points: np.ndarray, place: np.ndarray, within: float) -> int | None:
    """Return the index of the point nearest to a place, or None where none is near enough.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    place : ndarray, shape (2,)
    within : float
        The greatest distance.
    """
    squares = np.square(points - place).sum(1)
    if not len(squares) or np.nanmin(squares) > within**2:
        return None
    return int(np.nanargmin(squares))


def next_point(points: np.ndarray, start: int, direction: tuple[float, float]) -> int:
    """Return the point nearest to another in a direction, or that itself where there is none.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    start : int
        Row of the point to go from.
    direction : (float, float)
        Of length 1; points within 45 degrees of it count.
    """
    away = points - points[start]
    distance, along = np.hypot(*away.T), away @ np.asarray(direction, float)
    ahead = (distance > 0) & (along >= np.sqrt(0.5) * distance)
    return int(np.where(ahead, distance, np.inf).argmin()) if ahead.any() else start

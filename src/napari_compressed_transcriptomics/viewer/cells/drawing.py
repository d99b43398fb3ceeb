"""Pictures, and where on the canvas their parts lie: only what is not clear is drawn.

Where software draws, each pixel of the canvas costs, and most of it stays clear.
"""

from dataclasses import dataclass

import numpy as np

from .layout import Rect

_TILE = 8  # pixels of a picture: what is drawn of it is a row of such tiles that are not clear
_CORNERS = np.array([(0, 0), (1, 0), (0, 1), (0, 1), (1, 0), (1, 1)])  # of two triangles


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture on the canvas."""

    pixels: np.ndarray
    """RGBA, colours multiplied by alpha. The same array is the same picture. Of uint8, shape (rows,
    columns, 4)."""
    corners: np.ndarray
    """Of triangles: x and y on the canvas, from its left and its top, both from 0 to 1; and where
    in the picture that is, likewise. Of float32, shape (n, 4)."""
    smooth: bool = False
    """Blend neighbouring pixels."""


def premultiplied(rgba: np.ndarray) -> np.ndarray:
    """Return colours, uint8, multiplied by their alpha."""
    found = rgba.astype(np.uint16)
    found[..., :3] = (found[..., :3] * found[..., 3:] + 127) // 255
    return found.astype(np.uint8)


def parts_of(pixels: np.ndarray) -> np.ndarray:
    """Return the parts of a picture that are not clear: rectangles that do not overlap.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, columns, 4)

    Returns
    -------
    ndarray of int, shape (n, 2, 2)
        First row and column, and those after the last.
    """
    height, width = pixels.shape[:2]
    clear = np.pad(pixels[..., 3] == 0, ((0, -height % _TILE), (0, -width % _TILE)), "edge")
    tiles = clear.reshape(len(clear) // _TILE, _TILE, -1, _TILE)
    seen = np.pad(~tiles.all(axis=(1, 3)), ((0, 0), (1, 1)))
    change = np.diff(seen.astype(np.int8), axis=1)
    first, after = np.argwhere(change == 1), np.argwhere(change == -1) + np.array((1, 0))
    return np.minimum(np.stack([first, after], axis=1) * _TILE, (height, width))


def placed(
    pixels: np.ndarray,
    parts: np.ndarray,
    start: np.ndarray,
    size: np.ndarray,
    cell: Rect,
    canvas: tuple[float, float],
    smooth: bool = False,
    turned: bool = False,
) -> Drawing:
    """Return a picture where it lies in a cell, cut at the cell's edges.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, columns, 4)
    parts : ndarray
        Of it, see `parts_of`.
    start, size : ndarray, shape (2,)
        Where on the canvas its first row and column begin, and how far it goes from there, which
        may be backwards: down and right, in pixels of the canvas.
    cell : Rect
    canvas : (width, height)
    smooth : bool
    turned : bool
        Rows go right and columns down.
    """
    low, high = np.array((cell.y, cell.x)), np.array((cell.y + cell.height, cell.x + cell.width))
    if turned:
        start, size, low, high = start[::-1], size[::-1], low[::-1], high[::-1]
    shape = np.array(pixels.shape[:2])
    at = np.clip(start + parts / shape * size, low, high)
    at = at[(at[:, 0] != at[:, 1]).all(axis=1)]  # parts outside the cell have no extent left
    at = np.where(_CORNERS[:, None] == 0, at[:, None, None, 0], at[:, None, None, 1])[:, :, 0]
    within = (at - start) / size
    on_canvas = at if turned else at[..., ::-1]
    corners = np.concatenate([on_canvas / np.array(canvas), within[..., ::-1]], axis=-1)
    return Drawing(pixels, corners.reshape(-1, 4).astype(np.float32), smooth)

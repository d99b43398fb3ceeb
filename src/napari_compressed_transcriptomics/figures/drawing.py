"""A figure as it was asked for."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from nibabel.affines import apply_affine

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent

from .brain_figures import Look, Panel, Rows, draw
from .brain_map import BrainMap
from .hatching import with_hatching
from .request import FigureRequest
from .scale import scales_of
from .slices import BrainSpace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_IN_A_ROW = 6
_LEAST = 0.45
"""Inches of a slice that one can still read."""
_PLOT_FONT = 8.0
"""Points of most text of `plots`, which is scaled to what is asked for."""
_LIST = 1.25  # times as high as wide
_PIXELS = (180, 1600)
"""Least and most of the longest side of a picture."""


def draw_maps(
    maps: Sequence[BrainMap], request: FigureRequest, report: Report = silent
) -> "Figure":
    """Draw maps as a figure.

    Parameters
    ----------
    maps : sequence of BrainMap
        One below the other; where some samples of a map have no value they look as outside.
    request : FigureRequest
        Its ``what`` is not looked at.
    report : callable, optional
        Called with each `Progress`; may raise `Cancelled`.

    Raises
    ------
    UserError
        A slice or the place is outside the brain, or a map has no value.
    """
    for one in maps:
        if not np.isfinite(one.values).any():
            raise UserError(f"{one.title} has no value anywhere; choose another map")
    several = len(maps) > 1
    panels = []
    for done, (one, scale) in enumerate(zip(maps, scales_of(maps, request), strict=True)):
        report(Progress("Drawing", done, len(maps)))
        rows, values = _surface(one, request) if request.view == "surface" else _flat(one, request)
        panels.append(Panel(rows, values, scale, one.title if several else ""))
    report(Progress("Drawing", len(maps), len(maps)))
    return draw(panels, _look(request), request.title)


def draw_plot(plot: Callable[..., "Figure"], request: FigureRequest) -> "Figure":
    """Draw one of `plots` at the width and with the size of text that are asked for.

    Parameters
    ----------
    plot : callable
        Takes ``figure``, and draws into it what is not larger than it.
    request : FigureRequest
    """
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    scale = request.font_pt / _PLOT_FONT
    wide, high = map(float, plot().get_size_inches())
    # Figures that are a list of rows need no more height where they are wider.
    size = (request.width, request.width * high / wide if high < _LIST * wide else high * scale)
    figure = plot(figure=Figure(figsize=size, layout="constrained"))
    figure.set_size_inches(*size)
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            points: Any = axis.get_tick_params().get("labelsize", _PLOT_FONT)
            axis.set_tick_params(labelsize=scale * float(points))
    for text in figure.findobj(Text):
        text.set_fontsize(scale * float(text.get_fontsize()))
    if request.title:
        above = figure.get_suptitle()
        figure.suptitle(
            f"{request.title}\n{above}" if above else request.title, fontsize=1.15 * request.font_pt
        )
    return figure


def _look(request: FigureRequest) -> Look:
    return Look(
        request.width,
        request.font_pt,
        outline=request.outline,
        letters=request.letters,
        colorbar=request.colorbar,
        captions=request.captions,
    )


def _flat(one: BrainMap, request: FigureRequest) -> tuple[Rows, np.ndarray]:
    volume = one.volume
    columns = 3 if request.view == "ortho" else _columns(len(request.mm) or request.n, request)
    pixels = int(np.clip(request.width_pixels / columns, *_PIXELS))
    lacking, reaches = one.lacking, []
    if lacking is not None and lacking.any():
        reaches.append(apply_affine(one.affine, np.argwhere(lacking)))
    if request.template:
        from .template import template_reach

        reaches.append(template_reach())
    around = np.concatenate(reaches) if reaches else None
    space = BrainSpace(np.isfinite(volume), one.affine, pixels, around)
    if request.view == "ortho":
        rows: list[list[Any]] = [space.ortho(request.place)]
    else:
        rows = [
            pictures[first : first + columns]
            for pictures in (_slices(space, plane, request) for plane in request.planes)
            for first in range(0, len(pictures), columns)
        ]
    if request.template:
        from .template import before_template

        rows = [[before_template(picture) for picture in row] for row in rows]
    if lacking is not None:
        rows = [[with_hatching(picture, lacking, one.affine) for picture in row] for row in rows]
    return rows, volume


def _slices(space: BrainSpace, plane: str, request: FigureRequest) -> list[Any]:
    if request.mm:
        return [space.slice_at(plane, mm) for mm in request.mm]
    return space.slices(plane, request.n)


def _columns(n: int, request: FigureRequest) -> int:
    """Return in how many columns slices lie: fewer in narrow figures, all rows nearly full."""
    font = request.font_pt / 72
    room = (request.width - 7 * font) / (3.2 * font + _LEAST)
    most = int(np.clip(room, 1, _MOST_IN_A_ROW))
    rows = -(-n // most)
    return -(-n // rows)


def _surface(one: BrainMap, request: FigureRequest) -> tuple[Rows, Any]:
    from napari_compressed_transcriptomics.spatial.surface_sampling import surface_sampling

    from .surface_pictures import surface_rows

    values = surface_sampling(one.parcellation)(one.values)
    if values.without == 1:
        raise UserError(
            f"{one.title} has no value on the cortex; show slices, or check that its space is MNI"
        )
    pixels = int(np.clip(request.width_pixels / 2, *_PIXELS))
    return surface_rows(request.mesh, pixels), values

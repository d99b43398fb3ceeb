"""All that is drawn in the cells beside layers, as values: what changed is drawn anew."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.viewer.layer_content import measured, shown

from .camera import extent_of, on_canvas
from .content import CellText, CellTexts
from .layout import CellLayout, lay_out
from .letters import side_letters

Color = tuple[int, int, int]

_SCALES = (1, 2, 5, 10, 20, 50, 100, 200, 500)  # mm
_SCALE_NUMBER = 42  # pixels
_LONGEST_SCALE = 50


@dataclass(frozen=True)
class SeenCell:
    """One cell: where its parts lie and what they say."""

    layout: CellLayout
    text: CellText


@dataclass(frozen=True)
class Mark:
    """The place picked, where it is seen: in pixels from a cell's middle, with its name."""

    x: float
    y: float
    radius: float
    name: str


@dataclass(frozen=True)
class Seen:
    """All that is drawn over and under the layers of a canvas.

    Attributes
    ----------
    size : (width, height)
        Of the canvas, in pixels.
    background : tuple of int
        The canvas's red, green and blue.
    cells : tuple of SeenCell
        Row by row, only those that show a layer.
    letters : tuple of (side, letter)
    place : str
        Which slice is seen.
    scale : (float, str)
        Length of the scale bar in pixels, and what it says; 0 for none.
    mark : Mark or None
    slice : tuple
        What pictures of slices depend on: axis, mm, camera; empty in 3-D.
    """

    size: tuple[float, float] = (0.0, 0.0)
    background: Color = (0, 0, 0)
    cells: tuple[SeenCell, ...] = ()
    letters: tuple[tuple[str, str], ...] = ()
    place: str = ""
    scale: tuple[float, str] = (0.0, "")
    mark: Mark | None = None
    slice: tuple[Any, ...] = field(default=())

    def tooltip_at(self, x: float, y: float) -> str:
        """Return in full what is said at a place on the canvas; empty elsewhere."""
        for cell in self.cells:
            layout = cell.layout
            for rect in (layout.title, layout.bar, layout.numbers, layout.caption):
                if rect is not None and rect.contains(x, y):
                    return cell.text.tooltip
        return ""


def groups_of(viewer: Any) -> list[list[Any]]:
    """Return the visible layers of each cell, as napari distributes them; without a grid one."""
    layers, grid = list(viewer.layers), viewer.canvas.grid
    visible = [layer for layer in layers if layer.visible]
    if not grid.enabled:
        return [visible] if visible else []
    stride = abs(grid.stride) or 1
    groups: dict[int, list[Any]] = {}
    for i, layer in enumerate(layers):
        if layer.visible:
            group = (i if grid.stride > 0 else len(layers) - 1 - i) // stride
            groups.setdefault(group, []).append(layer)
    return [groups[group] for group in sorted(groups)]


def layouts_of(viewer: Any) -> list[CellLayout]:
    """Return where the parts of all cells lie, also of those that show nothing."""
    grid = viewer.canvas.grid
    height, width = viewer.canvas.size
    shape = grid.actual_shape(viewer.layers)
    across, down = extent_of(viewer) or (1.0, 1.0)
    spacing = grid.spacing  # pixels, or below 1 a share of a cell's mean side
    if spacing < 1:
        spacing *= (width / shape[1] + height / shape[0]) / 2
    return lay_out(
        (width, height),
        shape,
        across / down,
        titled=grid.enabled,
        spacing=int(spacing),
        even=viewer.dims.ndisplay == 3,
    )


def look(
    viewer: Any,
    texts: CellTexts,
    pick: tuple[np.ndarray, str] | None = None,
    sliced: bool = False,
    written: bool = True,
    sided: bool = True,
) -> Seen:
    """Look at a viewer.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    texts : CellTexts
        Of this viewer.
    pick : (ndarray of shape (3,), str), optional
        The place picked, in mm (z, y, x), and its name.
    sliced : bool
        Whether there are pictures of slices.
    written : bool
        Whether texts, letters and colour bars are wanted.
    sided : bool
        Whether letters and scale hold for all that is seen.
    """
    height, width = viewer.canvas.size
    color = np.rint(np.asarray(viewer.canvas.background_color)[:3] * 255).astype(int)
    nothing = Seen((width, height), tuple(color.tolist()))
    if not any(shown(layer) is not None for layer in viewer.layers):
        return nothing
    groups, grid = groups_of(viewer), viewer.canvas.grid.enabled
    if not groups:
        return nothing
    cells = []
    for layout, layers in zip(layouts_of(viewer), groups, strict=False):
        top = next((x for x in reversed(layers) if _has_bar(x)), layers[-1])
        cells.append(
            SeenCell(layout, texts.of(viewer, top, titled=grid) if written else CellText())
        )
    return Seen(
        (width, height),
        nothing.background,
        tuple(cells),
        tuple(side_letters(viewer).items()) if written and sided else (),
        _place(viewer) if written else "",
        _scale(viewer, cells[0].layout) if written and sided else (0.0, ""),
        _mark(viewer, cells, pick),
        _slice(viewer) if sliced else (),
    )


def _has_bar(layer: Any) -> bool:
    return measured(layer) is not None and hasattr(layer, "contrast_limits")


def _place(viewer: Any) -> str:
    """Return the millimetres of the slice that is seen."""
    dims = viewer.dims
    return ", ".join(
        f"{dims.axis_labels[axis]} {dims.point[axis]:.4g} mm".replace("-", "−")
        for axis in dims.not_displayed
        if axis >= dims.ndim - 3
    )


def _scale(viewer: Any, layout: CellLayout) -> tuple[float, str]:
    zoom = viewer.scene.camera.zoom
    if layout.scale is None:
        return 0.0, ""
    most = min(_LONGEST_SCALE, layout.scale.width - _SCALE_NUMBER)
    fitting = [mm for mm in _SCALES if mm * zoom <= most]
    return (fitting[-1] * zoom, f"{fitting[-1]} mm") if fitting else (0.0, "")


def _slice(viewer: Any) -> tuple[Any, ...]:
    dims, camera = viewer.dims, viewer.scene.camera
    if dims.ndisplay == 3 or dims.ndim < 3:
        return ()
    axis = dims.order[-3]
    return (
        axis - (dims.ndim - 3),
        dims.point[axis],
        *(axis - (dims.ndim - 3) for axis in dims.displayed),
        tuple(camera.center),
        camera.zoom,
        tuple(map(str, camera.orientation2d)),
    )


def _mark(viewer: Any, cells: list[SeenCell], pick: tuple[np.ndarray, str] | None) -> Mark | None:
    """Return the mark: in 2-D only on its slice, in 3-D through everything."""
    if pick is None or not cells:
        return None
    place, name = pick
    dims = viewer.dims
    if dims.ndisplay == 2:
        axis = dims.order[-3]
        step = dims.range[axis].step
        if abs(dims.point[axis] - place[axis - (dims.ndim - 3)]) > step / 2 + 1e-3:
            return None
    where = on_canvas(viewer, cells[0].layout.cell, place)
    if where is None:
        return None
    (x, y), (middle_x, middle_y) = where[0], cells[0].layout.cell.middle
    radius = float(np.clip(5 * viewer.scene.camera.zoom, 5, 30))
    return Mark(float(x - middle_x), float(y - middle_y), radius, name)

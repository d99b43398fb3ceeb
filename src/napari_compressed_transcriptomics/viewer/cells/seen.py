"""All that is drawn in the cells beside layers, as values: what changed is drawn anew."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.viewer.layer_content import measured, shown
from napari_compressed_transcriptomics.viewer.layer_values import part_shown, sliced_axis

from .camera import box_of, extent_of, on_canvas
from .captions import CellText, CellTexts
from .layout import CellLayout, Rect, lay_out
from .letters import side_letters
from .scale_bar import scale_bar
from .slices import NoData, SlicePicture

Color = tuple[int, int, int]


@dataclass(frozen=True)
class SeenCell:
    """One cell: where its parts lie, what they say, where regions of the slice have no data."""

    layout: CellLayout
    text: CellText
    no_data: SlicePicture | None = None


@dataclass(frozen=True)
class Mark:
    """The place picked, where it is seen: in pixels from a cell's middle, with its name."""

    x: float
    y: float
    radius: float
    name: str


@dataclass(frozen=True)
class Words:
    """What is written at a place: its middle, in pixels from a cell's, and how large, in pixels."""

    text: str
    x: float
    y: float
    size: int


@dataclass(frozen=True)
class Seen:
    """All that is drawn over and under the layers of a canvas."""

    size: tuple[float, float] = (0.0, 0.0)
    """Of the canvas, in pixels. Width and height."""
    background: Color = (0, 0, 0)
    """The canvas's red, green and blue."""
    shape: tuple[int, int] = (1, 1)
    """Of the grid; one of each without. Rows and columns."""
    cells: tuple[SeenCell, ...] = ()
    """Row by row, only those that show a layer."""
    letters: tuple[tuple[str, str], ...] = ()
    """Of (side, letter)."""
    place: str = ""
    """Which slice is seen."""
    scale: tuple[float, str] = (0.0, "")
    """Length of the scale bar in pixels, and what it says; 0 for none."""
    words: tuple[Words, ...] = ()
    mark: Mark | None = None
    cross: tuple[tuple[float, ...], ...] = ()
    """Where the lines of the crosshair meet and where they end, in pixels from a cell's middle. Of
    (x, y)."""
    slice: tuple[Any, ...] = field(default=())
    """What pictures of slices depend on: axis, mm, camera; empty in 3-D."""

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


def layouts_of(viewer: Any, wanted: "Wanted") -> list[CellLayout]:
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
        titled=grid.enabled or wanted.titled,
        spacing=int(spacing),
        even=viewer.dims.ndisplay == 3,
        barred=wanted.barred,
        lettered=wanted.sided,
    )


@dataclass
class Wanted:
    """What is wanted in cells."""

    written: bool = True
    """Whether texts, letters and colour bars are wanted at all."""
    sided: bool = True
    """Whether letters and scale hold for all that is seen."""
    barred: bool = True
    """Whether there are colour bars and captions; not in small views."""
    titled: bool = False
    """Whether there are titles where there is but one cell, too."""
    in_place: bool = True
    """Whether what is shown lies where the brain has it, so that places can be marked."""
    words: tuple[tuple[str, np.ndarray], ...] = ()
    """What is written, and where: its middle, in mm (z, y, x), shape (3,)."""
    word_size: int = 11
    """In pixels."""
    marked: tuple[np.ndarray, str] | None = None
    """The place ringed, in mm (z, y, x), shape (3,), and its name."""
    cross: np.ndarray | None = None
    """Where the lines of the crosshair meet, in mm (z, y, x). Shape (3,)."""


def look(viewer: Any, texts: CellTexts, wanted: Wanted, sliced: bool = False) -> Seen:
    """Look at a viewer.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    texts : CellTexts
        Of this viewer.
    wanted : Wanted
    sliced : bool
        Whether there are pictures of slices.
    """
    height, width = viewer.canvas.size
    color = np.rint(np.asarray(viewer.canvas.background_color)[:3] * 255).astype(int)
    nothing = Seen((width, height), tuple(color.tolist()))
    if not any(shown(layer) is not None for layer in viewer.layers):
        return nothing
    groups, grid = groups_of(viewer), viewer.canvas.grid.enabled
    titled = grid or wanted.titled
    if not groups:
        return nothing
    cells = []
    for layout, layers in zip(layouts_of(viewer, wanted), groups, strict=False):
        top = next((x for x in reversed(layers) if _has_bar(x)), layers[-1])
        told = wanted.written and (wanted.barred or titled)
        said = texts.of(viewer, top, titled=titled) if told else CellText()
        cells.append(SeenCell(layout, said, _no_data(viewer, top, texts.no_data)))
    sliced |= any(cell.no_data for cell in cells)
    sided = wanted.written and wanted.sided
    return Seen(
        (width, height),
        nothing.background,
        viewer.canvas.grid.actual_shape(viewer.layers) if grid else (1, 1),
        tuple(cells),
        tuple(side_letters(viewer).items()) if sided else (),
        _place(viewer) if wanted.written else "",
        scale_bar(viewer, cells[0].layout) if sided else (0.0, ""),
        _words(viewer, cells[0].layout.cell, wanted),
        _mark(viewer, cells, wanted.marked) if wanted.in_place else None,
        _cross(viewer, cells[0].layout.cell, wanted.cross) if wanted.in_place else (),
        _slice(viewer) if sliced else (),
    )


def _no_data(viewer: Any, layer: Any, known: NoData) -> SlicePicture | None:
    dims, axis = viewer.dims, sliced_axis(viewer.dims)
    if axis is None:
        return None
    return known.slice(layer, part_shown(viewer, layer), axis, dims.point[axis - 3])


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


def _slice(viewer: Any) -> tuple[Any, ...]:
    dims, camera = viewer.dims, viewer.scene.camera
    sliced = sliced_axis(dims)
    if sliced is None:
        return ()
    return (
        sliced,
        dims.point[sliced - 3],
        *(axis - (dims.ndim - 3) for axis in dims.displayed),
        tuple(camera.center),
        camera.zoom,
        tuple(map(str, camera.orientation2d)),
    )


def _words(viewer: Any, cell: Rect, wanted: Wanted) -> tuple[Words, ...]:
    if not wanted.words:
        return ()
    texts, places = zip(*wanted.words, strict=True)
    at = on_canvas(viewer, cell, np.array(places))
    if at is None:
        return ()
    where = zip(texts, (at - cell.middle).tolist(), strict=True)
    return tuple(Words(text, x, y, wanted.word_size) for text, (x, y) in where)


def _mark(viewer: Any, cells: list[SeenCell], pick: tuple[np.ndarray, str] | None) -> Mark | None:
    """Return the mark: in 2-D only on its slice, in 3-D through everything."""
    if pick is None or not cells:
        return None
    place, name = pick
    dims = viewer.dims
    if dims.ndisplay == 2:
        axis = sliced_axis(dims)
        if axis is None:
            return None
        step = dims.range[axis - 3].step
        if abs(dims.point[axis - 3] - place[axis]) > step / 2 + 1e-3:
            return None
    where = on_canvas(viewer, cells[0].layout.cell, place)
    if where is None:
        return None
    (x, y), (middle_x, middle_y) = where[0], cells[0].layout.cell.middle
    radius = float(np.clip(5 * viewer.scene.camera.zoom, 5, 30))
    return Mark(float(x - middle_x), float(y - middle_y), radius, name)


def _cross(viewer: Any, cell: Rect, place: np.ndarray | None) -> tuple[tuple[float, ...], ...]:
    """Return a place and the ends of the brain along all axes displayed."""
    box = box_of(viewer)
    if place is None or box is None or viewer.dims.ndim < 3:
        return ()
    axes = [axis - (viewer.dims.ndim - 3) for axis in viewer.dims.displayed]
    if min(axes) < 0:
        return ()
    points = [place]
    for axis in axes:
        for end in (min(box[0, axis], place[axis]), max(box[1, axis], place[axis])):
            points.append(np.where(np.arange(3) == axis, end, place))
    at = on_canvas(viewer, cell, np.array(points))
    return () if at is None else tuple(map(tuple, (at - cell.middle).tolist()))

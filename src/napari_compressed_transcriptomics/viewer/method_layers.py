"""Latents of several methods as layers beside each other: neighbours are of one method."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .brain_view import BrainView, attach
from .layers import samples_layer

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.study.latents_of_methods import NamedLatents

    Cells = dict[tuple[NamedLatents, int], Any]

MAX_LAYERS = 36
"""Each costs the viewer a noticeable fraction of a second."""
_MAX_A_METHOD = 8
_CLEARLY = 1.2


def shown_components(sizes: Sequence[int]) -> int:
    """Return how many components of each method are shown, the first ones, of such sizes."""
    return max(1, min(max(sizes), _MAX_A_METHOD, MAX_LAYERS // len(sizes)))


def grid_shape(counts: Sequence[int]) -> tuple[int, int]:
    """Return rows and columns of a grid of methods with so many layers each.

    A row per method, or several methods per row where that makes brains clearly larger in a window
    that is half as wide again as it is high. A method is never broken over two rows.
    """
    widest, n = max(counts), len(counts)

    def size(a_row: int) -> float:
        return min(1.5 / (a_row * widest), 1 / -(-n // a_row))

    best = max(size(a_row) for a_row in range(1, n + 1))
    a_row = next(a_row for a_row in range(1, n + 1) if size(a_row) >= best / _CLEARLY)
    return -(-n // a_row), a_row * widest


def show_beside_each_other(
    viewer: Any, latents: "Sequence[NamedLatents]", there: "Cells | None" = None
) -> "Cells":
    """Show layers of the first components of each method in a grid, and hide all others.

    In a window they come one in a turn of the event loop, and are seen when all are there.

    Each layer has a contrast of its own, symmetric about its mean. Methods with fewer components
    than the others come last, so that the rest stay in line.

    Parameters
    ----------
    viewer : napari.Viewer
    latents : sequence of NamedLatents
    there : Cells, optional
        What was shown before: what is still wanted stays, the rest is removed.

    Returns
    -------
    Cells
        Latents and number of the component (from 0) to their layer; fills as layers come.
    """
    view = attach(viewer)
    view.turns.finish()
    cells: Cells = {}
    view.turns.start(_showing(viewer, view, latents, there or {}, cells))
    return cells


def _showing(
    viewer: Any, view: BrainView, latents: "Sequence[NamedLatents]", there: "Cells", cells: "Cells"
) -> Iterator[None]:
    most = shown_components([one.latent_size for one in latents])
    counts = {one: min(most, one.latent_size) for one in latents}
    in_line = sorted(latents, key=lambda one: -counts[one])
    rows, columns = grid_shape([counts[one] for one in in_line])
    wanted = [(one, component) for one in in_line for component in range(counts[one])]
    with view.at_once():
        for key, layer in there.items():
            if key not in wanted and layer in viewer.layers:
                viewer.layers.remove(layer)
        for key in wanted:
            if key in there and there[key] in viewer.layers:
                cells[key] = there[key]
            else:
                cells[key] = _add(viewer, *key)
                yield
        layers = [layer for layer in cells.values() if layer in viewer.layers]
        for layer in viewer.layers:
            layer.visible = layer in layers
        order = [viewer.layers.index(layer) for layer in layers]
        if order != sorted(order):
            viewer.layers.move_multiple(order, len(viewer.layers))
        view.show_side_by_side((rows, columns))


def _add(viewer: Any, latents: "NamedLatents", component: int) -> Any:
    values = latents.values[:, component]
    data, attributes, _ = samples_layer(
        latents.expression or latents.parcellation,
        values,
        "component",
        f"{latents.short_title} {component + 1}",
        center=float(np.nanmean(values, dtype=float)),
        visible=False,
    )
    return viewer.add_image(data, **attributes)

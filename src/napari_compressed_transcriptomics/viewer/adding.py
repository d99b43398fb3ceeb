"""Adding what was read to a viewer, and preparing the viewer for what napari will add."""

from collections.abc import Callable
from typing import Any

from napari_compressed_transcriptomics.core.expression import Expression

from .brain_view import attach
from .layer_content import space
from .layers import expression_layer
from .window.notices import tell
from .window.painting import paint_later


def read_for_layer(read: Callable[..., Expression], *args: Any) -> Expression:
    """Return what `read` returns, in a thread, having made there what its layer takes long for.

    Parameters
    ----------
    read : callable
        Returns an `Expression`.
    *args
        What it is called with.
    """
    expression = read(*args)
    place = expression.parcellation
    for one in (place, space(place)["view"]):
        _ = one.voxels_per_sample  # which each remembers
    return expression


def add_expression(viewer: Any, expression: Expression) -> Any:
    """Add an expression layer to a viewer, and tell what was noticed on reading."""
    attach(viewer)
    tell(expression.notes)
    data, attributes, _ = expression_layer(expression)
    paint_later(viewer)
    return viewer.add_image(data, **attributes)


def prepare_viewer() -> Any:
    """Attach the current viewer, if there is one, before napari adds what was read."""
    from napari import current_viewer

    viewer = current_viewer()
    if viewer is not None:
        attach(viewer)
    return viewer

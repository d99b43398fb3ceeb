"""Adding what was read to a viewer, and preparing the viewer for what napari will add."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from napari_compressed_transcriptomics.core.expression import Expression

from .brain_view import attach
from .layers import expression_layer
from .window.notices import tell


def add_expression(viewer: Any, expression: Expression) -> Any:
    """Add an expression layer to a viewer, and tell what was noticed on reading."""
    attach(viewer)
    tell(expression.notes)
    data, attributes, _ = expression_layer(expression)
    with _painted_after(viewer):
        return viewer.add_image(data, **attributes)


@contextmanager
def _painted_after(viewer: Any) -> Iterator[None]:
    """Have the canvas painted once for all: napari makes room beside it for sliders and controls.

    Each time Qt would paint it at once.
    """
    window = getattr(viewer, "window", None)
    if window is None:
        yield
        return
    place = window.main_menu.window().centralWidget()
    place.setUpdatesEnabled(False)
    try:
        yield
    finally:
        place.setUpdatesEnabled(True)


def prepare_viewer() -> Any:
    """Attach the current viewer, if there is one, before napari adds what was read."""
    from napari import current_viewer

    viewer = current_viewer()
    if viewer is not None:
        attach(viewer)
    return viewer

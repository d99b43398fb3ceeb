"""Which layers of a viewer are selected, while others come."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def selection_kept(viewer: Any) -> Iterator[None]:
    """Keep selected what is, while layers are added, and tell nobody.

    napari selects each that comes; to select again what was would show controls and paint buttons
    of both in turn.
    """
    layers = viewer.layers
    selected = set(layers.selection)
    with layers.selection.events.blocker_all():
        try:
            yield
        finally:
            layers.selection = selected & set(layers)

"""Which layers of a viewer are selected, while others come."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def selection_kept(viewer: Any) -> Iterator[None]:
    """Keep selected what is, while layers are added, and tell nobody.

    napari selects each that comes. To select again what was would show controls and paint buttons
    of both, for a third of the time that the layer takes.
    """
    layers = viewer.layers
    selected = set(layers.selection)
    with layers.selection.events.blocker_all():
        yield
        layers.selection = selected & set(layers)

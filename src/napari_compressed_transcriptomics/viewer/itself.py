"""Viewers, layers and overlays themselves, behind the proxies that napari hands to docks."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

Made = TypeVar("Made")


def itself(thing: Any) -> Any:
    """Return what a proxy stands for; the proxy goes when whoever had it does."""
    return getattr(thing, "__wrapped__", thing)


class OnePerViewer(Generic[Made]):
    """Called with a viewer, returns what belongs to it: made when first asked for, gone with it.

    Parameters
    ----------
    make : callable
        Makes it of the viewer, which it must not keep alive.
    """

    def __init__(self, make: Callable[[Any], Made]):
        self._make = make
        self._made: WeakKeyDictionary[Any, Made] = WeakKeyDictionary()

    def __call__(self, viewer: Any) -> Made:
        """Return what belongs to a viewer."""
        viewer = itself(viewer)
        if viewer not in self._made:
            self._made[viewer] = self._make(viewer)
        return self._made[viewer]

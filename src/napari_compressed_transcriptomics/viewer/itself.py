"""Viewers, layers and overlays themselves, behind the proxies that napari hands to docks."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary, ref

Made = TypeVar("Made")


def itself(thing: Any) -> Any:
    """Return what a proxy stands for; the proxy goes when whoever had it does."""
    return getattr(thing, "__wrapped__", thing)


class Same:
    """A thing as part of a key: equal to itself only, and to nothing once it is gone.

    Its `id` would be that of another thing by then.
    """

    def __init__(self, thing: Any):
        self._id = id(thing)
        try:
            self._thing: Callable[[], Any] = ref(thing)
        except TypeError:  # an array of Dask, say
            self._thing = lambda: thing

    def __eq__(self, other: object) -> bool:
        thing = self._thing()
        return isinstance(other, Same) and thing is not None and thing is other._thing()

    def __hash__(self) -> int:
        return self._id


class OnePerViewer(Generic[Made]):
    """Called with a viewer, returns what belongs to it: made when first asked for, gone with it.

    The viewer holds it, and nothing else does: it may know layers, to which the canvas listens,
    which knows the viewer, so that who held the one would keep the other alive.

    Parameters
    ----------
    make : callable
        Makes it of the viewer.
    """

    def __init__(self, make: Callable[[Any], Made]):
        self._make = make
        self._made: WeakKeyDictionary[Any, ref[Made]] = WeakKeyDictionary()

    def __call__(self, viewer: Any) -> Made:
        """Return what belongs to a viewer."""
        viewer = itself(viewer)
        known = self._made.get(viewer)
        made = None if known is None else known()
        if made is None:
            made = self._make(viewer)
            viewer.events.theme.connect(_holding(made))
            self._made[viewer] = ref(made)
        return made


def _holding(thing: Any) -> Callable[[Any], None]:
    """Return a function that does nothing but hold a thing, for as long as an event knows it."""

    def hold(event: Any, thing: Any = thing) -> None:
        pass

    return hold

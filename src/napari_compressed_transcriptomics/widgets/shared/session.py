"""What the docks of one viewer share: its work, codecs trained in it, the sample looked at."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import proxy

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_compressed_transcriptomics.codecs.registry import short_title
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.viewer.anatomy.pick_mark import pick_mark
from napari_compressed_transcriptomics.viewer.anatomy.place import go_to
from napari_compressed_transcriptomics.viewer.itself import OnePerViewer
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.picking import sample_under

from .work import Work

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec


@dataclass(frozen=True, eq=False)
class Pick:
    """A sample that was clicked, in the brain or in a plot."""

    parcellation: Parcellation
    """Whose sample it is; results of the same data share it."""
    sample: int
    """Its row."""
    position: np.ndarray
    """The middle of the voxel clicked, or of the sample, in RAS mm (x, y, z). Shape (3,)."""


class Session(QObject):
    """What belongs to one viewer, and is gone with it.

    Attributes
    ----------
    work : Work
        Data that are open, results, comparisons and predictions.
    codecs : dict of str to Codec
        Trained in this viewer, by name, newest last; `changed` tells of a new one.
    pick : Pick or None
        The sample looked at; `picked` tells of another one.
    main : Workspace or None
        The main dock, while there is one.
    """

    changed = Signal()
    picked = Signal(object)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = proxy(viewer)
        self.work = Work(viewer)
        self.codecs: dict[str, Codec] = {}
        self.pick: Pick | None = None
        self._mark = pick_mark(viewer)
        self.main: Any = None
        viewer.mouse_drag_callbacks.append(self._on_mouse)

    def add(self, codec: "Codec", data: str) -> str:
        """Keep a codec under a name of its own, made from what it was trained on; return that."""
        base = name = f"{short_title(codec.id)} k={codec.latent_size}, trained on {data}"
        number = 1
        while name in self.codecs:
            number += 1
            name = f"{base} ({number})"
        self.codecs[name] = codec
        self.changed.emit()
        return name

    def look_at(self, parcellation: Parcellation, sample: int) -> None:
        """Pick a sample from a plot or table: the viewer goes there."""
        position = _nearest_voxel(parcellation, sample)
        go_to(self._viewer, position)
        self._pick(Pick(parcellation, sample, position))

    def _pick(self, pick: Pick) -> None:
        self.pick = pick
        self._mark.show(pick)
        self.picked.emit(pick)

    def _on_mouse(self, viewer: Any, event: Any) -> Iterator[None]:
        """Pick on a click without a drag, with the left button and no key."""
        if event.button != 1 or event.modifiers:
            return
        yield
        while event.type == "mouse_move":
            if event.pos is not None and not _near(event.pos, event.press_event.pos):
                return
            yield
        self.pick_at(event.position, event.view_direction, event.dims_displayed)

    def pick_at(
        self,
        position: Any,
        view_direction: Any,
        dims_displayed: Any,
        layers: Iterable[Any] | None = None,
    ) -> None:
        """Pick what lies there in the topmost visible layer that has a sample there.

        Parameters
        ----------
        position, view_direction, dims_displayed
            Of a mouse event, world coordinates.
        layers : iterable of layer, optional
            Those under the mouse, topmost first, where it is in a view beside the window's own.
        """
        for layer in self._under_mouse() if layers is None else layers:
            sample = sample_under(layer, position, view_direction, dims_displayed)
            what = shown(layer)
            if sample is not None and what is not None and what.parcellation is not None:
                flat = view_direction is None or len(dims_displayed) < 3
                middle = _nearest_voxel(what.parcellation, sample)
                if flat:
                    index = np.rint(layer.world_to_data(position))[-3:]
                    middle = (layer.translate[-3:] + index * layer.scale[-3:])[::-1]
                self._pick(Pick(what.parcellation, sample, middle))
                return

    def _under_mouse(self) -> list[Any]:
        """Visible layers, topmost first; in grid mode those of the cell under the mouse."""
        layers, cell = self._viewer.layers, self._viewer.cursor.viewbox
        if self._viewer.canvas.grid.enabled and cell is not None:
            layers = [layers[i] for i in self._viewer.canvas.grid.contents_at(tuple(cell), layers)]
        return [layer for layer in reversed(layers) if layer.visible]


session = OnePerViewer(Session)
"""The session of a viewer."""


def _nearest_voxel(parcellation: Parcellation, sample: int) -> np.ndarray:
    """Return the middle (x, y, z), in mm, of the sample's voxel that is nearest to its centroid.

    The centroid itself can lie outside of a bent region.
    """
    alone = parcellation.renumbered(parcellation.labels == sample + 1)
    places = alone.places_in(np.eye(4))[1]
    return places[np.square(places - places.mean(0)).sum(1).argmin()]


def _near(one: Any, other: Any) -> bool:
    return float(np.abs(np.asarray(one) - np.asarray(other)).max()) <= 3

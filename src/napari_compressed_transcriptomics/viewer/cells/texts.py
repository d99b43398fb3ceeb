"""Letters, names and colour bars in the cells of a grid, which change without a long stop."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, proxy

from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.turns import timer_of

_A_TURN = 12
"""Texts drawn anew in a turn of the event loop: napari takes about 50 ms for each."""


class CellTexts:
    """Takes texts off before cells of a grid change, and puts them on again a few at a time.

    napari makes every text anew whose cell is another one, all of them in one go, for which the
    window would stand still for seconds. Without a window texts stay, and without a grid.

    Parameters
    ----------
    viewer : napari.Viewer or napari.components.ViewerModel
    letters : sequence of overlay
        Seen in every cell.

    Attributes
    ----------
    held : bool
        Whether texts stay off for now, see `hold`.
    """

    def __init__(self, viewer: Any, letters: Sequence[Any]):
        self._viewer = proxy(viewer)
        self._letters = list(letters)
        self._with_letters = False
        self._waiting: WeakKeyDictionary[Any, set[Any]] = WeakKeyDictionary()
        self._off = self._changing = self.held = False
        self._timer = timer_of(viewer)
        if self._timer is not None:
            self._timer.timeout.connect(self._put_on)

    @property
    def complete(self) -> bool:
        """Whether all texts are there that are to be."""
        return not self._off

    def show(self, layer: Any, overlay: Any, wanted: bool) -> None:
        """Show or hide the name or colour bar of a layer."""
        layer, overlay = itself(layer), itself(overlay)
        if wanted and self._off and not overlay.visible:
            self._waiting.setdefault(layer, set()).add(overlay)
            return
        self._waiting.get(layer, set()).discard(overlay)
        overlay.visible = wanted

    def show_letters(self, wanted: bool) -> None:
        """Show or hide the letters."""
        self._with_letters = wanted
        for letter in self._letters:
            if not wanted:
                letter.visible = False
            elif not (self._off or letter.visible):
                _appear(letter)

    def take_off(self, event: Any = None) -> None:
        """Hide all texts until the event loop has its next turns, as cells are about to change."""
        if self._timer is None or not (self.held or self._viewer.canvas.grid.enabled):
            return
        self._timer.start(0)
        self._off = True
        with _as_one_cell(self._viewer):
            for layer in self._viewer.layers:
                for overlay in (layer.name_overlay, getattr(layer, "colorbar", None)):
                    if overlay is not None and overlay.visible:
                        self._waiting.setdefault(layer, set()).add(overlay)
                        overlay.visible = False
            for letter in self._letters:
                letter.visible = False

    def before(self, event: Any = None) -> None:
        """Take texts off until `after`: a new layer's slider makes napari draw in between."""
        self.take_off()
        self._changing = True

    def after(self, event: Any = None) -> None:
        """Let texts come again after `before`."""
        self._changing = False

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Take texts off, whether there is a grid already or not, and keep them off meanwhile."""
        self.held = True
        try:
            self.take_off()
            yield
        finally:
            self.held = False

    def _put_on(self) -> None:
        """Show some more texts, letters first."""
        if self.held or self._changing:
            self._changing = False  # an insertion that failed is at an end, too
        elif not self._put_some():
            self._off = False
            self._timer.stop()

    def _put_some(self) -> bool:
        viewer = self._viewer
        rows, columns = viewer.canvas.grid.actual_shape(viewer.layers)
        letters = [x for x in self._letters if not x.visible] if self._with_letters else []
        for letter in letters[: max(1, _A_TURN // (rows * columns))]:
            _appear(letter)
        if letters:
            return True
        layers = list(self._waiting)[: _A_TURN // 2]
        for layer in layers:
            _appear_of(viewer, layer, self._waiting.pop(layer))
        return bool(layers)


def _appear_of(viewer: Any, layer: Any, overlays: set[Any]) -> None:
    """Make name and colour bar visible in a cell that may be another one.

    A colour bar tells its numbers' size by its cell's, and fails in none. That napari moves all
    of a layer's overlays, once they are to be visible, when its name is told of helps.
    """
    for overlay in overlays:
        with overlay.events.visible.blocked():
            overlay.visible = True
    if layer not in viewer.layers:  # removed meanwhile, and perhaps added again later
        return
    layer.name_overlay.events.visible.emit(layer.name_overlay.visible)
    with _as_one_cell(viewer):
        for overlay in overlays - {layer.name_overlay}:
            overlay.events.visible.emit(True)


def _appear(overlay: Any) -> None:
    """Make an overlay visible in a grid that may have changed while it was hidden.

    napari would place it in all cells before it has made one for each that is new, and fail; that
    it makes them as well when `gridded` changes helps.
    """
    with overlay.events.visible.blocked():
        overlay.visible = True
    overlay.events.gridded.emit(overlay.gridded)
    overlay.events.visible.emit(True)


@contextmanager
def _as_one_cell(viewer: Any) -> Iterator[None]:
    """Let napari see no grid: it would place all texts of all cells for each that changes."""
    grid = viewer.canvas.grid
    enabled = grid.enabled
    with grid.events.enabled.blocker():
        grid.enabled = False
        try:
            yield
        finally:
            grid.enabled = enabled

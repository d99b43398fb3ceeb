"""A list of what can tell regions: the samples of a region table, and the Labels layers."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from napari_compressed_transcriptomics.core.regions import Regions, RegionVolume, samples_as_regions
from napari_compressed_transcriptomics.viewer import selection
from napari_compressed_transcriptomics.viewer.region_layers import (
    region_volume_of_layer,
    regions_of_layer,
    saved_region_volume,
)

from .fields import Choice
from .following import at_end, follow

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_EDITS = ("data", "paint", "labels_update", "features", "scale", "translate", "affine")


class RegionChoice(Choice):
    """Follows the viewer's Labels layers.

    Parameters
    ----------
    viewer : napari.Viewer
    take_new : bool
        A new layer is chosen at once.
    """

    changed = Signal()
    """Another layer is chosen, or the chosen one was edited."""

    def __init__(self, viewer: Any, take_new: bool = True):
        super().__init__()
        self._viewer = viewer
        self._take_new = take_new
        self._layers: list[Any] = []
        self._known: tuple[Any, Any, Regions] | None = None
        self.setToolTip(
            "Where regions come from: any 3-D Labels layer in the viewer, or the samples "
            "themselves. Open or draw a Labels layer to see it here."
        )
        self.addItem("Samples themselves")
        events, layers, unfollow = viewer.layers.events, self._layers, self._unfollow
        follow(self, (events.inserted, events.removed, events.renamed), self._fill)
        at_end(self, lambda: [unfollow(layer) for layer in layers])
        self.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._fill()

    @property
    def layer(self) -> "Labels | None":
        """The Labels layer chosen, or None for the samples themselves."""
        index = self.currentIndex()
        return self._layers[index - 1] if index > 0 else None

    def volume(self) -> RegionVolume | None:
        """Return the regions of the layer chosen, if one is."""
        return None if self.layer is None else region_volume_of_layer(self.layer)

    def saved_volume(self) -> RegionVolume | None:
        """Return `volume` with the file that it is in; a `UserError` where it is in none."""
        return None if self.layer is None else saved_region_volume(self.layer)

    def regions(self, result: "Reconstruction | None") -> Regions | None:
        """Return the regions of a result's samples.

        None without a result, or where its samples are voxels and no layer is chosen.
        """
        if result is None:
            return None
        parcellation = result.expression.parcellation
        if self.layer is None:
            return samples_as_regions(result.expression)
        if self._known is None or self._known[:2] != (self.layer, parcellation):
            self._known = self.layer, parcellation, regions_of_layer(self.layer, parcellation)
        return self._known[2]

    def _fill(self, event: Any = None) -> None:
        from napari.layers import Labels

        before = self.layer
        found = [
            layer for layer in self._viewer.layers if isinstance(layer, Labels) and layer.ndim == 3
        ]
        new = [layer for layer in found if layer not in self._layers]
        for layer in self._layers:
            if layer not in found:
                self._unfollow(layer)
        for layer in new:
            for name in _EDITS:
                getattr(layer.events, name).connect(self._on_edit)
        self._layers[:] = found
        opened = [layer for layer in new if layer.name != selection.NAME]  # not chosen by itself
        chosen = opened[-1] if opened and self._take_new else before
        self.blockSignals(True)
        while self.count() > 1:
            self.removeItem(1)
        self.addItems([layer.name for layer in found])
        self.setCurrentIndex(found.index(chosen) + 1 if chosen in found else 0)
        self.blockSignals(False)
        if self.layer is not before:
            self.changed.emit()

    def _unfollow(self, layer: Any) -> None:
        for name in _EDITS:
            getattr(layer.events, name).disconnect(self._on_edit)

    def _on_edit(self, event: Any) -> None:
        self._known = None
        if event.source is self.layer:
            self.changed.emit()


class CompartmentChoice(RegionChoice):
    """A Labels layer of cortex, subcortex, cerebellum and brainstem, or none."""

    def __init__(self, viewer: Any):
        super().__init__(viewer, take_new=False)
        self.setItemText(0, "By the regions' names")
        self.setToolTip(
            "Surrogate maps keep the steps between cortex, subcortex, cerebellum and brainstem, "
            "without which p-values are too small. They are known from the names of regions in "
            "common atlases; for voxels and other atlases choose a Labels layer of these."
        )

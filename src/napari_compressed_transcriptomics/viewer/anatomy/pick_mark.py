"""The place that was picked, ringed in the viewer: in every cell, with the sample's name."""

from typing import Any
from weakref import proxy

import numpy as np

from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.itself import OnePerViewer, itself
from napari_compressed_transcriptomics.viewer.layer_content import shown


class PickMark:
    """Rings the picked place, in 2-D on its slice and in 3-D through everything."""

    def __init__(self, viewer: Any):
        self._viewer = proxy(itself(viewer))
        self._cells = attach(viewer).cells

    def show(self, pick: Any) -> None:
        """Move the ring to a `Pick`, and name it."""
        self._cells.mark(np.asarray(pick.position)[::-1], self._name(pick))

    def _name(self, pick: Any) -> str:
        """Return the name of a region, or the millimetres of a voxel."""
        labels = pick.parcellation.labels
        if np.count_nonzero(labels == pick.sample + 1) == 1:
            return ", ".join(f"{mm:.3g}" for mm in pick.position).replace("-", "−") + " mm"
        for layer in self._viewer.layers:
            what = shown(layer)
            if what is not None and what.parcellation is pick.parcellation and what.expression:
                return what.expression.samples[pick.sample]
        return ""


pick_mark = OnePerViewer(PickMark)
"""The mark of a viewer, which all its docks share."""

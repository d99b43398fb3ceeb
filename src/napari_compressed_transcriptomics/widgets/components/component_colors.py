"""Tab Colours: three components as red, green and blue of one volume."""

from typing import Any

from qtpy.QtWidgets import QPushButton

from napari_compressed_transcriptomics.viewer import brain_view, layers
from napari_compressed_transcriptomics.widgets.shared.fields import Choice, wrapping_label
from napari_compressed_transcriptomics.widgets.shared.layouts import Tab, form, stack
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice

_COLORS = ("&Red", "&Green", "&Blue")
_ABOUT = (
    "Each component goes from none of its colour at its 1st percentile over samples to all of it "
    "at its 99th. In 3-D the surface is shown. Colour-blind friendly: leave red or green at none."
)


class ComponentColors(Tab):
    """Chooses three components and adds them as one colour layer."""

    def __init__(self, viewer: Any, results: ResultChoice):
        super().__init__(viewer, results)
        self.colors = [Choice() for _ in _COLORS]
        self.add = QPushButton("&Add layer")
        about = wrapping_label(_ABOUT)
        stack(self, form(*zip(_COLORS, self.colors, strict=True)), self.add, about, 0)
        results.changed.connect(self._fill)
        self.add.clicked.connect(self._add)
        self._fill()

    def _fill(self) -> None:
        result = self._chosen.result
        k = result.codec.latent_size if result is not None else 0
        for place, combo in enumerate(self.colors):
            combo.clear()
            combo.addItem("none", None)
            for component in range(k):
                combo.addItem(f"Component {component + 1}", component)
            combo.setCurrentIndex(place + 1 if place < k else 0)
        self.add.setEnabled(k > 0)
        self.add.setToolTip("" if k else "Run Compress first.")

    def _add(self) -> None:
        result = self._chosen.result
        assert result is not None
        chosen = [combo.currentData() for combo in self.colors]
        data, attributes, _ = layers.composite_layer(result, chosen)
        self._viewer.add_image(data, **attributes)
        if self._viewer.canvas.grid.enabled:
            brain_view.attach(self._viewer).show_side_by_side()

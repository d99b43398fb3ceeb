"""What to compare on held-out samples, and how: the form of the tab Held-out error."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_compressed_transcriptomics.codecs.registry import titles
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.writers.comparison import check_comparison_folder
from napari_compressed_transcriptomics.study.compare_request import WHY_BLOCKS, CompareRequest
from napari_compressed_transcriptomics.viewer import settings
from napari_compressed_transcriptomics.widgets.shared.device_choice import DeviceChoice
from napari_compressed_transcriptomics.widgets.shared.fields import (
    ClusterField,
    choice,
    count,
    more_settings,
    push_button,
    text_field,
    wrapping_label,
)
from napari_compressed_transcriptomics.widgets.shared.following import on_change
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice
from napari_compressed_transcriptomics.widgets.shared.layouts import form, label, row, stack
from napari_compressed_transcriptomics.widgets.shared.method_choice import LatentSizes, MethodChoice

_SPLITS = {"blocks": "Blocks of space", "random": "Random samples", "both": "Both"}


class HeldOutForm(QWidget):
    """Tells the request, and when it has changed.

    Mnemonics are letters that no menu of napari has.

    Parameters
    ----------
    layer : LayerChoice
        Tells which data.
    """

    changed = Signal()

    def __init__(self, layer: LayerChoice):
        super().__init__()
        self._layer = layer
        self.methods = MethodChoice(titles(), CompareRequest.methods)
        self.sizes = LatentSizes(CompareRequest.latent_sizes)
        self.split = choice(_SPLITS, "Which samples a method does not see while it is fitted")
        self.why_blocks = wrapping_label(f"{WHY_BLOCKS[0].upper()}{WHY_BLOCKS[1:]}.")
        self.folds = count("", "Parts of the data; each is held out once")
        self.folds.setRange(2, 100)
        self.folds.setValue(CompareRequest.n_folds)
        self.buffer = text_field(
            "as far as the data are alike",
            "Of blocks, in mm: training samples nearer than this to held-out ones are left out. "
            "Where empty, the distance at which the correlation of samples has fallen to one half, "
            "less where fewer than half of the samples would be left to train on",
        )
        self.seed = count(tip="Decides which samples are held out together, and of random fits")
        self.folder = text_field(
            "nowhere",
            "Optional: a folder where scores are kept as soon as they are there; what it holds of "
            "the same comparison is not fitted again",
        )
        self.browse = push_button("&Browse…", call=self._browse)
        self.device = DeviceChoice(settings.preferences().device)
        self.processes = count(
            "as memory allows", "How many fits run at once: as cores and free memory allow"
        )
        self.cluster = ClusterField("fit")
        self._arrange()
        self.split.currentIndexChanged.connect(self._show_why)
        fields = layer, self.methods, self.sizes, self.split, self.buffer, self.folds, self.seed
        computing = self.computing, self.processes, self.device.combo, self.cluster
        on_change(lambda *_: self.changed.emit(), *fields, self.folder, *computing)

    def _arrange(self) -> None:
        self._form = form(
            self.methods,
            ("Compo&nents", self.sizes),
            ("Hold &out", self.split),
            self.why_blocks,
            ("Bu&ffer in mm", self.buffer),
            ("Fol&ds", self.folds),
            ("S&eed", self.seed),
            (label("&Keep in", self.folder), row(self.folder, self.browse)),
        )
        computing = form(
            ("Dev&ice", self.device.combo),
            self.device,
            ("Proces&ses", self.processes),
            ("C&luster", self.cluster),
        )
        self.computing, inner = more_settings("Other device, p&rocesses or machines", computing)
        stack(self, self._form, self.computing, inner, margins=0)

    def request(self) -> CompareRequest:
        """Return what Run would do now; a `UserError` says what is no number, folder or data."""
        expression = self._layer.expression()
        split, others = self.split.currentData(), self.computing.isChecked()
        request = CompareRequest(
            expression=expression,
            methods=self.methods.checked,
            latent_sizes=self.sizes.sizes(),
            splits=("blocks", "random") if split == "both" else (split,),
            n_folds=self.folds.value(),
            buffer=self._buffer(),
            seed=self.seed.value(),
            device=self.device.device if others else settings.preferences().device,
            n_jobs=(self.processes.value() or None) if others else None,
            scheduler=self.cluster.scheduler if others else None,
        )
        if self.directory is not None:
            check_comparison_folder(request, self.directory)
        return request

    @property
    def directory(self) -> Path | None:
        """Where to keep what is measured, if anywhere."""
        text = self.folder.text().strip()
        return Path(text).expanduser() if text else None

    def _buffer(self) -> float | None:
        text = self.buffer.text().strip()
        try:
            return float(text) if text else None
        except ValueError:
            raise UserError(
                f"“{text}” is not a buffer in mm; leave it empty or write e.g. 20"
            ) from None

    def _show_why(self) -> None:
        blocks = self.split.currentData() != "random"
        self.why_blocks.setVisible(blocks)
        self._form.setRowVisible(self.buffer, blocks)

    def _browse(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, "Folder for the comparison"):
            self.folder.setText(folder)

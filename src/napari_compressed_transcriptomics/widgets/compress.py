"""Dock widget Compress: expression in, latents and reconstruction error out."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QFileDialog, QPushButton, QWidget

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.reconstruction.compress import (
    NOT_FITTED,
    CompressRequest,
    compress,
)
from napari_compressed_transcriptomics.reconstruction.held_out_error import NOT_OURS, HeldOut
from napari_compressed_transcriptomics.reconstruction.summary import result_line
from napari_compressed_transcriptomics.reconstruction.training_distance import distance_notes
from napari_compressed_transcriptomics.repeat.command import Repeat, results_in
from napari_compressed_transcriptomics.repeat.compression import compress_again
from napari_compressed_transcriptomics.viewer import layers, settings
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown

from .result_menu import ResultMenu
from .shared.device_choice import DeviceChoice
from .shared.dock import Dock
from .shared.fields import (
    ClusterField,
    check_box,
    choice,
    count,
    more_settings,
    push_button,
    text_field,
    wrapping_label,
)
from .shared.following import on_change
from .shared.layer_choice import LayerChoice
from .shared.layouts import form, row
from .shared.method_choice import LatentSize
from .shared.result_layers import Outputs, add_result
from .shared.run_bar import RunBar
from .shared.session import session
from .shared_genes import SharedGenes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

CODECS = {
    "residual": "Autoencoder, fitted to this data",
    "autoencoder": "Autoencoder as published, fitted",
    "pca": "PCA, fitted to this data",
    "published": "Published autoencoder",
    "model": "Saved model file",
}
AGAIN = {"replace": "its layers are replaced", "beside": "its layers stay"}
_WHY_HELD_OUT = (
    "The error on the samples that the codec was fitted to is optimistic. This measures each "
    "sample with a codec that has not seen it, nor what is near it or its mirror image"
)


class Compress(Dock):
    """Encode an expression layer, and show latents and reconstruction error."""

    recalls = True
    not_recalled = ("device.combo", "again")

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self._outputs = Outputs()
        self._parameters: dict[str, Any] = {}

        self.layer = LayerChoice(napari_viewer)
        self.codec = choice(CODECS)
        self._session = session(napari_viewer)
        self._list_trained()
        self.model_path = text_field("model.safetensors")
        self.browse = push_button("Browse…", call=self._choose_model)
        self.from_folder = push_button(
            "Take from a folder…",
            "Where the published files cannot be fetched: choose a folder that holds them.",
            self._take_from_folder,
        )
        self.fill_missing = check_box(
            "Fill in a few missing genes",
            "Genes that the model knows and the data lacks get the model's mean; "
            "they are left out of all errors.",
        )
        self.latent_size = LatentSize()
        self.genes = SharedGenes(napari_viewer)
        self.held_out = QCheckBox("Measure held-out error")
        self.held_out_cost = wrapping_label(f"{HeldOut().cost}.")
        self.device = DeviceChoice(settings.preferences().device)
        self.cluster = ClusterField("encode and measure")
        self.seed = count(tip="The same seed gives the same result.")
        self.show_latents = QCheckBox("Latents")
        self.separate = QCheckBox("One layer per component")
        self.show_error = QCheckBox("Error (RMSE)")
        self.show_distance = check_box(
            "Distance to training data",
            "How far each sample is from what the model was trained on, above 1 is outside: the "
            "Mahalanobis distance of its latents or its RMSE, whichever is further beyond 97.5 % "
            "of the training samples. Tells most with a saved model.",
        )
        self.show_gene = check_box(
            "The gene shown, reconstructed",
            "The reconstruction of the gene that the layer shows now.",
        )
        self.side_by_side = QCheckBox("Side by side")
        for box in (self.show_latents, self.show_error, self.side_by_side):
            box.setChecked(True)
        self.again = choice(AGAIN)
        self.again.setCurrentIndex(self.again.findData(settings.preferences().again))
        self.again.setToolTip(
            "What happens to the layers of an earlier result of the same data. The result itself "
            "is kept until it is removed, and can be shown again."
        )
        self.bar = RunBar("Compress")
        self.result = wrapping_label()
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.menu = ResultMenu(napari_viewer)  # of the result chosen, whoever made it
        self.save_model = QPushButton("Save model…")
        self.save_results = QPushButton("Save results…")
        self._arrange()
        if self._codec in ("model", "fitted"):  # as it stood last time, with a model
            self.codec.setCurrentIndex(0)
        self._connect()
        self._offer_sizes()

    def _arrange(self) -> None:
        self._model_row = QWidget()
        self._model_row.setLayout(row(self.model_path, self.browse))
        self._form = form(
            ("Codec", self.codec),
            ("Model", self._model_row),
            ("Latent size", self.latent_size),
            ("Genes", self.genes),
            ("Weights", self.from_folder),
            ("", self.fill_missing),
            ("", self.held_out),
            ("", self.held_out_cost),
            ("Earlier result", self.again),
        )
        shown = form(
            ("Show", self.show_latents),
            ("", self.separate),
            ("", self.show_error),
            ("", self.show_distance),
            ("", self.show_gene),
            ("", self.side_by_side),
            ("Seed", self.seed),
            ("Cluster", self.cluster),
            ("Device", self.device.combo),
        )
        self._others = shown
        self.more, others = more_settings("Other layers, seed or device", shown)
        save = row(self.save_model, self.save_results)
        parts = self._form, self.more, others, self.device, self.bar, self.result, save, 0
        self.lay_out(*parts, chosen=("Expression", self.layer))

    def _connect(self) -> None:
        on_change(self._offer_sizes, self.layer, self.genes, self.codec)
        on_change(
            self._refresh, self.latent_size, self.model_path, self.show_latents, self.held_out
        )
        self._session.work.result_chosen.connect(self._refresh)
        self._session.changed.connect(self._list_trained)
        self.bar.calls(self._start, self.show_result, self._refresh, self._again)
        self.save_model.clicked.connect(lambda: self._say(self.menu.save_model()))
        self.save_results.clicked.connect(lambda: self._say(self.menu.save_results()))

    def request(self) -> CompressRequest:
        """Return what Run would do now; a `UserError` says why it cannot."""
        expression = self.genes.of(self.layer.expression())
        codec, model = self._codec, self.model_path.text().strip()
        if codec == "model" and not model:
            raise UserError("Choose a model file first.")
        sized = codec not in ("model", "fitted")
        if sized and self.latent_size.chosen is None:
            raise UserError("No latent size fits this data; open data with more samples or genes.")
        preferences = settings.preferences()
        return CompressRequest(
            expression=expression,
            codec=codec,
            latent_size=self.latent_size.chosen if sized else None,
            model_path=Path(model) if codec == "model" else None,
            fitted=self._session.codecs.get(self.codec.currentText()),
            device=self.device.device,
            seed=self.seed.value(),
            block_bytes=preferences.block_bytes,
            fill_missing=codec in NOT_FITTED and self.fill_missing.isChecked(),
            cache=preferences.cache_path,
            held_out=HeldOut() if self._measures_held_out else None,
            scheduler=self.cluster.scheduler,
        )

    def _again(self) -> Repeat:
        self.genes.check_all()
        request = self.request()
        size = "" if request.latent_size is None else request.latent_size
        return compress_again(request, results_in(request.expression.name, request.codec, size))

    @property
    def _measures_held_out(self) -> bool:
        return self._codec not in NOT_FITTED and self.held_out.isChecked()

    @property
    def _codec(self) -> str:
        """What `CompressRequest` calls the codec chosen."""
        return self.codec.currentData()

    def _list_trained(self) -> None:
        """Offer the codecs trained in this viewer, too, and choose a new one at once."""
        for name in self._session.codecs:
            if self.codec.findText(name) < 0:
                self.codec.addItem(name, "fitted")
                self.codec.setCurrentIndex(self.codec.count() - 1)

    def _offer_sizes(self) -> None:
        try:
            expression = self.genes.of(self.layer.expression())
        except UserError:
            expression = None
        self.latent_size.offer(None if self._codec in NOT_FITTED else self._codec, expression)
        self._refresh()

    def _refresh(self) -> None:
        """Bring what is shown and enabled, and the reason why Run is not, up to date."""
        codec = self._codec
        self._form.setRowVisible(self._model_row, codec == "model")
        self._form.setRowVisible(self.latent_size, codec not in ("model", "fitted"))
        self._form.setRowVisible(self.from_folder, codec == "published")
        self._form.setRowVisible(self.fill_missing, codec in NOT_FITTED)
        self._form.setRowVisible(self.genes, codec not in NOT_FITTED and self.genes.is_needed)
        self._others.setRowVisible(self.seed, codec not in NOT_FITTED)
        self.held_out.setEnabled(codec not in NOT_FITTED)
        self.held_out.setToolTip(f"{NOT_OURS if codec in NOT_FITTED else _WHY_HELD_OUT}.")
        self._form.setRowVisible(self.held_out_cost, self._measures_held_out)
        few = (self.latent_size.chosen or 0) <= layers.MAX_SEPARATE_LAYERS
        self.separate.setEnabled(self.show_latents.isChecked() and few)
        self.separate.setToolTip(
            "" if few else f"At most {layers.MAX_SEPARATE_LAYERS} components as separate layers."
        )
        self.bar.check(self.request)
        has_result = self._session.work.current_result is not None and self.bar.job is None
        self.save_model.setEnabled(has_result)
        self.save_results.setEnabled(has_result)

    def choose_model(self, path: str | Path) -> None:
        """Choose a model file, as Browse does."""
        self.codec.setCurrentIndex(self.codec.findData("model"))
        self.model_path.setText(str(path))

    def _choose_model(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Open model", "", "Models (*.safetensors *.pt);;All files (*)"
        )
        if path:
            self.model_path.setText(path)

    def _take_from_folder(self) -> None:
        from napari_compressed_transcriptomics.codecs.models.published import import_files

        folder = QFileDialog.getExistingDirectory(self, "Folder with the published files")
        if folder:
            with user_errors_shown():
                taken = import_files(folder, settings.preferences().cache_path)
                self.bar.status.setText(f"Took {len(taken)} published files.")

    def _start(self) -> None:
        request = self.request()
        self._outputs = Outputs(
            latents=self.show_latents.isChecked(),
            separate=self.separate.isEnabled() and self.separate.isChecked(),
            error=self.show_error.isChecked(),
            distance=self.show_distance.isChecked(),
            gene=self.layer.gene() if self.show_gene.isChecked() else "",
            side_by_side=self.side_by_side.isChecked(),
            replaces=self.again.currentData() == "replace",
        )
        self._parameters = request.parameters()
        self.result.clear()
        self.bar.start(partial(compress, request))
        self._refresh()

    def show_result(self, result: "Reconstruction") -> None:
        """Add a result's layers and its line, and offer to save it."""
        self._session.work.keep(result, self._parameters)
        fitted_elsewhere = self._parameters.get("codec") in NOT_FITTED
        notes = distance_notes(result.novelty, result.notes) if fitted_elsewhere else result.notes
        line = "\n".join([result_line(result), *notes])
        self.result.setText(f"Adding layers…\n{line}")

        def tell() -> None:
            if isalive(self):  # else closed meanwhile
                self.result.setText(line)

        add_result(self._viewer, result, self._outputs, tell)
        self._refresh()

    def _say(self, words: str) -> None:
        if words:
            self.bar.status.setText(words)

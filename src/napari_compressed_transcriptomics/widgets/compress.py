"""Dock widget Compress: expression in, latents and reconstruction error out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_compressed_transcriptomics import _layers, _settings, _viewer
from napari_compressed_transcriptomics._notices import report, tell, user_errors_shown
from napari_compressed_transcriptomics.core.compress import CompressRequest, compress_steps
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress

from .device_line import DeviceLine
from .job import Job
from .layer_choice import LayerChoice

if TYPE_CHECKING:
    import napari

    from napari_compressed_transcriptomics.core.reconstruction import Reconstruction

CODECS = {
    "autoencoder": "Autoencoder, fitted to this data",
    "pca": "PCA, fitted to this data",
    "model": "Saved model file",
}


@dataclass(frozen=True)
class Outputs:
    """Which layers a run adds.

    Attributes
    ----------
    latents, separate, error : bool
        Latents at all; as one layer a component; the RMSE.
    gene : str
        Gene whose reconstruction is wanted, or empty.
    side_by_side : bool
        Every layer in a cell of its own; else the new ones over hidden old ones.
    """

    latents: bool = True
    separate: bool = False
    error: bool = True
    gene: str = ""
    side_by_side: bool = True


def result_line(result: "Reconstruction") -> str:
    """Summarise a result in one line for the widget."""
    return (
        f"RMSE {result.rmse:.4f}, R² {result.r2:.3f}: {result.expression.n_samples:,} samples × "
        f"{result.expression.n_genes:,} genes, k = {result.codec.latent_size}, "
        f"{result.seconds:.1f} s on {result.device}"
    )


def result_layers(result: "Reconstruction", outputs: Outputs) -> list[_layers.LayerData]:
    """Make the layers that `outputs` asks for, the latents last so that they lie on top."""
    layers = []
    if outputs.gene:
        layers.append(_layers.gene_layer(result, outputs.gene))
    if outputs.error:
        layers.append(_layers.error_layer(result))
    if outputs.latents:
        layers += _layers.latent_layers(result, outputs.separate)
    return layers


def add_result(viewer: Any, result: "Reconstruction", outputs: Outputs) -> list[Any]:
    """Add the layers that `outputs` asks for to a viewer and return them."""
    if not outputs.side_by_side:  # overlapping volumes hide each other
        for layer in viewer.layers:
            layer.visible = False
    added = []
    for data, attributes, _ in result_layers(result, outputs):
        attributes["visible"] |= outputs.side_by_side
        added.append(viewer.add_image(data, **attributes))
    if outputs.side_by_side and added:
        _viewer.attach(viewer).show_side_by_side()
    return added


class Compress(QWidget):
    """Encode an expression layer, and show latents and reconstruction error.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: "napari.Viewer"):
        super().__init__()
        self._viewer = napari_viewer
        self._job: Job | None = None
        self._outputs = Outputs()
        self._parameters: dict[str, Any] = {}
        self._result: Reconstruction | None = None
        _viewer.attach(napari_viewer)
        preferences = _settings.preferences()

        self.layer = LayerChoice(napari_viewer)
        self.codec = QComboBox()
        for key, label in CODECS.items():
            self.codec.addItem(label, key)
        self.model_path = QLineEdit()
        self.model_path.setPlaceholderText("model.safetensors")
        self.browse = QPushButton("Browse…")
        self.latent_size = QComboBox()
        self.device = QComboBox()
        for device, label in _DEVICES.items():
            self.device.addItem(label, device)
        self.device.setCurrentIndex(self.device.findData(preferences.device))
        self.device_line = DeviceLine(self.device)
        self.seed = QSpinBox()
        self.seed.setMaximum(2**31 - 1)
        self.seed.setToolTip("The same seed gives the same result.")
        self.show_latents = QCheckBox("Latents")
        self.separate = QCheckBox("One layer a component")
        self.show_error = QCheckBox("Error (RMSE)")
        self.show_gene = QCheckBox("The gene shown, rebuilt")
        self.side_by_side = QCheckBox("Side by side")
        self.show_gene.setToolTip("The reconstruction of the gene that the layer shows now.")
        for box in (self.show_latents, self.show_error, self.side_by_side):
            box.setChecked(True)
        self.run = QPushButton("Run")
        self.cancel = QPushButton("Cancel")
        self.progress = QProgressBar()
        self.status = _wrapping_label()
        self.result = _wrapping_label()
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.save_model = QPushButton("Save model…")
        self.save_results = QPushButton("Save results…")
        self._arrange()
        self._connect()
        self._fill_latent_sizes()
        self._refresh()

    def _arrange(self) -> None:
        def row(*widgets: QWidget) -> QHBoxLayout:
            box = QHBoxLayout()
            for widget in widgets:
                box.addWidget(widget)
            return box

        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        form.addRow("Expression", self.layer)
        form.addRow("Codec", self.codec)
        self._model_row = QWidget()
        model_box = row(self.model_path, self.browse)
        model_box.setContentsMargins(0, 0, 0, 0)
        self._model_row.setLayout(model_box)
        form.addRow("Model", self._model_row)
        form.addRow("Latent size", self.latent_size)
        form.addRow("Device", self.device)
        form.addRow("Seed", self.seed)
        shown = (
            self.show_latents, self.separate, self.show_error, self.show_gene, self.side_by_side
        )  # fmt: skip
        for box in shown:
            form.addRow("Show" if box is self.show_latents else "", box)
        self._form = form
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.device_line)
        layout.addLayout(row(self.run, self.cancel))
        layout.addWidget(self.progress)
        layout.addWidget(self.status)
        layout.addWidget(self.result)
        layout.addLayout(row(self.save_model, self.save_results))
        layout.addStretch()
        for combo in (self.codec, self.latent_size, self.device):
            combo.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            combo.setMinimumContentsLength(8)

    def _connect(self) -> None:
        self.layer.changed.connect(self._fill_latent_sizes)
        self.codec.currentIndexChanged.connect(self._fill_latent_sizes)
        self.latent_size.currentIndexChanged.connect(self._refresh)
        self.model_path.textChanged.connect(self._refresh)
        self.show_latents.toggled.connect(self._refresh)
        self.browse.clicked.connect(self._choose_model)
        self.run.clicked.connect(self._start)
        self.cancel.clicked.connect(self._ask_to_cancel)
        self.save_model.clicked.connect(self._save_model)
        self.save_results.clicked.connect(self._save_results)

    def request(self) -> CompressRequest:
        """Return what Run would do now; a `UserError` says why it cannot."""
        expression = self.layer.expression()
        codec = self.codec.currentData()
        if codec == "model" and not self.model_path.text().strip():
            raise UserError("Choose a model file first.")
        if codec != "model" and self.latent_size.currentData() is None:
            raise UserError("No latent size fits this data; open data with more samples or genes.")
        return CompressRequest(
            expression=expression,
            codec=codec,
            latent_size=None if codec == "model" else self.latent_size.currentData(),
            model_path=Path(self.model_path.text().strip()) if codec == "model" else None,
            device=self.device.currentData(),
            seed=self.seed.value(),
            block_bytes=_settings.preferences().block_bytes,
        )

    def _fill_latent_sizes(self) -> None:
        """Offer all sizes; those that the data cannot carry are disabled, with the reason."""
        from napari_compressed_transcriptomics.core.codec import LATENT_SIZES, latent_size_problem

        wanted = self.latent_size.currentData() or 8
        self.latent_size.blockSignals(True)
        self.latent_size.clear()
        try:
            expression = self.layer.expression()
        except UserError:
            expression = None
        codec = self.codec.currentData()
        model = self.latent_size.model()
        assert isinstance(model, QStandardItemModel)
        possible = []
        for size in LATENT_SIZES:
            self.latent_size.addItem(str(size), size)
            problem = None
            if expression is not None and codec != "model":
                problem = latent_size_problem(codec, size, expression.n_samples, expression.n_genes)
            if problem:
                item = model.item(self.latent_size.count() - 1)
                assert item is not None
                item.setEnabled(False)
                item.setToolTip(problem)
                item.setText(f"{size}  (too large for this data)")
            else:
                possible.append(size)
        best = max((size for size in possible if size <= wanted), default=None)
        self.latent_size.setCurrentIndex(self.latent_size.findData(best))
        self.latent_size.blockSignals(False)
        self._refresh()

    def _refresh(self) -> None:
        """Bring what is enabled, and the reason why Run is not, up to date."""
        running = self._job is not None
        from_file = self.codec.currentData() == "model"
        self._form.setRowVisible(self._model_row, from_file)
        self._form.setRowVisible(self.latent_size, not from_file)
        self._form.setRowVisible(self.seed, not from_file)
        few = (self.latent_size.currentData() or 0) <= _layers.MOST_SEPARATE_LAYERS
        self.separate.setEnabled(self.show_latents.isChecked() and few)
        self.separate.setToolTip(
            "" if few else f"At most {_layers.MOST_SEPARATE_LAYERS} components as separate layers."
        )
        reason = ""
        try:
            self.request()
        except UserError as error:
            reason = str(error)
        self.run.setEnabled(not running and not reason)
        self.cancel.setEnabled(running)
        self.progress.setVisible(running)
        if not running:
            self.status.setText(reason)
        has_result = self._result is not None and not running
        self.save_model.setEnabled(has_result)
        self.save_results.setEnabled(has_result)

    def _choose_model(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Open model", "", "Models (*.safetensors *.pt);;All files (*)"
        )
        if path:
            self.model_path.setText(path)

    def _start(self) -> None:
        if self._job is not None:
            return
        try:
            request = self.request()
        except UserError as error:
            self.status.setText(str(error))
            return
        self._outputs = Outputs(
            latents=self.show_latents.isChecked(),
            separate=self.separate.isEnabled() and self.separate.isChecked(),
            error=self.show_error.isChecked(),
            gene=self.layer.gene() if self.show_gene.isChecked() else "",
            side_by_side=self.side_by_side.isChecked(),
        )
        self._parameters = request.parameters()
        self._result = None
        self.result.clear()
        self.status.setText("Starting…")
        self.progress.setRange(0, 0)
        self._job = Job(lambda: compress_steps(request), "Compress", parent=self)
        self._job.progressed.connect(self._on_progress)
        self._job.succeeded.connect(self._on_success)
        self._job.failed.connect(self._on_failure)
        self._job.cancelled.connect(self._on_cancelled)
        self._refresh()
        self._job.start()

    def _ask_to_cancel(self) -> None:
        if self._job is not None:
            self.cancel.setEnabled(False)
            self.status.setText("Cancelling…")
            self._job.cancel()

    def _on_progress(self, progress: Progress, left: str) -> None:
        self.progress.setRange(0, progress.total)
        self.progress.setValue(progress.done)
        if progress.message:
            tell([progress.message])
        if self.cancel.isEnabled():
            values = progress.values or {}
            numbers = [f"{name} {value:.4f}" for name, value in values.items()]
            self.status.setText(", ".join([progress.stage, *numbers, *([left] if left else [])]))

    def _on_success(self, result: "Reconstruction") -> None:
        self._end()
        self.show_result(result)

    def show_result(self, result: "Reconstruction") -> None:
        """Add a result's layers and its line, and offer to save it."""
        self._result = result
        add_result(self._viewer, result, self._outputs)
        self.result.setText("\n".join([result_line(result), *result.notes]))
        self._refresh()

    def _on_failure(self, error: Exception) -> None:
        self._end()
        self._refresh()
        self.status.setText(str(error))
        report(error)

    def _on_cancelled(self) -> None:
        self._end()
        self._refresh()
        self.status.setText("Cancelled; nothing was added.")

    def _end(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()

    def _save_model(self) -> None:
        from napari_compressed_transcriptomics.core.checkpoint import save_model

        path, _ = QFileDialog.getSaveFileName(
            self, "Save model", "model.safetensors", "Models (*.safetensors)"
        )
        if path and self._result is not None:
            with user_errors_shown():
                save_model(self._result.codec, path)
                self.status.setText(f"Saved {path}")

    def _save_results(self) -> None:
        from napari_compressed_transcriptomics.io.results import save_results

        folder = QFileDialog.getExistingDirectory(self, "Folder for latents, errors and tables")
        if folder and self._result is not None:
            with user_errors_shown():
                save_results(self._result, folder, self._parameters)
                self.status.setText(f"Saved to {folder}")


_DEVICES = {"auto": "Best available", "cuda": "NVIDIA GPU", "mps": "Apple GPU", "cpu": "CPU"}


def _wrapping_label() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    return label

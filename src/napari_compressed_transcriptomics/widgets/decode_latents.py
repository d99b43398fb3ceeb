"""Dock widget Decode latents: genes from latents alone, which others have published."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Report
from napari_compressed_transcriptomics.io.files.files import NIFTI
from napari_compressed_transcriptomics.io.readers.latents.read import LATENT_FILES
from napari_compressed_transcriptomics.reconstruction.decode import (
    PUBLISHED,
    DecodeRequest,
    decode_latents,
)
from napari_compressed_transcriptomics.repeat.command import Repeat, results_in
from napari_compressed_transcriptomics.repeat.decoding import decode_again
from napari_compressed_transcriptomics.viewer import layers, settings
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown

from .open_data.path_field import PathField
from .shared.dock import Dock
from .shared.fields import choice, push_button, text_field, wrapping_label
from .shared.file_list import FileList
from .shared.following import on_change
from .shared.gene_table import GeneTable
from .shared.layouts import form, row
from .shared.result_layers import Outputs, add_result
from .shared.run_bar import RunBar
from .shared.session import session

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_MODELS = {"model": "Saved model file", PUBLISHED: "Published autoencoder"}
_ABOUT = (
    "Turns latents back into genes, with the model that made them and without the expression. How "
    "accurate they are is unknown: without the original there is no error to show."
)


class DecodeLatents(Dock):
    """Decode latents of files, and show any gene; the result is one for all other docks."""

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self._work = session(napari_viewer).work
        self._request: DecodeRequest | None = None
        self._result: Reconstruction | None = None
        about = wrapping_label(_ABOUT)
        self.files = FileList("Latents", LATENT_FILES, "Add &latents…", rows=2)
        self.files.setToolTip(
            "NIfTI, one file per component (abagen_ae0_8mm.nii.gz, abagen_ae1_8mm.nii.gz) or one "
            "of all; a table with a column per component; AnnData with X_latent."
        )
        self.files.list.setMaximumHeight(self.files.list.minimumHeight())
        self.kind = choice(_MODELS)
        self.model = PathField("Model", "Models (*.safetensors *.pt);;All files (*)")
        self.atlas = PathField("Atlas", "Label volumes (*.nii *.nii.gz);;All files (*)")
        self.atlas.line.setToolTip("For a table: the atlas that places its rows.")
        self.ranges = text_field(
            "as the model records it",
            "For latents scaled to 0..1, as the published ones are: the minimum and maximum of "
            "each component before scaling, such as -2.1 3.4, -1.7 2.2. Where empty, components "
            "get the spread that the model, or the published sample, records: an estimate, which "
            "is reported.",
        )
        self.bar = RunBar("Decode latents", "&Decode")
        self.notes = wrapping_label()
        self.genes = GeneTable("Decode latents first.")
        self.save_gene = push_button("Save &gene…", "The gene chosen as NIfTI, to a folder")
        self.save_all = push_button("Save &all genes…", "All genes as a store (Zarr), to a folder")
        self._form = form(
            ("Model", self.kind),
            ("File", self.model),
            ("Atlas", self.atlas),
            ("&Range before", self.ranges),
        )
        saving = row(self.save_gene, self.save_all)
        self.lay_out(about, self.files, self._form, self.bar, self.notes, (self.genes, 1), saving)
        on_change(self._refresh, self.files, self.kind, self.model, self.atlas, self.ranges)
        self.bar.calls(self._start, self._on_done, self._refresh, self._again)
        self.genes.chosen.connect(self._show)
        self.save_gene.clicked.connect(lambda: self._save([self.genes.gene]))
        self.save_all.clicked.connect(lambda: self._save(None))
        self._refresh()

    def request(self) -> DecodeRequest:
        """Return what Decode would do now; a `UserError` says why it cannot."""
        if not self.files.paths:
            raise UserError("Add the latents: NIfTI files, a table, or AnnData.")
        published = self.kind.currentData() == PUBLISHED
        if not published and self.model.path is None:
            raise UserError("Choose the model that made the latents.")
        model = PUBLISHED if published else self.model.path
        assert model is not None
        atlas = self.atlas.path if self._of_table else None
        return DecodeRequest(
            self.files.paths,
            model,
            _ranges(self.ranges.text()),
            {} if atlas is None else {"atlas": atlas},
            cache=settings.preferences().cache_path,
        )

    @property
    def _of_table(self) -> bool:
        return any(not path.name.lower().endswith(NIFTI) for path in self.files.paths)

    def _again(self) -> Repeat:
        request = self.request()
        genes = [self.genes.gene] if self.genes.gene else None
        return decode_again(request, genes, results_in(request.latents[0].name, "decoded"))

    def _refresh(self) -> None:
        self._form.setRowVisible(self.model, self.kind.currentData() != PUBLISHED)
        self._form.setRowVisible(self.atlas, self._of_table)
        self.bar.check(self.request)
        there = self._result is not None and self.bar.job is None
        self.save_gene.setEnabled(there and bool(self.genes.gene))
        self.save_all.setEnabled(there)

    def _start(self) -> None:
        self._request = self.request()
        self.notes.clear()
        self.bar.start(partial(decode_latents, self._request))
        self._refresh()

    def _on_done(self, done: "Reconstruction | Path") -> None:
        if isinstance(done, Path):
            self.bar.status.setText(f"Saved in {done}")
            return
        self._result = done
        self._work.keep(done)
        n, genes = len(done.latents), done.codec.genes
        words = f"{n:,} samples; any of {len(genes):,} genes is decoded when it is chosen."
        self.notes.setText("\n".join([words, *(f"{note}." for note in done.notes)]))
        self.genes.set_genes(genes, {})
        add_result(self._viewer, done, Outputs(error=False, gene=genes[0]))
        self._refresh()

    def _show(self, gene: str) -> None:
        """Let the layer of this result that shows a gene show another one."""
        result = self._result
        self._refresh()
        if result is None:
            return
        of_genes = [
            layer
            for layer in self._work.layers_of(result)
            if (what := shown(layer)) is not None and what.kind == "gene"
        ]
        with user_errors_shown():
            if of_genes:
                layers.show_gene(of_genes[-1], gene)
            else:
                add_result(self._viewer, result, Outputs(False, error=False, gene=gene))

    def _save(self, genes: list[str] | None) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for decoded genes")
        if folder and self._result is not None:
            self.bar.start(partial(_saved, self._result, Path(folder), genes, self._request))
            self._refresh()


def _saved(
    result: "Reconstruction",
    folder: Path,
    genes: list[str] | None,
    request: DecodeRequest | None,
    report: Report,
) -> Path:
    from napari_compressed_transcriptomics.io.writers.decoding import save_decoding

    save_decoding(result, folder, genes, request, report=report)
    return folder


def _ranges(text: str) -> tuple[tuple[float, float], ...]:
    """Return the pairs of numbers of a text."""
    try:
        ends = [float(part) for part in text.replace(",", " ").replace(";", " ").split()]
    except ValueError:
        ends = [0.0]
    if len(ends) % 2:
        raise UserError(
            f"“{text}” is not a range; give two numbers per component, such as -2.1 3.4."
        )
    return tuple(zip(ends[::2], ends[1::2], strict=True))

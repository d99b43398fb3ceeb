"""Dock widget Convert to store: expression that does not fit into memory, made usable."""

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Report
from napari_compressed_transcriptomics.io.files.how_read import KEY, HowRead
from napari_compressed_transcriptomics.io.writers.store import Converted, check_store, convert
from napari_compressed_transcriptomics.repeat.command import Repeat
from napari_compressed_transcriptomics.repeat.compression import convert_again
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.window.notices import tell, user_errors_shown

from .open_data.path_field import PathField
from .open_data.volumes import BAD_MAPS, VARIANTS
from .shared.dock import Dock
from .shared.fields import ClusterField, choice, push_button, text_field, wrapping_label
from .shared.layouts import form, row
from .shared.run_bar import RunBar

_DTYPES = {"float32": "float32, exact", "float16": "float16, half the space"}


class Convert(Dock):
    """Write a folder of maps, or a file, as a store, and open it."""

    recalls = True

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self.source = PathField(
            "Expression", "All files (*)", True, "folder of one NIfTI per gene, or a file"
        )
        self.source.folder.setToolTip("Choose a folder of one 3-D NIfTI per gene.")
        self.source.file.setToolTip("Choose a 4-D NIfTI, a table with its atlas, or AnnData.")
        self.target = text_field("NAME.zarr")
        self.save_as = push_button(
            "Save as…", "Choose where the store is to be written.", self._choose_target
        )
        self.variant = choice(VARIANTS)
        self.bad_maps = choice(BAD_MAPS)
        self.dtype = choice(_DTYPES, "float16 rounds values; the rounding is reported at the end.")
        self.cluster = ClusterField("write the genes")
        self.bar = RunBar("Convert to store", "Convert")
        self.result = wrapping_label()
        about = wrapping_label(
            "A store need not fit into memory: genes and blocks of voxels are read when needed. "
            "An interrupted conversion continues where it stopped."
        )
        fields = form(
            ("Expression", self.source),
            ("Variant", self.variant),
            ("Bad maps", self.bad_maps),
            ("Store", row((self.target, 1), self.save_as)),
            ("Values", self.dtype),
            ("Cluster", self.cluster),
        )
        self.lay_out(about, fields, self.bar, self.result, 1)
        self.source.changed.connect(self._offer_target)
        self.target.textChanged.connect(self._refresh)
        self.bar.calls(self._start, self._open, self._refresh, self._again)
        self._refresh()

    def ask_about(self, path: str, why: str) -> None:
        """Offer to convert a path, and say why."""
        self.source.set_path(path)
        self.result.setText(why)

    def request(self) -> tuple[Path, Path]:
        """Return what would be converted, and where to; a `UserError` says why it cannot."""
        source, target = self.source.path, self.target.text().strip()
        if source is None:
            raise UserError("Choose a folder of maps, or a file.")
        if not source.exists():
            raise UserError(f"There is no {source}; choose another.")
        if not target:
            raise UserError("Choose where the store is to be written.")
        check_store(target)
        return source, Path(target)

    @property
    def _reading(self) -> dict[str, Any]:
        return {
            "impute": self.bad_maps.currentData() or None,
            "variant": self.variant.currentData() or None,
        }

    def _again(self) -> Repeat:
        source, target = self.request()
        how = HowRead((str(source),), **self._reading)
        dtype, scheduler = self.dtype.currentData(), self.cluster.scheduler
        return convert_again({KEY: how.record()}, target, dtype, scheduler)

    def _start(self) -> None:
        source, target = self.request()
        self.result.clear()
        reading = self._reading
        dtype, scheduler = self.dtype.currentData(), self.cluster.scheduler
        self.bar.start(partial(_convert, source, target, dtype, reading, scheduler))

    def _open(self, done: Converted) -> None:
        from napari_compressed_transcriptomics.io import read_expression

        rounded = f", rounded by at most {done.rounding_max:.2g}" if done.rounding_max else ""
        self.result.setText(f"Wrote {done.path}, {done.n_bytes / 1e6:,.0f} MB{rounded}.")
        self.target.clear()
        tell(done.notes)
        with user_errors_shown():
            add_expression(self._viewer, read_expression(done.path))

    def _offer_target(self) -> None:
        path = self.source.path
        if path is not None and path.exists():
            name = path.name.split(".")[0] or "brain"
            self.target.setText(str(path.absolute().with_name(f"{name}.zarr")))
        self._refresh()

    def _refresh(self) -> None:
        self.bar.check(self.request)

    def _choose_target(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Store", self.target.text(), options=QFileDialog.Option.DontConfirmOverwrite
        )
        if path:
            self.target.setText(path if path.endswith(".zarr") else f"{path}.zarr")


def _convert(
    source: Path,
    target: Path,
    dtype: str,
    reading: dict[str, Any],
    scheduler: str | None,
    report: Report,
) -> Converted:
    from napari_compressed_transcriptomics.io import read_expression

    expression = read_expression(source, **reading, report=report, lazy=True)
    return convert(expression, target, dtype, report, scheduler)

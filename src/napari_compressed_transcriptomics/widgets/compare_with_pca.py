"""A button that fits PCA of the same size to the data of a result, to compare the two."""

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.limits import latent_size_problem
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest, compress
from napari_compressed_transcriptomics.reconstruction.held_out_error import HeldOut
from napari_compressed_transcriptomics.viewer import settings

from .shared.run_bar import RunBar
from .shared.session import session

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


class CompareWithPca(RunBar):
    """Compresses the data of the current result by PCA, with as many components.

    Where the result's error was measured on held-out samples, that of PCA is, too.
    """

    compressed = Signal(object, object)
    """PCA's result, which the session keeps, and the one to compare it with."""

    def __init__(self, viewer: Any):
        super().__init__("Compare with PCA")
        self._work = session(viewer).work
        self._result: Reconstruction | None = None
        self._parameters: dict[str, Any] = {}
        self.run.setText("Compare with &PCA of the same size")
        self.run.setToolTip(
            "Fit PCA with as many components to the same data, and show both errors and their "
            "difference side by side"
        )
        self._work.result_chosen.connect(self._refresh)
        self.clicked.connect(self._start)
        self.succeeded.connect(self._on_compressed)
        self.ended.connect(self._refresh)
        self._refresh()

    def request(self) -> CompressRequest:
        """Return what is to be compressed; a `UserError` says why it cannot be."""
        result = self._work.current_result
        if result is None:
            raise UserError("Run Compress first.")
        data, size = result.expression, result.codec.latent_size
        if result.codec.id == "pca":
            raise UserError("The result chosen is PCA itself; choose another to compare with it.")
        if problem := latent_size_problem("pca", size, data.n_samples, data.n_genes):
            raise UserError(problem)
        preferences = settings.preferences()
        return CompressRequest(
            data,
            "pca",
            size,
            device=preferences.device,
            block_bytes=preferences.block_bytes,
            held_out=None if result.held_out is None else HeldOut(),
        )

    def _refresh(self) -> None:
        self.check(self.request)

    def _start(self) -> None:
        request = self.request()
        if (there := self._there(request)) is not None:
            self.compressed.emit(there, self._work.current_result)
            return
        self._result, self._parameters = self._work.current_result, request.parameters()
        self.start(partial(compress, request))

    def _there(self, request: CompressRequest) -> "Reconstruction | None":
        """Return a result that is what was asked for, if there is one."""
        for result in self._work.results:
            if (
                (result.codec.id, result.codec.latent_size) == ("pca", request.latent_size)
                and result.in_sample
                and result.expression is request.expression
                and (request.held_out is None or result.held_out is not None)
            ):
                return result
        return None

    def _on_compressed(self, pca: "Reconstruction") -> None:
        result, self._result = self._result, None
        self._work.keep(pca, self._parameters)
        if result is not None:
            self._work.choose_result(result)
            self.compressed.emit(pca, result)

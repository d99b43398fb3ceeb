"""t-SNE, as scikit-learn has it: an embedding of the samples at hand, and no more."""

from typing import Any, Self

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.lazy_values import Values
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.core.provenance import values_sha256

from .codec import Fitting
from .embedding import N_COMPONENTS, Embedding, components_of
from .pca import pca_bytes

PERPLEXITY = 30


class TSNE(Embedding):
    """t-SNE of principal components, with scikit-learn's defaults: perplexity 30, PCA at first.

    The perplexity is a third of the samples where they are fewer than 90. It learns no map, so
    other samples have no latents to reconstruct them from; of those it is fitted to a decoder
    would only tell how well it knows them by heart. So it has no way back.
    """

    id = "tsne"

    def describe(self) -> str:
        """Return the method in words."""
        return (
            f"t-SNE with {self.latent_size} components (scikit-learn, perplexity "
            f"{self.training['perplexity']:g}) of the first {self.pca.n_components_} principal "
            "components"
        )

    @classmethod
    def cannot_decode(cls, latent_size: int) -> str:
        """Say that there is none."""
        return "t-SNE only places samples that it is fitted to, it cannot reconstruct others"

    def encode(
        self, values: Values, device: str | None = "cpu", block_bytes: int | None = None
    ) -> np.ndarray:
        """Return the latents of the training samples, float32 (n_samples, latent_size).

        Raises
        ------
        UserError
            If `values` are any other samples.
        """
        self._check_width(values, len(self.genes), "gene")
        if values_sha256(values) != self.training["data_sha256"]:
            raise UserError(
                "t-SNE cannot place samples that it was not fitted to; fit it to these, or "
                "choose another method"
            )
        return self.latents.copy()

    def decode(
        self, latents: np.ndarray, device: str | None = "cpu", block_bytes: int | None = None
    ) -> np.ndarray:
        """Refuse, as there is no way back."""
        raise UserError(f"{self.cannot_decode(self.latent_size)}; choose another method for that")

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        n, g, k = n_samples, n_genes, latent_size
        pairs = 2000 * n if k < 4 else 48 * n * n
        return pca_bytes(n, g, max(N_COMPONENTS, k)) + pairs

    @classmethod
    def _fit(cls, fitting: Fitting, **settings: Any) -> Self:
        from sklearn.manifold import TSNE as SklearnTSNE

        fitting.report(Progress("Fitting t-SNE", 0, 1))
        k, n = fitting.latent_size, fitting.expression.n_samples
        pca, rows = components_of(fitting)
        perplexity = min(PERPLEXITY, max(1.0, n / 3))
        if not np.ptp(rows, axis=0).any():  # scikit-learn's would end the process
            raise UserError(
                f"{fitting.expression.name} has the same values in all samples, which t-SNE cannot"
                " lay out; choose data that vary"
            )
        fitted = SklearnTSNE(
            k,
            perplexity=perplexity,
            init="pca" if k <= rows.shape[1] else "random",
            method="barnes_hut" if k < 4 else "exact",  # the former has no more than 3
            random_state=fitting.seed,
            n_jobs=1,
        ).fit(rows)
        fitting.report(Progress("Fitting t-SNE", 1, 1))
        record = fitting.record(perplexity=perplexity)
        return cls(pca, fitted.embedding_, fitting.expression.genes, record)

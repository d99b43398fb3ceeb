"""UMAP, as umap-learn has it, with a way back of our own."""

from importlib.util import find_spec
from typing import Any, Self

import numpy as np

from napari_compressed_transcriptomics.core.lazy_values import Values
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.core.warned import quietly

from .codec import Fitting
from .embedding import N_COMPONENTS, NEAREST, Embedding, components_of, nearest_decoder, scores
from .pca import pca_bytes

N_NEIGHBORS = 15
MIN_DISTANCE = 0.1


class UMAP(Embedding):
    """UMAP of principal components, with umap-learn's defaults: 15 neighbours, distance 0.1.

    The way back is not umap-learn's `inverse_transform`, which loses much of what latents know
    of samples (R2 .28 to .56 on held-out regions of two tables at two components, where
    `embedding.nearest_decoder` gives .70 to .72).

    Parameters
    ----------
    model : umap.UMAP
        Fitted to scores of `pca`.
    decoder : sklearn.neighbors.KNeighborsRegressor
        Fitted to latents and scores of the training samples.
    pca, genes, training
        See `Embedding`.
    """

    id = "umap"

    def __init__(
        self,
        model: Any,
        decoder: Any,
        pca: Any,
        genes: tuple[str, ...],
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(pca, model.embedding_, genes, training)
        self.model, self.decoder = model, decoder

    def describe(self) -> str:
        """Return the method in words."""
        return (
            f"UMAP with {self.latent_size} components (umap-learn "
            f"{self.training['umap_learn']}, {self.training['n_neighbors']} neighbours, minimum "
            f"distance {MIN_DISTANCE:g}) of the first {self.pca.n_components_} principal "
            f"components, back as the mean of the {self.decoder.n_neighbors} training samples "
            "with the nearest latents, weighted by inverse distance (a number chosen by five-fold "
            "cross-validation among the training samples)"
        )

    def chosen(self) -> str:
        """Return how many neighbours decode."""
        return f"{self.decoder.n_neighbors} nearest"

    @classmethod
    def unavailable(cls) -> str:
        """Say how to install umap-learn where it is not."""
        if find_spec("umap") is not None:
            return ""
        return (
            "UMAP needs umap-learn, which is not installed: "
            'pip install "napari-compressed-transcriptomics[umap]"'
        )

    def encode(
        self, values: Values, device: str | None = "cpu", block_bytes: int | None = None
    ) -> np.ndarray:
        """Return latents, float32 (n, latent_size).

        The training samples' are those they were given in fitting. Others are placed among
        these; a random optimisation does that (the same each time), so a sample's place depends
        a little on those it comes with.
        """
        self._check_width(values, len(self.genes), "gene")
        with quietly():
            return np.asarray(
                self.model.transform(scores(self.pca, np.asarray(values))), np.float32
            )

    def decode(
        self, latents: np.ndarray, device: str | None = "cpu", block_bytes: int | None = None
    ) -> np.ndarray:
        """Return the reconstruction, float32 (n, n_genes), from latents (n, latent_size).

        A training sample's own latents give it back, but for what its principal components
        lack: only errors of other samples tell how good the method is.
        """
        self._check_width(latents, self.latent_size, "component")
        if not len(latents):
            return np.empty((0, len(self.genes)), np.float32)
        back = self.decoder.predict(np.asarray(latents, np.float32))
        return np.asarray(self.pca.inverse_transform(back), np.float32)

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        n, g, k = n_samples, n_genes, latent_size
        return pca_bytes(n, g, max(N_COMPONENTS, k)) + 2000 * n

    @classmethod
    def _fit(cls, fitting: Fitting, **settings: Any) -> Self:
        from importlib.metadata import version

        fitting.report(Progress("Fitting UMAP", 0, 1))
        k, n = fitting.latent_size, fitting.expression.n_samples
        pca, rows = components_of(fitting)
        neighbors = min(N_NEIGHBORS, n - 1)
        with quietly():
            import umap

            model = umap.UMAP(
                n_components=k,
                n_neighbors=neighbors,
                min_dist=MIN_DISTANCE,
                init="spectral" if k + 1 < n else "random",  # needs an eigenvector more
                random_state=fitting.seed,
                n_jobs=1,  # what the seed needs
                n_epochs=fitting.max_epochs,
            ).fit(rows)
        decoder = nearest_decoder(model.embedding_, rows, fitting.seed)
        fitting.report(Progress("Fitting UMAP", 1, 1))
        made_with = {"n_neighbors": neighbors, "umap_learn": version("umap-learn")}
        chosen = {"n_nearest": decoder.n_neighbors, "n_nearest_tried": list(NEAREST)}
        record = fitting.record(**made_with, **chosen)
        return cls(model, decoder, pca, fitting.expression.genes, record)

"""What UMAP and t-SNE share: samples placed by their neighbours, without a network."""

from typing import Any, NoReturn, Self

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError

from .codec import Codec, Fitting
from .networks.autoencoder_network import CodecNetwork

N_COMPONENTS = 50
"""Principal components that neighbours are sought in, as is usual (Kobak and Berens 2019,
doi:10.1038/s41467-019-13056-x); the way back gives these, too."""
NEAREST = (1, 2, 3, 5, 7, 10, 14, 20, 28, 40)
"""Numbers of neighbours tried for the way back."""


class Embedding(Codec):
    """A method that places samples so that neighbours stay neighbours.

    Parameters
    ----------
    pca : sklearn.decomposition.PCA
        Fitted to the training samples.
    latents : ndarray, shape (n_samples, latent_size)
        Of the training samples.
    genes, training
        See `Codec`.
    """

    is_network = False

    def __init__(
        self,
        pca: Any,
        latents: np.ndarray,
        genes: tuple[str, ...],
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(latents.shape[1], genes, pca.mean_, training)
        self.pca, self.latents = pca, np.asarray(latents, np.float32)

    def tensors(self) -> dict[str, Any]:
        """Refuse: it cannot be kept in a model file."""
        self._no_file()

    @classmethod
    def from_parts(cls, config: dict, tensors: dict, genes: tuple[str, ...]) -> Self:
        """Refuse, as `tensors` does."""
        cls._no_file()

    @classmethod
    def _no_file(cls) -> NoReturn:
        raise UserError(
            f"{cls.id} cannot be kept in a model file: it is made of its training data and of "
            "objects of another library; save its latents instead"
        )

    def _build(self) -> CodecNetwork:
        raise UserError(
            f"{self.id} cannot compress here; it can be compared, and maps can be predicted from "
            "it; choose another codec"
        )


def nearest_decoder(latents: np.ndarray, rows: np.ndarray, seed: int) -> Any:
    """Return the way back from latents (n, k) to rows (n, m): the mean of the nearest samples.

    Weights are inverse distances, so that a training sample's own latents give it back; how
    many neighbours do best is asked of inner folds, among `NEAREST`.

    Returns
    -------
    sklearn.neighbors.KNeighborsRegressor
    """
    from sklearn.neighbors import KNeighborsRegressor

    from napari_compressed_transcriptomics.spatial.splits import inner_folds

    parts = [part.numpy() for part in inner_folds(len(latents), seed)]
    fewest = len(latents) - max(map(len, parts))
    errors = {}
    for n in (n for n in NEAREST if n <= fewest):
        decoder, errors[n] = KNeighborsRegressor(n, weights="distance"), 0.0
        for part in parts:
            known, wanted = (np.delete(array, part, axis=0) for array in (latents, rows))
            back = decoder.fit(known, wanted).predict(latents[part])
            errors[n] += float(np.square(rows[part] - back).sum())
    chosen = min(errors, key=lambda n: errors[n])
    return KNeighborsRegressor(chosen, weights="distance").fit(latents, rows)


def components_of(fitting: Fitting) -> tuple[Any, np.ndarray]:
    """Return PCA fitted to the samples, and their scores, float32 (n_samples, n_components)."""
    from sklearn.decomposition import PCA

    values = fitting.values
    n = min(*values.shape, max(N_COMPONENTS, fitting.latent_size))
    with np.errstate(invalid="ignore"):  # values that do not vary: shares of no variance
        pca = PCA(n, random_state=fitting.seed).fit(values)
    return pca, scores(pca, values)


def scores(pca: Any, values: np.ndarray) -> np.ndarray:
    """Return principal component scores, float32 (n, n_components)."""
    return np.asarray(pca.transform(np.asarray(values, np.float32)), np.float32)

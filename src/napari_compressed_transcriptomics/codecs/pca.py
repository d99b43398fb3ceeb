"""Principal component analysis, as scikit-learn has it, as a codec."""

from typing import Any, Self

import numpy as np
from torch import nn  # noqa: TID253  (this module is for torch only)

from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.progress import Progress

from .codec import Fitting
from .linear import LinearCodec
from .networks.autoencoder_network import CodecNetwork, linear_layer
from .streamed_pca import bytes_to_stream, principal_components


class PCA(LinearCodec):
    """Principal component analysis.

    Parameters
    ----------
    components : ndarray, shape (latent_size, n_genes)
        Orthonormal rows, by decreasing variance.
    genes, gene_means, training
        See `Codec`.
    """

    id = "pca"
    streams = True
    _means_name = "mean"

    def describe(self) -> str:
        """Return the method in words."""
        if self.training.get("solver") == "streamed":
            return "principal component analysis (subspace iteration over blocks of rows)"
        return "principal component analysis (scikit-learn)"

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        return pca_bytes(n_samples, n_genes, latent_size)

    @classmethod
    def bytes_to_stream(cls, n_samples: int, n_genes: int, latent_size: int) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        return bytes_to_stream(n_samples, n_genes, latent_size)

    @classmethod
    def _fit(cls, fitting: Fitting, **settings: Any) -> Self:
        from sklearn.decomposition import PCA as SklearnPCA

        expression, report = fitting.expression, fitting.report
        if isinstance(expression.values, LazyValues):
            return cls._streamed(fitting)
        report(Progress("Fitting PCA", 0, 1))
        fitted = SklearnPCA(fitting.latent_size, random_state=fitting.seed, **settings)
        with np.errstate(invalid="ignore"):  # values that do not vary: shares of no variance
            fitted.fit(expression.values)
        report(Progress("Fitting PCA", 1, 1))
        explained = np.nan_to_num(fitted.explained_variance_ratio_).tolist()
        record = fitting.record(explained_variance_ratio=explained)
        return cls(fitted.components_, expression.genes, fitted.mean_, record)

    @classmethod
    def _streamed(cls, fitting: Fitting) -> Self:
        expression = fitting.expression
        found = principal_components(
            expression.values, fitting.latent_size, fitting.device, fitting.report
        )
        explained = (found.variances / (found.total_variance or 1.0)).tolist()
        record = fitting.record(explained_variance_ratio=explained, solver="streamed")
        return cls(found.components, expression.genes, found.mean, record)

    def _build(self) -> CodecNetwork:
        # float64 here: the offset is a sum over all genes
        offset = -self.components.astype(float) @ self.gene_means.astype(float)
        encoder = linear_layer(self.components, offset)
        output = linear_layer(self.components.T, self.gene_means)
        return CodecNetwork(encoder, nn.Identity(), output, nn.Identity())


def pca_bytes(n_samples: int, n_genes: int, n_components: int) -> int:
    """Return about how much memory scikit-learn's PCA takes beyond that of the data.

    It copies the data, and takes the whole decomposition where most components are wanted.
    """
    n, g, fewest = n_samples, n_genes, min(n_samples, n_genes)
    if g <= 1000 and n >= 10 * g:
        return 4 * n * g // 2 + 16 * g * g
    if max(n, g) > 500 and n_components < 0.8 * fewest:
        return 4 * n * g + 16 * (n + g) * (n_components + 10)
    return 24 * n * g + 40 * fewest * fewest

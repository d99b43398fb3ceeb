"""Linear methods to compare the autoencoder with, as scikit-learn has them."""

from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.progress import Progress, Report
from napari_compressed_transcriptomics.core.provenance import training_record
from napari_compressed_transcriptomics.core.tensors import check_tensors, whole

from .codec import Codec
from .networks.autoencoder_network import CodecNetwork


class PCA(Codec):
    """Principal component analysis.

    Parameters
    ----------
    components : ndarray, shape (latent_size, n_genes)
        Orthonormal rows, by decreasing variance.
    mean : ndarray, shape (n_genes,)
        Mean of each gene in training.
    genes : tuple of str
        Gene symbols.
    training : dict, optional
        Record of the fit.
    """

    id = "pca"
    repeats = ()

    def __init__(
        self,
        components: np.ndarray,
        mean: np.ndarray,
        genes: tuple[str, ...],
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(len(components), genes, mean, training)
        self.components = np.asarray(components, np.float32)

    def config(self) -> dict[str, Any]:
        """Return the number of components."""
        return {"latent_size": self.latent_size}

    def describe(self) -> str:
        """Return the method in words."""
        return "principal component analysis (scikit-learn)"

    def tensors(self) -> dict[str, Any]:
        """Return the components and the mean."""
        return {"components": self.components, "mean": self.neutral}

    @classmethod
    def from_parts(
        cls, config: dict[str, Any], tensors: dict[str, Any], genes: tuple[str, ...]
    ) -> "PCA":
        """Make it from what `config` and `tensors` returned."""
        size = whole(config["latent_size"], "latent_size")
        check_tensors(tensors, {"components": (size, len(genes)), "mean": (len(genes),)})
        return cls(np.asarray(tensors["components"]), np.asarray(tensors["mean"]), genes)

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        n, g, k = n_samples, n_genes, latent_size
        return pca_bytes(n, g, k)

    @classmethod
    def _fit(
        cls,
        expression: Expression,
        latent_size: int,
        seed: int,
        device: str,
        max_epochs: int | None,
        report: Report,
        **settings: Any,
    ) -> "PCA":
        from sklearn.decomposition import PCA as SklearnPCA

        report(Progress("Fitting PCA", 0, 1))
        fitted = SklearnPCA(latent_size, random_state=seed, **settings).fit(expression.values)
        report(Progress("Fitting PCA", 1, 1))
        return cls(
            fitted.components_,
            fitted.mean_,
            expression.genes,
            training_record(
                expression,
                seed,
                explained_variance_ratio=[float(part) for part in fitted.explained_variance_ratio_],
            ),
        )

    def _build(self) -> CodecNetwork:
        import torch
        from torch import nn

        # float64 here: the offset is a sum over all genes
        offset = -self.components.astype(float) @ self.neutral.astype(float)
        encoder = nn.utils.skip_init(nn.Linear, len(self.genes), self.latent_size)
        output = nn.utils.skip_init(nn.Linear, self.latent_size, len(self.genes))
        with torch.no_grad():
            encoder.weight.copy_(torch.tensor(self.components))
            encoder.bias.copy_(torch.tensor(offset))
            output.weight.copy_(torch.tensor(self.components.T))
            output.bias.copy_(torch.tensor(self.neutral))
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

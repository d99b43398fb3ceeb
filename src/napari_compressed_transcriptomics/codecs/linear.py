"""What PCA and NMF share: latents times components give expression."""

from typing import Any, ClassVar, Self

import numpy as np

from napari_compressed_transcriptomics.core.tensors import check_tensors, whole

from .codec import GENE_MEANS, Codec


class LinearCodec(Codec):
    """A method that decodes as a sum of components, as scikit-learn fits it.

    Parameters
    ----------
    components : ndarray, shape (latent_size, n_genes)
    genes, gene_means, training
        See `Codec`.
    """

    repeats = ()
    _means_name: ClassVar[str] = GENE_MEANS

    def __init__(
        self,
        components: np.ndarray,
        genes: tuple[str, ...],
        gene_means: np.ndarray,
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(len(components), genes, gene_means, training)
        self.components = np.ascontiguousarray(components, np.float32)

    def tensors(self) -> dict[str, Any]:
        """Return the components and the gene means."""
        return {"components": self.components, self._means_name: self.gene_means}

    @classmethod
    def from_parts(cls, config: dict, tensors: dict, genes: tuple[str, ...]) -> Self:
        """Make it from what `config` and `tensors` returned."""
        size = whole(config["latent_size"], "latent_size")
        check_tensors(tensors, {"components": (size, len(genes)), cls._means_name: (len(genes),)})
        components, gene_means = (np.asarray(tensors[n]) for n in ("components", cls._means_name))
        return cls(components, genes, gene_means)

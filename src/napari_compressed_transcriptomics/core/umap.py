"""UMAP, as umap-learn has it, with its way back."""

import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np

from .baselines import pca_bytes
from .embedding import N_COMPONENTS, Embedding, components_of, scores
from .errors import UserError
from .expression import Expression
from .progress import Progress
from .provenance import training_record

N_NEIGHBORS = 15
MIN_DISTANCE = 0.1
MOST_TO_DECODE = 4
"""Components; the way back triangulates latents, and simplices are millions with a few more."""


class UMAP(Embedding):
    """UMAP of principal components, with umap-learn's defaults: 15 neighbours, distance 0.1.

    Parameters
    ----------
    model : umap.UMAP
        Fitted to scores of `pca`.
    pca, latents, genes, neutral, training
        See `Embedding`.
    """

    id = "umap"

    def __init__(
        self,
        model: Any,
        pca: Any,
        latents: np.ndarray,
        genes: tuple[str, ...],
        neutral: np.ndarray,
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(pca, latents, genes, neutral, training)
        self.model = model

    def describe(self) -> str:
        """Return the method in words."""
        return (
            f"UMAP with {self.latent_size} components (umap-learn "
            f"{self.training['umap_learn']}, {self.training['n_neighbors']} neighbours, minimum "
            f"distance {MIN_DISTANCE:g}) of the first {self.pca.n_components_} principal "
            "components, and its inverse transform"
        )

    @classmethod
    def unavailable(cls) -> str:
        """Say how to install umap-learn where it is not."""
        if find_spec("umap") is not None:
            return ""
        return (
            "UMAP needs umap-learn, which is not installed: "
            'pip install "napari-compressed-transcriptomics[umap]"'
        )

    @classmethod
    def no_way_back(cls, latent_size: int) -> str:
        """Say how many components can be decoded."""
        if 2 <= latent_size <= MOST_TO_DECODE:
            return ""
        return (
            f"UMAP reconstructs from 2 to {MOST_TO_DECODE} components, as its way back "
            "triangulates latents"
        )

    def encode(
        self, values: np.ndarray, device: str | None = "cpu", block_bytes: int | None = None
    ) -> np.ndarray:
        """Return latents, float32 (n, latent_size).

        The training samples' are those they were given in fitting. Others are placed among
        these; a random optimisation does that (the same each time), so a sample's place depends
        a little on those it comes with.
        """
        self._check_width(values, len(self.genes), "gene")
        with _quietly():
            return np.asarray(self.model.transform(scores(self.pca, values)), np.float32)

    def decode(
        self, latents: np.ndarray, device: str | None = "cpu", block_bytes: int | None = None
    ) -> np.ndarray:
        """Return the reconstruction, float32 (n, n_genes), from latents (n, latent_size).

        Latents outside the convex hull of the training samples' are decoded from its nearest
        one, as umap-learn would take any simplex for them.

        Raises
        ------
        UserError
            If there are too many components (see `no_way_back`), or too few training samples.
        """
        self._check_width(latents, self.latent_size, "component")
        if problem := self.no_way_back(self.latent_size):
            raise UserError(f"{problem}; choose another number")
        if len(self.latents) < self.latent_size + 2:
            raise UserError(
                f"UMAP was fitted to {len(self.latents)} samples, at least {self.latent_size + 2} "
                f"are needed to reconstruct from {self.latent_size} components; choose fewer"
            )
        if not len(latents):
            return np.empty((0, len(self.genes)), np.float32)
        inside = _within(self.latents, np.asarray(latents, np.float32))
        with _quietly():
            back = self.model.inverse_transform(inside)
        return np.asarray(self.pca.inverse_transform(back), np.float32)

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        n, g, k = n_samples, n_genes, latent_size
        return pca_bytes(n, g, max(N_COMPONENTS, k)) + 2000 * n

    @classmethod
    def _fit_steps(
        cls,
        expression: Expression,
        latent_size: int,
        seed: int,
        device: str,
        max_epochs: int | None,
        **settings: Any,
    ) -> Generator[Progress, None, "UMAP"]:
        from importlib.metadata import version

        yield Progress("Fitting UMAP", 0, 1)
        n = expression.n_samples
        pca, rows = components_of(expression, latent_size, seed)
        neighbors = min(N_NEIGHBORS, n - 1)
        with _quietly():
            import umap

            model = umap.UMAP(
                n_components=latent_size,
                n_neighbors=neighbors,
                min_dist=MIN_DISTANCE,
                init="spectral" if latent_size + 1 < n else "random",  # needs an eigenvector more
                random_state=seed,
                n_jobs=1,  # what the seed needs
                n_epochs=max_epochs,
            ).fit(rows)
        yield Progress("Fitting UMAP", 1, 1)
        made_with = {"n_neighbors": neighbors, "umap_learn": version("umap-learn")}
        record = training_record(expression, seed, **made_with)
        return cls(model, pca, model.embedding_, expression.genes, pca.mean_, record)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep umap-learn's warnings to itself: of TensorFlow, of seeds, of fall-backs it takes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _within(known: np.ndarray, latents: np.ndarray) -> np.ndarray:
    """Return latents, those outside the hull of the known ones moved to the nearest of these."""
    from scipy.spatial import Delaunay, KDTree

    hull = Delaunay(known, qhull_options="QJ")
    outside = hull.find_simplex(latents) < 0
    moved = latents.copy()
    if outside.any():
        nearest = known[KDTree(known).query(latents[outside])[1]]
        moved[outside] = nearest + 0.01 * (known.mean(axis=0) - nearest)  # off the very border
    return moved

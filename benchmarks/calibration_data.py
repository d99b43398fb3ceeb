"""Places, and maps and tables at them that have nothing to do with each other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.synthetic import _anatomy, synthetic_brain
from napari_compressed_transcriptomics.spatial.compartments import compartments_of
from napari_compressed_transcriptomics.spatial.spatial_covariance import (
    Shape,
    Smoothness,
    covariance,
    rows_to_fit,
)

from .study_data import DATA_SETS, load

SYNTHETIC = "synthetic_brain"
N_COMPONENTS = 8
_NUGGET, _TWIN = 0.02, 0.95
_STRUCTURES = ("deep grey", "cerebellum", "brain stem")


@dataclass(frozen=True, eq=False)
class Places:
    """Samples of a brain, and what is known of them."""

    positions: np.ndarray
    """In RAS mm. Shape (n, 3)."""
    compartment: np.ndarray
    """0 is the cortex. Of int, shape (n,)."""
    latents: np.ndarray
    """Of PCA, fitted to the expression of all samples. Shape (n, 8)."""
    expression: Expression
    """Of all samples, of which these may be some."""


@dataclass(frozen=True)
class Kind:
    """What maps are like, beside the places."""

    shape: Shape = "exponential"
    """Of their covariance."""
    length_mm: float = 30.0
    """Its length."""
    step: float = 0.0
    """Between cortex and each other compartment, up or down by chance, in SDs of the cortex."""
    symmetric: bool = True
    lognormal: bool = False
    """Else normal."""
    spread: float = 1.0
    """Standard deviation of each other compartment, in that of the cortex."""


@lru_cache(maxsize=1)
def places(name: str, most: int | None = None, voxel_mm: float = 8) -> Places:
    """Return the places of one of `DATA_SETS`, or of `most` voxels of the synthetic brain."""
    data = load(name) if name in DATA_SETS else synthetic_brain(0, voxel_mm, n_genes=128)
    codec = fit_codec("pca", data, N_COMPONENTS, device="cpu")
    latents = codec.encode(data.values).astype(float)
    positions = data.parcellation.centroids
    if name in DATA_SETS:
        compartment = compartments_of(data.parcellation, data.samples).of_sample
        return Places(positions, compartment, latents, data)
    rows = np.arange(len(positions)) if most is None else rows_to_fit(positions, most)
    depth = _anatomy(*positions[rows].T)
    compartment = np.zeros(len(rows), int)
    for number, structure in enumerate(_STRUCTURES, 1):
        compartment[depth[structure] > 0] = number
    return Places(positions[rows], compartment, latents[rows], data)


def maps(at: Places, kind: Kind, n: int, seed: int) -> np.ndarray:
    """Draw maps that are related to nothing, shape (n_samples, n)."""
    rng = np.random.default_rng(seed)
    drawn = _root(at, kind) @ rng.standard_normal((len(at.positions), n))
    if kind.lognormal:
        drawn = np.exp(drawn)
    cortex = drawn[at.compartment == 0]
    drawn = (drawn - cortex.mean(axis=0)) / cortex.std(axis=0)
    for other in range(1, at.compartment.max() + 1):
        inside = at.compartment == other
        mean = drawn[inside].mean(axis=0)
        drawn[inside] = mean + kind.spread * (drawn[inside] - mean)
        drawn[inside] += kind.step * rng.choice([-1, 1], n)
    return drawn


def tables(at: Places, kind: Kind, n: int, n_genes: int, seed: int) -> Iterator[Expression]:
    """Draw tables of genes made of a dozen maps, which have nothing to do with regions."""
    for number in range(n):
        fields = maps(at, kind, 12, seed + number)
        rng = np.random.default_rng([seed, number])
        values = np.tanh(fields @ rng.normal(0, 0.3, (12, n_genes)))
        values = 0.5 + 0.2 * (values + 0.2 * rng.standard_normal(values.shape))
        genes = tuple(f"G{gene}" for gene in range(n_genes))
        values = np.clip(values, 0, 1).astype(np.float32)
        yield replace(at.expression, values=values, genes=genes)


def _root(at: Places, kind: Kind) -> np.ndarray:
    twin = _TWIN if kind.symmetric else 0.0
    smooth = Smoothness(kind.length_mm, twin, _NUGGET, kind.shape, twin)
    return np.linalg.cholesky(covariance(at.positions, smooth))

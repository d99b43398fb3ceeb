"""The published claims, each decided by the numbers of one data set."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import titles
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.study import compare_score, predict

from .study_data import measure_of
from .study_measures import FOLDS
from .study_rules import Difference, by_group, holm, jackknifed, paired

TITLES = {**titles(), "residual": "residual autoencoder (default)", "genes": "all genes"}
AUTOENCODERS = ("autoencoder", "residual")
MEASURES = {
    "regions": "variance explained by regions",
    "moran": "Moran's I",
    "symmetry": "correlation of hemispheres",
}
ANATOMICAL = "regions"
"""The measure that claims are decided by: any smooth symmetric map has the others."""
# "autoencoder > t-SNE > UMAP > kernel PCA ~ PCA > NMF"
ORDER = (("tsne", ">"), ("umap", ">"), ("kernel-pca", ">"), ("pca", "~"), ("nmf", ">"))
SIGNIFICANT = 0.05


@dataclass(frozen=True, eq=False)
class Found:
    """What was measured of a data set; whatever is not there yet is empty."""

    data: Expression
    regions: str = ""
    """What the groups of regions are, in words."""
    errors: list[compare_score.Score] = field(default_factory=list)
    coherence: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    """``rows``, ``medians`` and ``without`` (medians without each block) by method and size."""
    scores: list[predict.Score] = field(default_factory=list)
    n_targets: int = 0
    """To predict."""
    n_subcortical: int = 0
    """Of these, how many have a value in a region that is not of the cortex."""
    notes: list[str] = field(default_factory=list)
    """On the targets."""


def rmse(found: Found, split: str) -> dict[tuple[str, int], np.ndarray]:
    """Return the held-out RMSE of each fold by method and size, where all folds are there."""
    of: dict[tuple[str, int], dict[int, float]] = {}
    for score in found.errors:
        if score.split == split:
            of.setdefault((score.method, score.latent_size), {})[score.fold] = score.rmse
    return {
        key: np.array([folds[fold] for fold in sorted(folds)])
        for key, folds in of.items()
        if len(folds) == FOLDS
    }


def reconstruction(
    found: Found, split: str, method: str, size: int | None = None
) -> dict[str, Difference]:
    """Return by how much the logarithm of a method's RMSE is below that of each other.

    Pairs are folds. Without `size`, the mean over all sizes that both have.
    """
    of = rmse(found, split)
    differences = {}
    for other in dict.fromkeys(name for name, _ in of):
        sizes = [k for name, k in of if name == other and (method, k) in of and size in (None, k)]
        if other in AUTOENCODERS or not sizes:
            continue
        mine, theirs = (
            np.mean([-np.log(of[name, k]) for k in sizes], axis=0) for name in (method, other)
        )
        differences[other] = paired(mine, theirs, overlap=1 / (FOLDS - 1))
    return differences


def anatomical(found: Found, method: str, size: int) -> dict[str, Difference]:
    """Return by how much regions explain more of a method's median component than of each other's.

    The interval is a jackknife over blocks of space.
    """
    if (method, size) not in found.coherence:
        return {}
    mine, differences = found.coherence[method, size], {}
    for (other, k), theirs in found.coherence.items():
        if k == size and other not in AUTOENCODERS:
            whole = mine["medians"][ANATOMICAL] - theirs["medians"][ANATOMICAL]
            without = [
                a[ANATOMICAL] - b[ANATOMICAL]
                for a, b in zip(mine["without"], theirs["without"], strict=True)
            ]
            differences[other] = jackknifed(whole, without)
    return differences


def beyond_chance(found: Found, method: str, size: int) -> tuple[int, int]:
    """Return how many components of a method regions explain with p <= 0.05, and of how many."""
    made = found.coherence.get((method, size), {"rows": []})
    p = [r["p"] for r in made["rows"] if r["measure"] == ANATOMICAL and r["component"] != "all"]
    return sum(value <= SIGNIFICANT for value in p), len(p)


def r2(
    found: Found, method: str, size: int, regressor: str = "ridge", split: str = "blocks"
) -> dict[str, predict.Score]:
    """Return the scores of a method by target; `size` does not matter to all genes."""
    return {
        score.target: score
        for score in found.scores
        if (score.method, score.regressor, score.split) == (method, regressor, split)
        and (method == "genes" or score.latent_size == size)
    }


def utility(
    found: Found, first: str, second: str, size: int, regressor: str = "ridge"
) -> Difference:
    """Return the difference of R2; pairs are what is measured, each the mean of its maps."""
    mine, theirs = (r2(found, method, size, regressor) for method in (first, second))
    common = [target for target in mine if target in theirs]
    group = {target: measure_of(target) for target in common}
    a, b = (by_group({t: of[t].r2 for t in common}, group) for of in (mine, theirs))
    return paired(list(a.values()), list(b.values()))


def steps(found: Found, method: str, size: int) -> list[tuple[str, str, str, Difference]]:
    """Return (first, ``>`` or ``~``, second, difference) of each step of the published order.

    p-values are corrected for the number of steps.
    """
    chain, first = [], method
    for second, sign in ORDER:
        if r2(found, first, size) and r2(found, second, size):
            chain.append((first, sign, second, utility(found, first, second, size)))
        first = second
    differences = holm([difference for *_, difference in chain])
    return [
        (*names, difference) for (*names, _), difference in zip(chain, differences, strict=True)
    ]


def others(found: Found, method: str, size: int, regressor: str = "ridge") -> dict[str, Difference]:
    """Return how much better a method predicts than each other that is no autoencoder."""
    names = dict.fromkeys(s.method for s in found.scores if s.regressor == regressor)
    if not r2(found, method, size, regressor):
        return {}
    return {
        name: utility(found, method, name, size, regressor)
        for name in names
        if name not in (*AUTOENCODERS, "genes") and r2(found, name, size, regressor)
    }


def all_genes(found: Found, size: int) -> dict[str, Difference]:
    """Return how much better all genes predict than the components of each method."""
    names = dict.fromkeys(s.method for s in found.scores if s.method != "genes")
    return {
        name: utility(found, "genes", name, size)
        for name in names
        if r2(found, "genes", size) and r2(found, name, size)
    }


def named(found: dict[str, Difference]) -> dict[str, Difference]:
    """Return the same by the methods' names in words."""
    return {TITLES[name]: difference for name, difference in found.items()}


def sizes_predicted(found: Found) -> list[int]:
    """Return the numbers of components that maps are predicted from."""
    return sizes_of((s.method, s.latent_size) for s in found.scores if s.method != "genes")


def sizes_of(keys: Iterable[tuple[str, int]]) -> list[int]:
    """Return the numbers of components there are, ascending."""
    return sorted({size for _, size in keys})

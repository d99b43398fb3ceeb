"""How often maps without junk are taken for bad ones: smooth maps, normal and heavy-tailed."""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter  # noqa: TID253
from scipy.stats import norm  # noqa: TID253
from scipy.stats import t as student  # noqa: TID253

from napari_compressed_transcriptomics.core.bad_maps import farthest_usual, ranges_of

GRID, SMOOTH = (24, 28, 24), 2.0
TAILS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "normal": lambda z: z,
    "exponential": lambda z: -norm.logsf(z),
    "lognormal": np.exp,
    "Student's t, 3": lambda z: student.ppf(norm.cdf(z), 3),
    "Student's t, 2": lambda z: student.ppf(norm.cdf(z), 2),
}
SETS = ((200, 10), (16, 25))
"""Genes in a set, and sets of each kind."""


def maps(rng: np.random.Generator, n_genes: int, tail: Callable) -> np.ndarray:
    """Return smooth maps with means and scales of their own, float32 (n_voxels, n_genes)."""
    smooth = gaussian_filter(rng.standard_normal((n_genes, *GRID)), (0, *[SMOOTH] * 3))
    values = tail(smooth.reshape(n_genes, -1) / smooth.std())
    scale, mean = 10 ** rng.normal(0, 0.3, (n_genes, 1)), rng.normal(6, 3, (n_genes, 1))
    return (values * scale + mean).T.astype(np.float32)


def main() -> None:
    print("| values | genes in a set | taken for bad |\n|---|---|---|")
    for n_genes, n_sets in SETS:
        for seed, (name, tail) in enumerate(TAILS.items()):
            rng, found = np.random.default_rng(seed), 0
            for _ in range(n_sets):
                ranges = ranges_of(maps(rng, n_genes, tail))
                found += int((ranges.departure > farthest_usual(ranges)).sum())
            print(f"| {name} | {n_genes} | {found} of {n_genes * n_sets:,} |", flush=True)


if __name__ == "__main__":
    main()

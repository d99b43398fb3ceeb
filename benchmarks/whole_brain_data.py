"""Expression as of a whole brain, made of the maps of a few genes when it is read.

Each gene is a random mixture of the maps of a folder of one volume per gene, and noise.
"""

from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression, Parcellation, voxel_names
from napari_compressed_transcriptomics.core.lazy_values import LazyValues

N_GENES = 18_686


class Made:
    """Genes that are made when they are read; see `core.lazy_values.Matrix`."""

    name, sha256, limits = "made", "", None

    def __init__(self, maps: np.ndarray, n_genes: int) -> None:
        self.maps = maps
        self.shape = (len(maps), n_genes)
        self.rows_together = len(maps)

    def read_rows(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        raise NotImplementedError

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        found = np.empty((len(self.maps), len(columns)), np.float32)
        for place, column in enumerate(columns):
            rng = np.random.default_rng(int(column))
            weights = rng.standard_t(4, self.maps.shape[1]).astype(np.float32)
            noise = rng.standard_normal(len(self.maps), np.float32)
            found[:, place] = 6 + 0.3 * (self.maps @ weights) + 0.3 * noise
        return found


def made(folder: Path, n_genes: int, steps: tuple[int, int, int]) -> Expression:
    """Return expression like that of the maps in a folder, of every `steps`-th voxel an axis."""
    import nibabel

    volumes = [nibabel.load(path) for path in sorted(folder.glob("*.nii.gz"))]
    data = [np.asarray(volume.dataobj, np.float32) for volume in volumes]
    sound = [one for one in data if np.isfinite(one).all() and one.min() > -20 and one.max() < 30]
    every = tuple(slice(None, None, step) for step in steps)
    stacked = np.stack([one[every] for one in sound])
    mask = (stacked != 0).mean(axis=0) > 0.5
    maps = stacked[:, mask].T
    maps = np.ascontiguousarray((maps - maps.mean(0)) / maps.std(0))
    affine = volumes[0].affine @ np.diag([*steps, 1])
    parcellation = Parcellation.from_mask(mask, affine)
    samples = voxel_names(mask)
    genes = tuple(f"GENE{i}" for i in range(n_genes))
    return Expression(LazyValues(Made(maps, n_genes)), genes, samples, parcellation, "made")

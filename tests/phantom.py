"""An asymmetric phantom that no flip or permutation leaves as it was."""

import numpy as np
from nibabel.affines import apply_affine

from napari_compressed_transcriptomics.core.expression import Expression, Parcellation

_TURN = np.radians(20)

AFFINES = {
    "RAS": np.array([[3.0, 0, 0, -9], [0, 3, 0, -12], [0, 0, 3, -8], [0, 0, 0, 1]]),
    "LAS": np.array([[-3.0, 0, 0, 9], [0, 3, 0, -12], [0, 0, 3, -8], [0, 0, 0, 1]]),
    "permuted": np.array([[0, 0, -2.0, 7], [3, 0, 0, -12], [0, 4, 0, -8], [0, 0, 0, 1]]),
    "oblique": np.float32(
        [
            [3 * np.cos(_TURN), -3 * np.sin(_TURN), 0, -9],
            [3 * np.sin(_TURN), 3 * np.cos(_TURN), 0.1, -12],
            [0, 0, 3, -8],
            [0, 0, 0, 1],
        ]
    ).astype(float),
}


def make_phantom(
    affine=AFFINES["LAS"], genes=("A1BG", "NA", "NAT1", "ABCA6", "TP53"), beyond=((0, 0),) * 3
):
    """Voxel-wise expression of an L-shaped body in a 6 x 5 x 7 grid, with so many voxels beyond."""
    mask = np.zeros((6, 5, 7), bool)
    mask[1:5, 1, 1:6] = mask[1, 1:4, 1:3] = mask[4, 2, 5] = True
    mask = np.pad(mask, beyond)
    rng = np.random.default_rng(7)
    values = rng.uniform(0.3, 0.7, (mask.sum(), len(genes))).astype(np.float32)
    return Expression(
        values=values,
        genes=genes,
        samples=tuple(f"{x}_{y}_{z}" for x, y, z in np.argwhere(mask)),
        parcellation=Parcellation.from_mask(mask, affine),
        name="phantom",
    )


def large_phantom(affine=AFFINES["permuted"]):
    """Return the phantom in a grid of 29 x 30 x 24, of which the viewer has but a part.

    It lies 200 mm away, where no brain of a person is.
    """
    away = affine.copy()
    away[0, 3] += 200
    return make_phantom(away, beyond=((14, 9), (8, 17), (11, 6)))


GRIDS = {
    "RAS": np.diag([4.0, 4, 4, 1]),
    "LAS": np.diag([-4.0, 4, 4, 1]),
    "LPI": np.diag([-4.0, -4, -4, 1]),
    "permuted": np.array([[0, 0, 4.0, 0], [-4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 0, 1]]),
}


def lone_voxel(mm, affine):
    """Expression of a ball-like brain that is bright in one spot only, at RAS `mm`."""
    shape = (21, 23, 19)
    voxels = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    world = apply_affine(affine, voxels)
    centre = apply_affine(affine, (np.array(shape) - 1) / 2)
    mask = np.linalg.norm(world - centre, axis=-1) < 36
    parcellation = Parcellation.from_mask(mask, affine)
    distance = np.linalg.norm(parcellation.centroids - centre - mm, axis=1)
    values = np.float32(distance < 9)[:, None] + np.linspace(0, 0.01, len(distance))[:, None]
    return Expression(
        values.astype(np.float32), ("SPOT",), tuple(map(str, range(len(values)))), parcellation
    )

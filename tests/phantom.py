"""An asymmetric phantom that no flip or permutation leaves as it was."""

import numpy as np

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


def make_phantom(affine=AFFINES["LAS"], genes=("A1BG", "NA", "NAT1", "ABCA6", "TP53")):
    """Voxel-wise expression of an L-shaped body in a 6 x 5 x 7 grid."""
    mask = np.zeros((6, 5, 7), bool)
    mask[1:5, 1, 1:6] = mask[1, 1:4, 1:3] = mask[4, 2, 5] = True
    rng = np.random.default_rng(7)
    values = rng.uniform(0.3, 0.7, (mask.sum(), len(genes))).astype(np.float32)
    return Expression(
        values=values,
        genes=genes,
        samples=tuple(f"{x}_{y}_{z}" for x, y, z in np.argwhere(mask)),
        parcellation=Parcellation.from_mask(mask, affine),
        name="phantom",
    )

"""The null as it was before: one stationary field, its likeliest smoothness, ranks over the brain.

Kept to show its false positives beside those of `core.spatial_null`, and for nothing else.
"""

from functools import lru_cache
from itertools import product

import numpy as np

from napari_compressed_transcriptomics.spatial.spatial_covariance import Smoothness, covariance

_LENGTHS_MM = (4.0, 8.0, 15.0, 25.0, 40.0, 70.0, 120.0)
_TWINS = (0.0, 0.4, 0.8, 0.99)
_NUGGETS = (0.001, 0.05, 0.2, 0.5, 0.9)


def stationary_maps(values: np.ndarray, positions: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Draw surrogate maps, shape (n_samples, n)."""
    found, whiten, penalty, roots = _fits(np.ascontiguousarray(positions).tobytes())
    squares = np.square(whiten @ values).sum(axis=1)
    likelihood = -(len(values) - 1) / 2 * np.log(np.maximum(squares, 1e-300)) - penalty / 2
    best = int(likelihood.argmax())
    if best not in roots:
        roots[best] = np.linalg.cholesky(covariance(positions, found[best]))
    draws = roots[best] @ np.random.default_rng(seed).standard_normal((len(values), n))
    return np.sort(values)[draws.argsort(axis=0).argsort(axis=0)]


@lru_cache(maxsize=2)
def _fits(places: bytes) -> tuple[list[Smoothness], np.ndarray, np.ndarray, dict]:
    positions = np.frombuffer(places).reshape(-1, 3)
    start = np.eye(len(positions))
    start[:, 0] = 1
    without_mean = np.linalg.qr(start)[0][:, 1:].T
    found, whiten, penalty = [], [], []
    for length, twin, nugget in product(_LENGTHS_MM, _TWINS, _NUGGETS):
        found.append(Smoothness(length, twin, nugget))
        root = np.linalg.cholesky(without_mean @ covariance(positions, found[-1]) @ without_mean.T)
        whiten.append(np.linalg.solve(root, without_mean))
        penalty.append(2 * np.log(root.diagonal()).sum())
    return found, np.array(whiten), np.array(penalty), {}

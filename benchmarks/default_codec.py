"""What the default codec costs over PCA: fit, and encode + error; CPU seconds of one thread."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.residual import ResidualAutoencoder
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct

from . import made
from .line import Line

SAMPLES, FEW_GENES, FEW_GENES_SAMPLES = 2_923, 42, 185_682
SIZES, SIZES_OF_FEW_GENES = (8, 64), (2, 8)
TURNS, TIMES_PCA = 4, 3


def default_codec() -> list[Line]:
    """Fit and run both codecs on the synthetic brain, many genes first."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        brain = _some(synthetic_brain(n_genes=made.N_GENES), SAMPLES)
        lines = [line for k in SIZES for line in _lines(brain, k, TIMES_PCA)]
        brain = _some(synthetic_brain(voxel_mm=2, n_genes=FEW_GENES), FEW_GENES_SAMPLES)
        return lines + [line for k in SIZES_OF_FEW_GENES for line in _lines(brain, k, None)]
    finally:
        torch.set_num_threads(threads)


def _some(brain: Expression, n_samples: int) -> Expression:
    order = np.random.default_rng(0).permutation(brain.n_samples)
    return brain.subset(np.sort(order[:n_samples]))


def _lines(brain: Expression, k: int, times_pca: int | None) -> list[Line]:
    """Return the lines of one size; without a target, models of old are too slow to be run."""
    size = f"{brain.n_samples:,} x {brain.n_genes:,}, k = {k}"
    pca_fit, pca = _timed(lambda: fit_codec("pca", brain, k, device="cpu"))
    fit, codec = _timed(lambda: fit_codec("residual", brain, k, device="cpu"))
    of_pca, ours = _running(pca, brain), _running(codec, brain)
    words = f"{ours / of_pca:.1f} times ({ours:.2f} s, steps: {codec.projection.steps}"
    if times_pca is not None:
        before = _running(_as_before(codec), brain, turns=1)
        words += f"; with 12 Levenberg-Marquardt steps, as before, {before / of_pca:.0f} times"
    return [
        Line(f"default codec, fit, {size}", f"{fit:.1f} s (PCA {pca_fit:.1f} s)", ""),
        Line(
            f"default codec, encode + error over PCA's, {size}",
            f"{words})",
            "" if times_pca is None else f"{times_pca} times",
            None if times_pca is None else ours <= times_pca * of_pca,
        ),
    ]


def _as_before(codec: ResidualAutoencoder) -> ResidualAutoencoder:
    """Return the codec as one of old, that does not tell how it projects."""
    others = codec.rotation, codec.scale, codec.genes, codec.gene_means
    return ResidualAutoencoder(codec.module, None, *others)


def _running(codec: Codec, brain: Expression, turns: int = TURNS) -> float:
    """Return the fewest seconds of encoding and measuring."""
    codec.network()  # as after compressing
    return min(_timed(lambda: reconstruct(codec, brain, device="cpu"))[0] for _ in range(turns))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of some work, of one thread as long as there is one, and its result.

    Of a process: on a shared machine the clock on the wall tells of others, too.
    """
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result

"""Principal components of expression that is read in blocks of rows, a few times as a whole."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)

from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.matrix_products import addmm, matmul
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.row_chunks import each_block, rows_at_once
from napari_compressed_transcriptomics.core.threads import one_thread_of_blas

OVERSAMPLING = 64
SAMPLED_ROWS = 2048
PASSES = 2
"""Through all values, after the one that takes a sample; measured: see `principal_components`."""
ROWS_READ = 4096
"""That lie together in a store, about."""
_STAGE = "Finding principal components"
_FEW_ROWS = 16
"""Whose values a core's cache can hold."""


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """What `principal_components` finds."""

    mean: np.ndarray
    """Of float64, shape (n_genes,)."""
    components: np.ndarray
    """Orthonormal rows, by decreasing variance; the largest entry of each is positive. Of float32,
    shape (n_components, n_genes)."""
    variances: np.ndarray
    """Of the scores, with n - 1; never too high, and of the last ones up to a tenth too low where
    variances hardly fall any more. Of float64, shape (n_components,)."""
    total_variance: float
    """Sum over genes, with n - 1."""


def principal_components(
    values: LazyValues | np.ndarray, n_components: int, device: str = "cpu", report: Report = silent
) -> PrincipalComponents:
    """Find the first principal components, reading `PASSES` + 1 times in blocks of rows.

    The components of evenly spaced rows are where it begins. Each pass multiplies them by the
    covariance of all rows; from the last one's product the components follow by the Nystroem
    approximation (Tropp, Yurtsever, Udell and Cevher 2017, "Fixed-rank approximation of a
    positive-semidefinite matrix from streaming data", NeurIPS 30, algorithm 3), whose error is
    that of another half a pass. No draw is random.

    Parameters
    ----------
    values : LazyValues or ndarray, shape (n, n_genes)
    n_components : int
        Fewer than rows, and at most as many as genes.
    device : {"cpu", "cuda", "mps"}
    report : callable, optional
        Called after each block with a `Progress` in rows; may raise `Stop` or `Cancelled`.
    """
    n, n_genes = values.shape
    sample, mean, total = _sampled(values, n_components, report)
    width = min(n_components + OVERSAMPLING, n_genes, len(sample))
    basis = _of_sample(sample - mean.astype(np.float32), width)
    del sample
    for number in range(1, PASSES + 1):
        product = _times_covariance(values, mean, basis, device, number, report)
        if number < PASSES:
            basis = torch.linalg.qr(product)[0].float()
    components, variances = _nystroem(basis, product)
    first = components[:, :n_components].T.numpy()
    largest = np.take_along_axis(first, np.abs(first).argmax(axis=1, keepdims=True), axis=1)
    signed = np.ascontiguousarray(first * np.sign(largest), np.float32)
    scaled = variances[:n_components].numpy() / (n - 1)
    return PrincipalComponents(mean, signed, scaled, total / (n - 1))


@one_thread_of_blas()
def scores_of(
    values: LazyValues | np.ndarray,
    found: PrincipalComponents,
    device: str = "cpu",
    report: Report = silent,
) -> np.ndarray:
    """Return the scores of all rows, float32 (n, n_components)."""
    n = len(values)
    weights = torch.tensor(found.components.T, device=device)
    offset = torch.tensor(found.components @ found.mean, dtype=torch.float32, device=device)
    scores = np.empty((n, len(found.components)), np.float32)

    def rotate(first: int, last: int, block: torch.Tensor) -> None:
        scores[first:last] = addmm(-offset, block, weights).cpu().numpy()

    for last in each_block(values, 0, rows_at_once(values), device, rotate):
        report(Progress("Rotating", last, n))
    return scores


def bytes_to_stream(n_samples: int, n_genes: int, n_components: int) -> int:
    """Return about how much memory `principal_components` takes, with what is read ahead."""
    rows, width = _rows_sampled(n_samples, n_components), n_components + OVERSAMPLING
    blocks = 3 * 4 * ROWS_READ * n_genes
    return 4 * rows * (2 * n_genes + 3 * rows) + 40 * n_genes * width + blocks


def _rows_sampled(n_samples: int, n_components: int) -> int:
    return min(n_samples, max(SAMPLED_ROWS, 3 * n_components))


def _sampled(
    values: LazyValues | np.ndarray, n_components: int, report: Report
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return evenly spaced rows, the mean of all, and the sum of squares about it."""
    n, n_genes = values.shape
    kept = np.unique(np.linspace(0, n - 1, _rows_sampled(n, n_components)).astype(int))
    sample = np.empty((len(kept), n_genes), np.float32)
    mean, about_mean = np.zeros(n_genes), np.zeros(n_genes)

    def look(first: int, last: int, block: torch.Tensor) -> Callable[[], None]:
        rows = block.numpy()
        places = slice(*np.searchsorted(kept, [first, last]))
        sample[places] = rows[kept[places] - first]
        typical = rows.mean(axis=0)  # sums of float32 about it lose less
        sums, squares = np.zeros(n_genes), np.zeros(n_genes)
        for few in range(0, len(rows), _FEW_ROWS):  # a copy of them all is kept by each thread
            about = rows[few : few + _FEW_ROWS] - typical
            sums += about.sum(axis=0)
            squares += np.square(about, out=about).sum(axis=0)
        return partial(add, first, len(rows), typical + sums / len(rows), squares)

    def add(before: int, more: int, of_block: np.ndarray, squares: np.ndarray) -> None:
        """Chan, Golub and LeVeque 1979, "Updating formulae", equation 1.5."""
        apart = of_block - mean
        mean[:] += more / (before + more) * apart
        about_mean[:] += squares + before * more / (before + more) * apart**2

    for last in each_block(values, 0, rows_at_once(values), "cpu", look):
        report(Progress(_STAGE, last, n * (PASSES + 1)))
    return sample, mean, float(about_mean.sum())


def _of_sample(centred: np.ndarray, width: int) -> torch.Tensor:
    """Return the first `width` right singular vectors of rows, as columns, by their products."""
    rows = torch.from_numpy(centred)
    found = torch.linalg.eigh((rows @ rows.T).double())
    left = found.eigenvectors[:, -width:].float()
    return torch.linalg.qr(rows.T @ left.flip(1))[0]


@one_thread_of_blas()
def _times_covariance(
    values: LazyValues | np.ndarray,
    mean: np.ndarray,
    basis: torch.Tensor,
    device: str,
    number: int,
    report: Report,
) -> torch.Tensor:
    """Return ``C @ basis``, C being the sum of the products of centred rows, float64."""
    n, n_genes = values.shape
    here = basis.to(device)
    offset = torch.tensor(mean @ basis.double().numpy(), dtype=torch.float32, device=device)
    sums_on = "cpu" if device == "mps" else device  # MPS has no float64
    product = torch.zeros(n_genes, basis.shape[1], dtype=torch.float64, device=sums_on)
    sum_of_scores = torch.zeros(basis.shape[1], dtype=torch.float64, device=sums_on)

    def multiply(first: int, last: int, block: torch.Tensor) -> Callable[[], None]:
        scores = addmm(-offset, block, here)
        return partial(add, matmul(block.T, scores), scores.sum(0))

    def add(of_block: torch.Tensor, scores: torch.Tensor) -> None:
        product.add_(of_block.to(sums_on))
        sum_of_scores.add_(scores.to(sums_on))

    for last in each_block(values, 0, rows_at_once(values), device, multiply):
        report(Progress(_STAGE, n * number + last, n * (PASSES + 1)))
    # rows were not centred where they were multiplied from the left
    product -= torch.outer(torch.tensor(mean, device=sums_on), sum_of_scores)
    return product.cpu()


def _nystroem(basis: torch.Tensor, product: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return eigenvectors (n_genes, width) and eigenvalues of C from ``C @ basis``."""
    basis = basis.double()
    shift = float(torch.finfo(torch.float32).eps) * float(product.norm())
    shifted = product + shift * basis
    core = basis.T @ shifted
    factor = torch.linalg.cholesky((core + core.T) / 2)
    half = torch.linalg.solve_triangular(factor, shifted.T, upper=False).T
    left, sizes, _ = torch.linalg.svd(half, full_matrices=False)
    return left, (sizes.square() - shift).clamp_(min=0)

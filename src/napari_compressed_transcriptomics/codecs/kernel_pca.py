"""Kernel PCA with an RBF kernel as a codec: scikit-learn's numbers, tuned on inner folds."""

from typing import Any, Self

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from napari_compressed_transcriptomics.core.progress import Progress, Report
from napari_compressed_transcriptomics.core.tensors import check_tensors, fraction, whole
from napari_compressed_transcriptomics.spatial.splits import inner_folds

from .codec import GENE_MEANS, Codec, Fitting
from .networks.autoencoder_network import CodecNetwork, linear_layer

MAX_SAMPLES = 4000
MAX_TO_CHOOSE = 500
_MAX_DISTANCES = 500
GAMMAS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Tried for the kernel's gamma, with samples and latents in units of their median distance."""
ALPHAS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Tried for the ridge of the way back. In these units 1e-5 at a gamma of 0.003 does about
what 1e-10 does with latents as scikit-learn has them, which shrink with gamma."""
_STEEPEST = 500
"""Gamma over ridge above which coefficients are too large for float32: at 1,000 the order of sums
changed the RMSE of samples by 5e-4 of it."""
_ALIKE = 1.01
"""Ratio of squared errors that tells nothing: 0.5 % of the RMSE."""

_STAGE = "Fitting kernel PCA"


class KernelPCA(Codec):
    """Kernel PCA with an RBF kernel; back by kernel ridge regression from the latents.

    Parameters
    ----------
    samples : ndarray, shape (m, n_genes)
        Training samples, less `gene_means`, over `unit`.
    gamma : float
        Of the kernel, ``exp(-gamma |x - y|^2)``, for samples and for latents.
    unit : float
        Median distance of training samples. That of their latents is 1, so that one gamma and one
        scale of ridges serve both ways.
    vectors : ndarray, shape (m, latent_size)
        Latents are centred kernels times these.
    row_means : ndarray, shape (m,)
        Means of the training kernel less one, which centre that of others.
    latents : ndarray, shape (m, latent_size)
        Of the training samples.
    dual : ndarray, shape (m, n_genes)
        Coefficients of the way back.
    genes, gene_means, training
        See `Codec`.
    """

    id = "kernel-pca"
    repeats = ("gamma", "alpha")
    _ARRAYS = ("samples", "vectors", "row_means", "latents", "dual")

    def __init__(
        self,
        gamma: float,
        unit: float,
        arrays: dict[str, np.ndarray],
        genes: tuple[str, ...],
        gene_means: np.ndarray,
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(arrays["vectors"].shape[1], genes, gene_means, training)
        self.gamma, self.unit = float(gamma), float(unit)
        self.arrays = {name: np.asarray(arrays[name], np.float32) for name in self._ARRAYS}

    def config(self) -> dict[str, Any]:
        """Return sizes and the kernel's gamma."""
        return {
            "latent_size": self.latent_size,
            "n_samples": len(self.arrays["samples"]),
            "gamma": self.gamma,
            "unit": self.unit,
        }

    def describe(self) -> str:
        """Return the method in words."""
        how = ""
        if "gammas" in self.training:
            how = " (gamma and ridge chosen by five-fold cross-validation among training samples)"
        return (
            f"kernel principal component analysis with {self.latent_size} components and an RBF "
            f"kernel (gamma {self.gamma:.4g}), back by kernel ridge regression from latents{how}"
        )

    def chosen(self) -> str:
        """Return gamma and ridge."""
        edge = ", at the edge of what is tried" if self.training.get("chosen_at_edge") else ""
        return f"gamma {self.gamma:g}, ridge {self.training.get('alpha', float('nan')):g}{edge}"

    def tensors(self) -> dict[str, Any]:
        """Return all arrays and the gene means."""
        return {**self.arrays, GENE_MEANS: self.gene_means}

    @classmethod
    def from_parts(cls, config: dict, tensors: dict, genes: tuple[str, ...]) -> Self:
        """Make it from what `config` and `tensors` returned."""
        m, k = (whole(config[name], name) for name in ("n_samples", "latent_size"))
        gamma, unit = (fraction(config[name], name, above=0) for name in ("gamma", "unit"))
        g = len(genes)
        shapes: dict[str, tuple[int, ...]] = {
            "samples": (m, g),
            "vectors": (m, k),
            "row_means": (m,),
            "latents": (m, k),
            "dual": (m, g),
            GENE_MEANS: (g,),
        }
        check_tensors(tensors, shapes)
        arrays = {name: np.asarray(tensors[name]) for name in cls._ARRAYS}
        return cls(gamma, unit, arrays, genes, np.asarray(tensors[GENE_MEANS]))

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        m = min(n_samples, MAX_SAMPLES)
        return (4 * n_samples + 44 * m) * n_genes + 48 * m**2 + 100 * min(m, MAX_TO_CHOOSE) ** 2

    @classmethod
    def _fit(
        cls,
        fitting: Fitting,
        gamma: float | None = None,
        alpha: float | None = None,
        **settings: Any,
    ) -> Self:
        expression, latent_size, report = fitting.expression, fitting.latent_size, fitting.report
        rng = np.random.default_rng(fitting.seed)
        gene_means = np.mean(fitting.values, axis=0, dtype=float).astype(np.float32)
        samples, message = fitting.values - gene_means, ""
        if len(samples) > MAX_SAMPLES:
            samples = samples[np.sort(rng.permutation(len(samples))[:MAX_SAMPLES])]
            message = f"Kernel PCA is fitted to {MAX_SAMPLES} samples drawn at random"
        unit = _median_distance(samples, rng)
        samples = samples / np.float32(unit)
        report(Progress(_STAGE, 0, 1, message))
        chosen: dict[str, Any] = {}
        if gamma is None or alpha is None:
            some = samples
            if len(samples) > MAX_TO_CHOOSE:
                some = samples[np.sort(rng.permutation(len(samples))[:MAX_TO_CHOOSE])]
            errors = _measure_errors(some, latent_size, fitting.seed, report)
            gamma, alpha, chosen = _choice(errors)
        arrays = _arrays(samples, latent_size, gamma, alpha, rng)
        report(Progress(_STAGE, 1, 1))
        record = fitting.record(gamma=gamma, alpha=alpha, **chosen)
        return cls(gamma, unit, arrays, expression.genes, gene_means, record)

    def _build(self) -> CodecNetwork:
        arrays = {name: torch.tensor(array) for name, array in self.arrays.items()}
        dual = self.arrays["dual"]
        bias = self.gene_means + self.unit * dual.sum(axis=0, dtype=float)
        output = linear_layer(dual.T * self.unit, bias)
        kernel = RBF(arrays["samples"], self.gamma, torch.tensor(self.gene_means), self.unit)
        encoder = KernelEncoder(kernel, arrays["row_means"], arrays["vectors"])
        return CodecNetwork(encoder, RBF(arrays["latents"], self.gamma), output, nn.Identity())


class RBF(nn.Module):
    """The kernel of rows with given points, ``exp(-gamma |(x - offset) / unit - y|^2) - 1``.

    Less one, as float32 would lose what a wide kernel says: all its values are near one.
    """

    points: Tensor
    offset: Tensor | None

    def __init__(
        self, points: Tensor, gamma: float, offset: Tensor | None = None, unit: float = 1.0
    ) -> None:
        super().__init__()
        self.register_buffer("points", points)
        self.register_buffer("offset", offset)
        self.gamma, self.unit = gamma, unit

    def forward(self, values: Tensor) -> Tensor:
        """Return (n, m)."""
        if self.offset is not None:
            values = (values - self.offset) / self.unit
        squares = values.square().sum(1, keepdim=True) + self.points.square().sum(1)
        return torch.expm1(-self.gamma * (squares - 2 * values @ self.points.T).clamp(min=0))


class KernelEncoder(nn.Module):
    """Kernel, centred as in feature space, times vectors."""

    row_means: Tensor
    vectors: Tensor

    def __init__(self, kernel: RBF, row_means: Tensor, vectors: Tensor) -> None:
        super().__init__()
        self.kernel = kernel
        self.register_buffer("row_means", row_means)
        self.register_buffer("vectors", vectors)

    def forward(self, expression: Tensor) -> Tensor:
        """Return latents (n, k)."""
        kernel = self.kernel(expression)
        centred = kernel - kernel.mean(1, keepdim=True) - self.row_means + self.row_means.mean()
        return centred @ self.vectors


def _measure_errors(samples: np.ndarray, latent_size: int, seed: int, report: Report) -> np.ndarray:
    """Return squared errors on inner folds, (`GAMMAS`, `ALPHAS`).

    Two eigendecompositions a fold and gamma serve all ridges. Samples are rotated into the space
    that they span, so that the cost does not depend on the number of genes.
    """
    sizes, axes = np.linalg.eigh(samples.astype(float) @ samples.T.astype(float))
    rows = axes * np.sqrt(sizes.clip(min=0))
    parts = inner_folds(len(rows), seed)
    errors = np.zeros((len(GAMMAS), len(ALPHAS)))
    for number, part in enumerate(parts):
        held_out = np.sort(part.numpy())
        learned = np.delete(np.arange(len(rows)), held_out)
        known = rows[learned] - rows[learned].mean(axis=0)
        asked = rows[held_out] - rows[learned].mean(axis=0)
        near, far = _squares(known, known), _squares(asked, known)
        for row, gamma in enumerate(GAMMAS):
            latents, vectors, row_means = _encoder(near, gamma, latent_size)
            placed = _centred(np.expm1(-gamma * far), row_means) @ vectors
            values, axes = np.linalg.eigh(np.exp(-gamma * _squares(latents, latents)))
            kernel = np.exp(-gamma * _squares(placed, latents)) @ axes
            wanted = axes.T @ known
            for column, alpha in enumerate(ALPHAS):
                back = kernel / (values.clip(min=0) + alpha) @ wanted
                errors[row, column] += np.square(asked - back).sum()
            report(Progress(_STAGE, number * len(GAMMAS) + row + 1, len(parts) * len(GAMMAS) + 1))
    return errors


def _choice(errors: np.ndarray) -> tuple[float, float, dict[str, Any]]:
    """Return gamma, alpha and the record of how they were chosen.

    Where a kernel is so wide that it is flat, all that are wider do the same with a smaller
    ridge; of those that do alike the largest ridge is taken, which float32 computes best.
    """
    steep = np.divide.outer(GAMMAS, ALPHAS) > _STEEPEST
    possible = np.where(steep, np.inf, errors)
    alike = possible <= possible.min() * _ALIKE
    column = int(np.flatnonzero(alike.any(axis=0))[-1])
    row = int(np.flatnonzero(alike[:, column])[-1])
    inside = 0 < row < len(GAMMAS) - 1 and 0 < column < len(ALPHAS) - 1
    tried = {
        "gammas": list(GAMMAS),
        "alphas": list(ALPHAS),
        "chosen_at_edge": not inside,
        "limited_by_float32": bool(errors.min() * _ALIKE < possible.min()),
    }
    return GAMMAS[row], ALPHAS[column], tried


def _arrays(
    samples: np.ndarray, latent_size: int, gamma: float, alpha: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return what encoding and decoding need."""
    from scipy.linalg import solve

    exact = samples.astype(float)
    latents, vectors, row_means = _encoder(_squares(exact, exact), gamma, latent_size, rng)
    kernel = np.exp(-gamma * _squares(latents, latents))
    kernel.flat[:: len(kernel) + 1] += alpha
    dual = solve(kernel, exact, assume_a="pos", overwrite_a=True, overwrite_b=True)
    return {
        "samples": samples,
        "vectors": vectors,
        "row_means": row_means,
        "latents": latents,
        "dual": _rounded(dual),
    }


def _rounded(dual: np.ndarray) -> np.ndarray:
    """Return coefficients in float32 whose sums, small beside the coefficients, are still right.

    Decoding adds them (kernels are computed less one): what rounding took goes to the smallest.
    """
    rounded = dual.astype(np.float32)
    lost = dual.sum(axis=0) - rounded.sum(axis=0, dtype=float)
    rounded[np.abs(rounded).argmin(axis=0), np.arange(len(lost))] += lost
    return rounded


def _encoder(
    squares: np.ndarray, gamma: float, latent_size: int, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return latents and vectors (m, latent_size), and row means, from squared distances (m, m).

    Components are zero where the kernel has too low a rank.
    """
    from scipy.linalg import eigh
    from scipy.sparse.linalg import eigsh

    kernel = np.expm1(-gamma * squares)
    m, row_means = len(kernel), kernel.mean(axis=0)
    kernel = _centred(kernel, row_means)
    size = max(1, min(latent_size, m - 1))
    if m <= MAX_TO_CHOOSE or rng is None:
        values, found = eigh(kernel, subset_by_index=(m - size, m - 1))
    else:
        values, found = eigsh(kernel, size, which="LA", v0=rng.uniform(-1, 1, m))
    largest = found[np.abs(found).argmax(axis=0), np.arange(size)]
    roots = np.sqrt(np.where(values > 1e-12 * abs(values[-1]), values, np.inf))
    latents, vectors = np.zeros((2, m, latent_size))
    vectors[:, :size] = (found * np.sign(largest) / roots)[:, ::-1]
    latents[:, :size] = kernel @ vectors[:, :size]
    unit = _median_distance(latents, rng)
    return latents / unit, vectors / unit, row_means


def _centred(kernel: np.ndarray, row_means: np.ndarray) -> np.ndarray:
    """Return a kernel of any samples with the training samples, centred in feature space."""
    return kernel - kernel.mean(axis=1, keepdims=True) - row_means + row_means.mean()


def _squares(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    from sklearn.metrics.pairwise import euclidean_distances

    return euclidean_distances(one, other, squared=True)


def _median_distance(samples: np.ndarray, rng: np.random.Generator | None) -> float:
    """Return the median distance of samples (of some of many), 1 where there is none."""
    from scipy.spatial.distance import pdist

    if rng is not None and len(samples) > _MAX_DISTANCES:
        samples = samples[rng.permutation(len(samples))[:_MAX_DISTANCES]]
    distances = pdist(samples)
    return float(np.median(distances)) or 1.0 if len(distances) else 1.0

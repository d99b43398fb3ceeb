"""Kernel PCA with an RBF kernel, as scikit-learn fits it, as a codec."""

from collections.abc import Generator
from itertools import product
from typing import Any

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from .codec import Codec
from .expression import Expression
from .networks import CodecNetwork
from .progress import Progress
from .provenance import training_record
from .tensors import check_tensors, fraction, whole

MOST_SAMPLES = 4000
MOST_TO_CHOOSE = 500
GAMMAS = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Tried for the kernel's gamma, with samples in units of their median distance."""
ALPHAS = (1e-3, 1e-2, 1e-1, 1.0)
"""Tried for the ridge of the way back."""


class KernelPCA(Codec):
    """Kernel PCA with an RBF kernel; back by kernel ridge regression from the latents.

    Parameters
    ----------
    samples : ndarray, shape (m, n_genes)
        Training samples, less `neutral`, over `unit`.
    gamma : float
        Of the kernel, ``exp(-gamma |x - y|^2)``, for samples and for latents.
    unit : float
        Median distance of training samples: latents are of the size of 1, so one gamma and one
        scale of ridges serve both ways.
    vectors : ndarray, shape (m, latent_size)
        Latents are centred kernels times these.
    row_means : ndarray, shape (m,)
        Means of the training kernel less one, which centre that of others.
    latents : ndarray, shape (m, latent_size)
        Of the training samples.
    dual : ndarray, shape (m, n_genes)
        Coefficients of the way back.
    genes, neutral, training
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
        neutral: np.ndarray,
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(arrays["vectors"].shape[1], genes, neutral, training)
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
        return (
            f"kernel principal component analysis with {self.latent_size} components and an RBF "
            f"kernel (gamma {self.gamma:.4g}), back by kernel ridge regression"
        )

    def tensors(self) -> dict[str, Any]:
        """Return all arrays and ``neutral``."""
        return {**self.arrays, "neutral": self.neutral}

    @classmethod
    def from_parts(
        cls, config: dict[str, Any], tensors: dict[str, Any], genes: tuple[str, ...]
    ) -> "KernelPCA":
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
            "neutral": (g,),
        }
        check_tensors(tensors, shapes)
        arrays = {name: np.asarray(tensors[name]) for name in cls._ARRAYS}
        return cls(gamma, unit, arrays, genes, np.asarray(tensors["neutral"]))

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        m = min(n_samples, MOST_SAMPLES)
        return (4 * n_samples + 44 * m) * n_genes + 48 * m * m

    @classmethod
    def _fit_steps(
        cls,
        expression: Expression,
        latent_size: int,
        seed: int,
        device: str,
        max_epochs: int | None,
        gamma: float | None = None,
        alpha: float | None = None,
        **settings: Any,
    ) -> Generator[Progress, None, "KernelPCA"]:
        rng = np.random.default_rng(seed)
        neutral = np.mean(expression.values, axis=0, dtype=float).astype(np.float32)
        samples, message = expression.values - neutral, ""
        if len(samples) > MOST_SAMPLES:
            samples = samples[np.sort(rng.permutation(len(samples))[:MOST_SAMPLES])]
            message = f"Kernel PCA is fitted to {MOST_SAMPLES} samples drawn at random"
        unit = _median_distance(samples[rng.permutation(len(samples))[:MOST_TO_CHOOSE]])
        samples = samples / np.float32(unit)
        stage, total = "Fitting kernel PCA", len(GAMMAS) * len(ALPHAS) + 1
        yield Progress(stage, 0, total, message)
        if gamma is None or alpha is None:
            # sklearn's own defaults hardly leave the mean; a part held out decides
            some = samples[rng.permutation(len(samples))[:MOST_TO_CHOOSE]]
            held_out = max(1, len(some) // 5)
            errors = {}
            for done, tried in enumerate(product(GAMMAS, ALPHAS), 1):
                size = min(latent_size, len(some) - held_out)
                model = _fitted(some[held_out:], size, *tried, seed)
                back = model.inverse_transform(model.transform(some[:held_out]))
                errors[tried] = float(np.square(back - some[:held_out]).sum())
                yield Progress(stage, done, total)
            gamma, alpha = min(errors, key=lambda tried: errors[tried])
        model = _fitted(samples, latent_size, gamma, alpha, seed)
        arrays = _arrays(model, samples, latent_size)
        yield Progress(stage, total, total)
        record = training_record(expression, seed, gamma=gamma, alpha=alpha)
        return cls(gamma, unit, arrays, expression.genes, neutral, record)

    def _build(self) -> CodecNetwork:
        arrays = {name: torch.tensor(array) for name, array in self.arrays.items()}
        output = nn.utils.skip_init(nn.Linear, len(arrays["samples"]), len(self.genes))
        with torch.no_grad():
            output.weight.copy_(arrays["dual"].T * self.unit)
            bias = self.neutral + self.unit * self.arrays["dual"].sum(axis=0, dtype=float)
            output.bias.copy_(torch.tensor(bias))
        kernel = RBF(arrays["samples"], self.gamma, torch.tensor(self.neutral), self.unit)
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


def _median_distance(samples: np.ndarray) -> float:
    from scipy.spatial.distance import pdist

    return float(np.median(pdist(samples))) or 1.0


def _fitted(samples: np.ndarray, size: int, gamma: float, alpha: float, seed: int) -> Any:
    from sklearn.decomposition import KernelPCA as SklearnKernelPCA

    model = SklearnKernelPCA(
        size,
        kernel="rbf",
        gamma=gamma,
        alpha=alpha,
        fit_inverse_transform=True,
        eigen_solver="dense" if len(samples) <= MOST_TO_CHOOSE else "arpack",
        random_state=seed,
    )
    return model.fit(np.asarray(samples, float))


def _arrays(model: Any, samples: np.ndarray, latent_size: int) -> dict[str, np.ndarray]:
    """Return what encoding and decoding need, padded where the kernel has too low a rank."""
    from sklearn.metrics.pairwise import rbf_kernel

    values, vectors = model.eigenvalues_, model.eigenvectors_
    scaled = np.zeros((len(samples), latent_size))
    positive = values > 0
    scaled[:, : len(values)][:, positive] = vectors[:, positive] / np.sqrt(values[positive])
    latents = np.zeros((len(samples), latent_size))
    latents[:, : len(values)] = model.X_transformed_fit_
    return {
        "samples": samples,
        "vectors": scaled,
        "row_means": rbf_kernel(samples.astype(float), gamma=model.gamma).mean(axis=0) - 1,
        "latents": latents,
        "dual": model.dual_coef_,
    }

"""Non-negative matrix factorisation, as scikit-learn fits it, as a codec."""

from typing import Any, Self

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress

from .codec import NOT_CONVERGED, Fitting
from .linear import LinearCodec
from .networks.autoencoder_network import CodecNetwork, linear_layer

SWEEPS = 200
MAX_ITERATIONS = 5000
_AT_A_TIME = 100
_SETTLED = 3e-4
"""Part by which the error falls in `_AT_A_TIME` iterations when it counts as converged."""


class NMF(LinearCodec):
    """Non-negative matrix factorisation: non-negative latents times non-negative components.

    Parameters
    ----------
    components : ndarray, shape (latent_size, n_genes)
        Not negative.
    genes, gene_means, training
        See `Codec`.
    """

    id = "nmf"
    value_range = (0.0, np.inf)

    def describe(self) -> str:
        """Return the method in words."""
        ended = "" if self.training.get("converged", True) else ", which had not converged"
        return f"non-negative matrix factorisation with {self.latent_size} components{ended}"

    def chosen(self) -> str:
        """Return how many iterations it took, and whether it had converged then."""
        done = f"{self.training.get('iterations')} iterations"
        converged = self.training.get("converged", True)
        return f"{'converged' if converged else NOT_CONVERGED} after {done}"

    @classmethod
    def from_parts(cls, config: dict, tensors: dict, genes: tuple[str, ...]) -> Self:
        """Make it from what `config` and `tensors` returned."""
        codec = super().from_parts(config, tensors, genes)
        if (codec.components < 0).any():
            raise UserError("The model's tensor components holds values below zero; fit it again")
        return codec

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        n, g, k = n_samples, n_genes, latent_size
        return 8 * n * g + 20 * (n + g) * (k + 10)

    @classmethod
    def _fit(cls, fitting: Fitting, **settings: Any) -> Self:
        from sklearn.decomposition import NMF as SklearnNMF

        expression, report = fitting.expression, fitting.report
        stage, most = "Fitting NMF", fitting.max_epochs or MAX_ITERATIONS
        report(Progress(stage, 0, most))
        how: dict[str, Any] = {"tol": 0, "random_state": fitting.seed, **settings}
        done, converged, last = 0, False, np.inf
        start: dict[str, np.ndarray] = {}
        # in stretches, as scikit-learn neither reports nor ends; the steps are the same
        while done < most and not converged:
            stretch = min(_AT_A_TIME, most - done)
            init = "custom" if start else "nndsvda"
            fitted = SklearnNMF(fitting.latent_size, init=init, max_iter=stretch, **how)
            latents = fitted.fit_transform(fitting.values, **start)
            start = {"W": latents, "H": fitted.components_}
            done += stretch
            converged = bool(fitted.reconstruction_err_ >= last * (1 - _SETTLED))
            last = fitted.reconstruction_err_
            report(Progress(stage, done, most))
        message = "" if converged else f"NMF had not converged after {most} iterations"
        report(Progress(stage, most, most, message))
        gene_means = np.mean(fitting.values, axis=0, dtype=float)
        record = fitting.record(iterations=done, converged=converged)
        return cls(fitted.components_, expression.genes, gene_means, record)

    def _build(self) -> CodecNetwork:
        encoder = NonNegativeEncoder(torch.tensor(self.components))
        output = linear_layer(self.components.T, np.zeros(len(self.genes)))
        return CodecNetwork(encoder, nn.Identity(), output, nn.Identity())


class NonNegativeEncoder(nn.Module):
    """Least squares with latents not below zero, by coordinate descent.

    scikit-learn's own `transform` solves the same for all rows together and stops for all at
    once, so that its latents depend on which rows are together; here every row takes `SWEEPS`.
    """

    components: Tensor
    gram: Tensor

    def __init__(self, components: Tensor) -> None:
        super().__init__()
        self.register_buffer("components", components)
        self.register_buffer("gram", components @ components.T)

    def forward(self, expression: Tensor) -> Tensor:
        """Return latents (n, k)."""
        gram = self.gram
        wanted = expression @ self.components.T
        latents = torch.zeros_like(wanted)
        for _ in range(SWEEPS):
            for j in range(len(gram)):
                if gram[j, j] > 0:
                    step = (wanted[:, j] - latents @ gram[:, j]) / gram[j, j]
                    latents[:, j] = (latents[:, j] + step).clamp(min=0)
        return latents

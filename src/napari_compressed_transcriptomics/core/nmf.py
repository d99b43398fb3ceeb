"""Non-negative matrix factorisation, as scikit-learn fits it, as a codec."""

import warnings
from collections.abc import Generator
from typing import Any

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import Tensor, nn  # noqa: TID253

from .codec import Codec
from .errors import UserError
from .expression import Expression
from .networks import CodecNetwork
from .progress import Progress
from .provenance import training_record
from .tensors import check_tensors, whole

SWEEPS = 200
MOST_ITERATIONS = 500


class NMF(Codec):
    """Non-negative matrix factorisation: non-negative latents times non-negative components.

    Parameters
    ----------
    components : ndarray, shape (latent_size, n_genes)
        Not negative.
    genes, neutral, training
        See `Codec`.
    """

    id = "nmf"
    repeats = ()
    value_range = (0.0, np.inf)

    def __init__(
        self,
        components: np.ndarray,
        genes: tuple[str, ...],
        neutral: np.ndarray,
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(len(components), genes, neutral, training)
        self.components = np.ascontiguousarray(components, np.float32)

    def config(self) -> dict[str, Any]:
        """Return the number of components."""
        return {"latent_size": self.latent_size}

    def describe(self) -> str:
        """Return the method in words."""
        return f"non-negative matrix factorisation with {self.latent_size} components"

    def tensors(self) -> dict[str, Any]:
        """Return the components and ``neutral``."""
        return {"components": self.components, "neutral": self.neutral}

    @classmethod
    def from_parts(
        cls, config: dict[str, Any], tensors: dict[str, Any], genes: tuple[str, ...]
    ) -> "NMF":
        """Make it from what `config` and `tensors` returned."""
        size = whole(config["latent_size"], "latent_size")
        check_tensors(tensors, {"components": (size, len(genes)), "neutral": (len(genes),)})
        if (tensors["components"] < 0).any():
            raise UserError("The model's tensor components holds values below zero; fit it again")
        return cls(np.asarray(tensors["components"]), genes, np.asarray(tensors["neutral"]))

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        n, g, k = n_samples, n_genes, latent_size
        return 8 * n * g + 20 * (n + g) * (k + 10)

    @classmethod
    def _fit_steps(
        cls,
        expression: Expression,
        latent_size: int,
        seed: int,
        device: str,
        max_epochs: int | None,
        **settings: Any,
    ) -> Generator[Progress, None, "NMF"]:
        from sklearn.decomposition import NMF as SklearnNMF
        from sklearn.exceptions import ConvergenceWarning

        yield Progress("Fitting NMF", 0, 1)
        most = max_epochs or MOST_ITERATIONS
        model = SklearnNMF(
            latent_size, init="nndsvda", max_iter=most, random_state=seed, **settings
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = model.fit(expression.values)
        done = int(fitted.n_iter_)
        message = f"NMF had not converged after {most} iterations" if done >= most else ""
        yield Progress("Fitting NMF", 1, 1, message)
        return cls(
            fitted.components_,
            expression.genes,
            np.mean(expression.values, axis=0, dtype=float),
            training_record(expression, seed, iterations=done),
        )

    def _build(self) -> CodecNetwork:
        output = nn.utils.skip_init(nn.Linear, self.latent_size, len(self.genes))
        with torch.no_grad():
            output.weight.copy_(torch.tensor(self.components.T))
            output.bias.zero_()
        encoder = NonNegativeEncoder(torch.tensor(self.components))
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

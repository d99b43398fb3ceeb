"""What samples like the training data look like to a codec; travels with the model.

Two distances, as in the diagnostics of robust PCA (Hubert, Rousseeuw and Vanden Branden 2005,
Technometrics 47:64-79, doi:10.1198/004017004000000563), for any codec:

- within what the model can give back, the Mahalanobis distance of a sample's latents ("score
  distance"), ``sqrt((z - m) C^-1 (z - m))``, with m and C the mean and the covariance of the
  training samples' latents. C is that of standardised components, shrunk as by Ledoit and Wolf
  (2004), which matters where samples are few;
- off it, the sample's RMSE over genes ("orthogonal distance").

Each is divided by its 97.5 % quantile over the training samples, so 1 is the cutoff, and a sample
beyond either is outside: about 5 % of samples that are like the training data (2 to 8 % of unseen
regions, of models trained on 64 and on 91). The quantiles are the data's own; those of a
normal distribution, as in the paper, called up to 25 % of unseen brain regions outside, as latents
are not normal. A model that gives back little (NMF with 2 components) tells little apart.
"""

from dataclasses import dataclass, fields

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import Values
from napari_compressed_transcriptomics.core.tensors import check_tensors

QUANTILE = 0.975
"""Of each distance over the training samples; beyond it a sample is outside."""

_PREFIX = "reference."
_SCALE_ROWS = 100
_OTHER_SCALE = 3.0


@dataclass(frozen=True, eq=False)
class TrainingDistribution:
    """What samples like the training data look like to a codec; travels with the model."""

    mean: np.ndarray
    """Of the latents. Of float64, shape (latent_size,)."""
    whitening: np.ndarray
    """``(z - mean) @ whitening`` has the Mahalanobis distance of z as its norm. Of float64, shape
    (latent_size, latent_size)."""
    cutoffs: np.ndarray
    """Mahalanobis distance, and RMSE over genes (in the units of the data), beyond which a sample
    is outside. Of float64, shape (2,)."""
    scale: np.ndarray
    """1 and 99 percentile of all training values. Of float64, shape (2,)."""

    def tensors(self) -> dict[str, np.ndarray]:
        """Return what it is made of, by the names that model files have for it."""
        return {_PREFIX + field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def take_from(
        cls, tensors: dict[str, np.ndarray], latent_size: int
    ) -> "TrainingDistribution | None":
        """Make it from a file's tensors and remove these; None where there are none.

        Raises
        ------
        UserError
            Naming the tensor that is missing, left over or of another shape.
        """
        own = {name: tensors.pop(name) for name in list(tensors) if name.startswith(_PREFIX)}
        if not own:
            return None
        k = latent_size
        shapes = {"mean": (k,), "whitening": (k, k), "cutoffs": (2,), "scale": (2,)}
        check_tensors(own, {_PREFIX + name: shape for name, shape in shapes.items()})
        if (own[_PREFIX + "cutoffs"] <= 0).any():
            raise UserError(
                "The model's tensor reference.cutoffs is not above 0; fit the model again"
            )
        return cls(**{name: own[_PREFIX + name] for name in shapes})


def scale_of(values: Values) -> np.ndarray:
    """Return the 1 and 99 percentile of values (n_samples, n_genes), of some rows."""
    from napari_compressed_transcriptomics.core.row_chunks import some_rows

    return np.percentile(some_rows(values, _SCALE_ROWS), [1, 99]).astype(float)


def whitening_of(latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, and what turns the centred latents into white ones."""
    from sklearn.covariance import ledoit_wolf

    mean, sd = latents.mean(axis=0), latents.std(axis=0)
    used = sd > 1e-6 * sd.max(initial=0)  # a component that is never used tells nothing
    whitening = np.zeros((len(sd), len(sd)))
    if used.any():
        covariance, _ = ledoit_wolf((latents - mean)[:, used] / sd[used])
        half = np.linalg.cholesky(np.linalg.inv(covariance))
        whitening[np.ix_(used, used)] = half / sd[used][:, None]
    return mean, whitening


def quantile(distances: np.ndarray) -> float:
    """Return what `QUANTILE` of samples like those of some distances (n_samples,) are within."""
    # "weibull" expects to be exceeded by 2.5 % of new samples, not of those at hand
    return float(np.quantile(distances, QUANTILE, method="weibull"))


def scale_problem(distribution: TrainingDistribution, expression: Expression) -> str:
    """Return in a sentence that data are on another scale than the training data, or nothing.

    The scale is told by the 1 and 99 percentiles of all values. It is another one if they are
    `_OTHER_SCALE` times as far apart, or a third, or lie that many widths away.
    """
    (low, high), (least, most) = distribution.scale, scale_of(expression.values)
    width, here = high - low, most - least
    away = abs((least + most) / 2 - (low + high) / 2)
    similar = width / _OTHER_SCALE <= here <= width * _OTHER_SCALE
    if similar and away <= max(width, here):
        return ""
    return (
        f"{expression.name} is on another scale than what the model was trained on: its values "
        f"are mostly from {least:.3g} to {most:.3g}, there they were from {low:.3g} to "
        f"{high:.3g}; rescale the data or fit a model to them"
    )

"""The residual autoencoder: begins as PCA, bends where that helps on rows it has not seen."""

from typing import Any, Self

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)
from torch import nn  # noqa: TID253

from napari_compressed_transcriptomics.core.errors import UserError, first_line
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.memory import out_of_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report
from napari_compressed_transcriptomics.core.tensors import check_tensors, fraction, whole

from .codec import GENE_MEANS, Codec, Fitting
from .networks.autoencoder_network import CodecNetwork, linear_layer
from .networks.residual_network import ResidualNetwork
from .networks.residual_projection import (
    MOST_STEPS,
    SLOPE_STEPS,
    Projection,
    ProjectionEncoder,
    ResidualHidden,
)
from .streamed_pca import bytes_to_stream, principal_components, scores_of
from .training.checkpoints import Checkpoints
from .training.residual_settings import MANY_ROWS, ResidualSettings
from .training.residual_training import train_residual
from .training.rows import empty_cache

COLUMNS_BEYOND, COLUMNS_BEYOND_OF_FEW = 64, 256
"""Of many samples the first hold what can be learned; of few, each tells something of a sample."""
POWER_ITERATIONS = 2
_STEPS, _CURVATURE = "projection_steps", "curvature"
_ROWS_SQUARED = 4096


class ResidualAutoencoder(Codec):
    """PCA with non-linear branches beside its encoder and its decoder.

    Expression is rotated to its first principal components, `COLUMNS_BEYOND` more than there are
    latents (for few samples `COLUMNS_BEYOND_OF_FEW`, which hold all of it); the network works on
    these, so that its cost does not depend on the number of genes. Latents are what decodes
    nearest to a sample (`residual_projection`), in the units of PCA scores.

    Parameters
    ----------
    module : ResidualNetwork
        Of one member.
    projection : Projection or None
        How latents are found; None in models of old, see `project_by_slopes`.
    rotation : ndarray, shape (n_columns, n_genes)
        Principal components, orthonormal rows.
    scale : float
        What the columns are divided by before the network.
    genes, gene_means, training
        See `Codec`.
    """

    id = "residual"
    streams = True
    smaller = "choose fewer hidden units, smaller batches or fewer genes, or use a larger machine"

    def __init__(
        self,
        module: ResidualNetwork,
        projection: Projection | None,
        rotation: np.ndarray,
        scale: float,
        genes: tuple[str, ...],
        gene_means: np.ndarray,
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(module.latent_size, genes, gene_means, training)
        self.module = module.cpu().eval().requires_grad_(False)
        self.projection = projection
        self.rotation = np.asarray(rotation, np.float32)
        self.scale = float(scale)

    def config(self) -> dict[str, Any]:
        """Return layer sizes, the scale and the steps of projection."""
        steps = {} if self.projection is None else {_STEPS: self.projection.steps}
        return {
            "latent_size": self.latent_size,
            "hidden_sizes": list(self.module.hidden_sizes),
            "n_columns": len(self.rotation),
            "scale": self.scale,
            **steps,
        }

    def describe(self) -> str:
        """Return method and layers in words."""
        sizes = " and ".join(map(str, self.module.hidden_sizes))
        return (
            f"a residual autoencoder with {self.latent_size} components: linear paths that start "
            "as the principal components of the training data, and beside the encoder's and the "
            f"decoder's a branch of {sizes} exponential linear units that starts at zero; "
            "latents are the least-squares projection of a sample onto what the decoder can give "
            f"({self._steps()} from the encoder's guess){self._as_pca()}"
        )

    def _steps(self) -> str:
        if self.projection is None:
            return f"{SLOPE_STEPS} Levenberg-Marquardt steps"
        steps = self.projection.steps
        return f"{steps} quasi-Newton step{'s' if steps > 1 else ''}"

    def _as_pca(self) -> str:
        epochs, best = (self.training.get(name) for name in ("epochs", "best_epoch"))
        if not epochs or best != 0:
            return ""
        return "; it stayed PCA, as nothing else was reliably better on held-out samples"

    def tensors(self) -> dict[str, Any]:
        """Return the network's weights, the rotation, the gene means and the curvature."""
        state = {f"network.{name}": t.numpy() for name, t in self.module.state_dict().items()}
        if self.projection is not None:
            state[_CURVATURE] = self.projection.curvature.numpy()
        return {**state, "rotation": self.rotation, GENE_MEANS: self.gene_means}

    @classmethod
    def from_parts(cls, config: dict, tensors: dict, genes: tuple[str, ...]) -> Self:
        """Make it from what `config` and `tensors` returned."""
        n_columns, size = (whole(config[name], name) for name in ("n_columns", "latent_size"))
        wide, narrow = (whole(units, "hidden layer") for units in config["hidden_sizes"])
        with torch.device("meta"):
            module = ResidualNetwork(1, n_columns, size, (wide, narrow))
        shapes = {f"network.{name}": tuple(t.shape) for name, t in module.state_dict().items()}
        shapes |= {"rotation": (n_columns, len(genes)), GENE_MEANS: (len(genes),)}
        if _STEPS in config:
            shapes[_CURVATURE] = (size, size)
            if (steps := whole(config[_STEPS], _STEPS)) > MOST_STEPS:
                raise UserError(f"The model's {_STEPS} is {steps}, more than {MOST_STEPS}")
        check_tensors(tensors, shapes)
        state = {
            name: torch.as_tensor(tensors[f"network.{name}"], dtype=torch.float32)
            for name in module.state_dict()
        }
        module.load_state_dict(state, assign=True)
        rotation, gene_means = (np.asarray(tensors[name]) for name in ("rotation", GENE_MEANS))
        scale = fraction(config["scale"], "scale", above=0)
        projection = None
        if _STEPS in config:
            curvature = torch.as_tensor(tensors[_CURVATURE], dtype=torch.float32)
            projection = Projection(steps, curvature)
        return cls(module, projection, rotation, scale, genes, gene_means)

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        n, g, k = n_samples, n_genes, latent_size
        given = {name: value for name, value in settings.items() if name != "checkpoints"}
        how = ResidualSettings.for_data(n, k, **given)
        wide, narrow = how.hidden_sizes
        width, columns = wide + narrow, _columns(n, g, k)
        # rotating the data; the network as it is run; training, for few samples six at once
        rotating = 40 * n * g if n <= 500 or g <= 1000 else max(12 * n * g, 60 * columns * g)
        running = 16 * g * columns + 2048 * k * (columns + width)
        members = 1 if n > MANY_ROWS else 6
        weights = (columns + k) * (2 * wide + narrow) + 2 * wide * narrow + 2 * columns * k
        copies = 9 if settings.get("checkpoints") else 5
        activations = 48 * min(n, how.batch_size) * (columns + width)
        return rotating + running + members * (4 * copies * weights + activations)

    @classmethod
    def bytes_to_stream(cls, n_samples: int, n_genes: int, latent_size: int) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        columns = _columns(n_samples, n_genes, latent_size)
        rotating = bytes_to_stream(n_samples, n_genes, columns)
        return rotating + cls.bytes_to_fit(n_samples, columns, latent_size)

    @classmethod
    def _fit(
        cls, fitting: Fitting, checkpoints: Checkpoints | None = None, **settings: Any
    ) -> Self:
        if fitting.max_epochs is not None:
            settings["max_epochs"] = fitting.max_epochs
        expression, latent_size, report = fitting.expression, fitting.latent_size, fitting.report
        how = ResidualSettings.for_data(expression.n_samples, latent_size, **settings)
        report(Progress("Preparing", 0, 1))
        if isinstance(expression.values, LazyValues):
            rotated = _Rotated.streamed(expression.values, latent_size, fitting.device, report)
        else:
            rotated = _Rotated.of_array(expression.values, latent_size, fitting.seed)

        def trained_on(device: str) -> tuple[ResidualNetwork, Projection, dict[str, Any]]:
            return train_residual(
                torch.from_numpy(rotated.rows).to(device),  # never written to
                latent_size,
                how,
                generator=torch.Generator().manual_seed(fitting.seed),
                rmse=rotated.rmse,
                positions=expression.parcellation.positions if how.validation == "blocks" else None,
                checkpoints=checkpoints,
                report=report,
            )

        failure, device = "", fitting.device
        try:
            module, projection, learned = trained_on(device)
        except (RuntimeError, MemoryError) as error:
            if device == "cpu":
                raise
            failure = "memory ran out" if out_of_memory(error) else f"failed ({first_line(error)})"
        if failure:  # out here the exception is gone, and with it all that was on the device
            empty_cache()
            report(Progress("Preparing", 0, 1, f"{device.upper()} {failure}; trains on the CPU"))
            module, projection, learned = trained_on("cpu")
        record, components = fitting.record(**learned), rotated.components
        return cls(
            module, projection, components, rotated.scale, expression.genes, rotated.mean, record
        )

    def _build(self) -> CodecNetwork:
        rotation, mean = self.rotation.astype(float), self.gene_means.astype(float)
        module, scale = self.module, self.scale
        rotate = linear_layer(self.rotation / np.float32(scale), -rotation @ mean / scale)
        return CodecNetwork(
            ProjectionEncoder(rotate, module, scale, self.projection),
            ResidualHidden(module, scale),
            linear_layer(self.rotation.T * np.float32(scale), mean),
            nn.Identity(),
        )


def _columns(n_samples: int, n_genes: int, latent_size: int) -> int:
    """Return how many principal components the network works on."""
    beyond = COLUMNS_BEYOND if n_samples > MANY_ROWS else COLUMNS_BEYOND_OF_FEW
    return min(n_samples - 1, n_genes, latent_size + beyond)


class _Rotated:
    """Samples in the coordinates of their principal components, with a mean norm of one.

    All of a sample is there if there are at most `_columns` and one samples.

    Parameters
    ----------
    mean : ndarray of float64, shape (n_genes,)
    components : ndarray of float32, shape (n_columns, n_genes)
    scores : ndarray, shape (n, n_columns)
    whole : float
        Mean square distance of samples from their mean.
    """

    def __init__(
        self, mean: np.ndarray, components: np.ndarray, scores: np.ndarray, whole: float
    ) -> None:
        n, self.n_genes = len(scores), len(mean)
        self.mean, self.components = mean, components
        parts = np.array_split(scores, max(1, n // _ROWS_SQUARED))  # float64 takes twice the memory
        squares = sum(np.square(part, dtype=float).sum() for part in parts)
        self.scale = max(float(np.sqrt(squares / n)), 1e-12)
        self.rows = np.ascontiguousarray(scores / self.scale, np.float32)
        some = len(components) < min(n - 1, self.n_genes)
        self.beyond = max(0.0, whole - self.scale**2) if some else 0.0

    @classmethod
    def of_array(cls, values: np.ndarray, latent_size: int, seed: int) -> "_Rotated":
        """Rotate values that are in memory."""
        from sklearn.utils.extmath import randomized_svd, svd_flip

        n, n_genes = values.shape
        n_columns = _columns(n, n_genes, latent_size)
        mean = np.mean(values, axis=0, dtype=float)
        centred = np.asarray(values - mean.astype(np.float32), np.float32)
        if n <= 500 or n_genes <= 1000:
            left, sizes, components = np.linalg.svd(centred, full_matrices=False)
        else:  # the last columns need not be exact: they are there for what the first leave
            exact = {"n_iter": POWER_ITERATIONS, "power_iteration_normalizer": "QR"}
            left, sizes, components = randomized_svd(centred, n_columns, random_state=seed, **exact)
        left, components = svd_flip(left, components, u_based_decision=False)
        scores = left[:, :n_columns] * sizes[:n_columns]
        whole = sum(float(np.vdot(row, row)) for row in centred) / n
        return cls(mean, components[:n_columns], scores, whole)

    @classmethod
    def streamed(
        cls, values: LazyValues, latent_size: int, device: str, report: Report
    ) -> "_Rotated":
        """Rotate values that are read in blocks of rows."""
        n, n_genes = values.shape
        n_columns = _columns(n, n_genes, latent_size)
        found = principal_components(values, n_columns, device, report)
        scores = scores_of(values, found, device, report)
        return cls(found.mean, found.components, scores, found.total_variance * (n - 1) / n)

    def rmse(self, left: float) -> float:
        """Return the RMSE over genes where the mean square norm left of rows is `left`."""
        return ((left * self.scale**2 + self.beyond) / self.n_genes) ** 0.5

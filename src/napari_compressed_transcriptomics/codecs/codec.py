"""What every codec is: expression to a few latents, and back."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from napari_compressed_transcriptomics.core.device import resolve_device
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import LazyValues, Values
from napari_compressed_transcriptomics.core.limits import check_seed, latent_size_problem
from napari_compressed_transcriptomics.core.memory import memory_reported, require_memory
from napari_compressed_transcriptomics.core.progress import Report, silent
from napari_compressed_transcriptomics.core.threads import same_anywhere

from .training_record import training_record

if TYPE_CHECKING:
    from .networks.autoencoder_network import CodecNetwork
    from .training_distribution import TrainingDistribution

NOT_CONVERGED = "not converged"
"""How `Codec.chosen` begins where a fit ended before it was done."""

GENE_MEANS = "neutral"
"""What model files call the tensor of `Codec.gene_means`."""

_CODECS = {
    "autoencoder": ("autoencoder", "Autoencoder"),
    "autoencoder-notebook": ("notebook_mode", "NotebookAutoencoder"),
    "pca": ("pca", "PCA"),
    "nmf": ("nmf", "NMF"),
    "kernel-pca": ("kernel_pca", "KernelPCA"),
    "residual": ("residual", "ResidualAutoencoder"),
    "umap": ("umap", "UMAP"),
    "tsne": ("tsne", "TSNE"),
}


@dataclass(frozen=True, eq=False)
class Fitting:
    """What a codec is fitted to and how, whatever the method; see `Codec.fit`."""

    expression: Expression
    latent_size: int
    seed: int = 0
    device: str = "cpu"
    max_epochs: int | None = None
    report: Report = silent

    @property
    def values(self) -> np.ndarray:
        """All values, for methods that do not stream."""
        values = self.expression.values
        assert isinstance(values, np.ndarray)  # see `Codec.fit`
        return values

    def record(self, **more: Any) -> dict[str, Any]:
        """Return the record of the fit, for `Codec.training`, and `more` that the method tells."""
        return training_record(self.expression, self.seed, **more)


class Codec(ABC):
    """A fitted model that encodes expression to latents and decodes them.

    A new codec says how it is fitted (`_fit`), how it runs (`_build`), and what it is
    made of (`config`, `tensors`, `from_parts`); the rest is shared.

    Attributes
    ----------
    id : str
        Name of the method, as files and the command line write it.
    latent_size : int
        Number of components, k.
    genes : tuple of str
        The genes that the columns of its input and output are, in order.
    gene_means : ndarray of float32, shape (n_genes,)
        Mean of each gene in training, NaN where not known: what a missing gene may be set to.
    training : dict
        JSON-safe record of how it was fitted.
    training_distribution : TrainingDistribution or None
        What samples like the training data look like to it; None where not known.
    value_range : (float, float)
        Least and largest value that the method can represent.
    rows_together : int
        Rows whose latents depend on each other; blocks of rows are whole multiples of it.
    needs_samples : bool
        It cannot be fitted with as many components as samples (otherwise fitting only warns).
    is_network : bool
        It runs as a `CodecNetwork`: it can be saved, and `reconstruct` takes it.
    streams : bool
        It is fitted to values that are read in blocks of rows, see `LazyValues`; others need all
        of them in memory.
    repeats : tuple of str, optional
        The choices, in `training`, to repeat a fit with; None where repeating takes long.
    smaller : str
        What to do where there is no memory to fit it.
    """

    id: ClassVar[str]
    value_range: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    rows_together: ClassVar[int] = 1
    needs_samples: ClassVar[bool] = True
    is_network: ClassVar[bool] = True
    streams: ClassVar[bool] = False
    repeats: ClassVar[tuple[str, ...] | None] = None
    smaller: ClassVar[str] = "use fewer genes or samples, or a larger machine"

    def __init__(
        self,
        latent_size: int,
        genes: tuple[str, ...],
        gene_means: np.ndarray,
        training: dict[str, Any] | None = None,
    ) -> None:
        self.latent_size = latent_size
        self.genes = tuple(genes)
        self.gene_means = np.asarray(gene_means, np.float32)
        self.training = training or {}
        self.training_distribution: TrainingDistribution | None = None

    def config(self) -> dict[str, Any]:
        """Return the settings, JSON-safe; with `tensors` they give the codec again."""
        return {"latent_size": self.latent_size}

    @abstractmethod
    def tensors(self) -> dict[str, Any]:
        """Return everything learned, by name: numpy arrays or torch tensors."""

    def describe(self) -> str:
        """Return what it is, as a part of a sentence in a paper's Methods."""
        return f"the codec {self.id}"

    def chosen(self) -> str:
        """Return in a few words what it chose by its training samples, if anything."""
        best = self.training.get("best_epoch")
        return "" if best is None else f"epoch {best} of {self.training.get('epochs')}"

    @classmethod
    @abstractmethod
    def from_parts(cls, config: dict, tensors: dict, genes: tuple[str, ...]) -> Self:
        """Make the codec from what `config` and `tensors` returned.

        Raises
        ------
        UserError
            Naming the tensor that is missing, left over or of another shape.
        """

    @abstractmethod
    def _build(self) -> "CodecNetwork":
        """Make the network that runs it."""

    @classmethod
    @abstractmethod
    def _fit(cls, fitting: Fitting, **settings: Any) -> Self:
        """Fit to data that has been checked."""

    @classmethod
    @abstractmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes beyond that of the data, as measured."""

    @classmethod
    def bytes_to_stream(cls, n_samples: int, n_genes: int, latent_size: int) -> int:
        """Return about how much memory fitting takes where values are read in blocks of rows."""
        raise NotImplementedError(f"{cls.id} does not stream")

    @classmethod
    def fit(
        cls,
        expression: Expression,
        latent_size: int,
        *,
        seed: int = 0,
        device: str | None = None,
        max_epochs: int | None = None,
        report: Report = silent,
        **settings: Any,
    ) -> Self:
        """Fit the codec to all samples and return it.

        Parameters
        ----------
        expression : Expression
            What to fit.
        latent_size : int
            Number of components.
        seed : int
            The same seed and data give the same codec; with more than 500 samples, to the last
            digit only with as many threads.
        device : {"auto", "cuda", "mps", "cpu"}, optional
            Where to compute, if the method can choose.
        max_epochs : int, optional
            Upper bound for methods that train in epochs.
        report : callable, optional
            Called with each `Progress`; may raise `Stop`, on which methods that train in epochs
            return the best so far, or `Cancelled`.
        **settings
            Of the method.

        Raises
        ------
        UserError
            If the data are too few for so many components or on the wrong scale, or there is too
            little memory.
        """
        if cls.unavailable():
            raise UserError(cls.unavailable())
        n_samples = expression.n_samples if cls.needs_samples else latent_size + 1
        problem = latent_size_problem(cls.id, latent_size, n_samples, expression.n_genes)
        if problem:
            raise UserError(problem)
        check_seed(seed)
        cls.check_scale(expression.values, expression.name)
        n, g = expression.values.shape
        what = f"Fitting {cls.id} with {latent_size} components to {n:,} samples x {g:,} genes"
        streamed = cls.streams and isinstance(expression.values, LazyValues)
        if streamed:
            need = cls.bytes_to_stream(n, g, latent_size)
        else:
            need = cls.bytes_to_fit(n, g, latent_size, **settings)
        if isinstance(expression.values, LazyValues) and not streamed:
            need += expression.values.nbytes
        require_memory(need, what, cls.smaller)
        if not streamed:
            expression = expression.in_memory()
        name = resolve_device(device).name
        fitting = Fitting(expression, latent_size, seed, name, max_epochs, report)
        with memory_reported(what, cls.smaller), same_anywhere(n):
            return cls._fit(fitting, **settings)

    @classmethod
    def check_scale(cls, values: Values, name: str = "the data") -> None:
        """Raise a `UserError` if values lie outside what the method can represent."""
        low, high = cls.value_range
        if not np.isfinite([low, high]).any():
            return
        from napari_compressed_transcriptomics.core.row_chunks import values_range

        least, most = values_range(values)
        if not (low <= least and most <= high):  # NaN is outside, too
            raise UserError(
                f"{name} has values from {least:.4g} to {most:.4g}, the {cls.id} needs "
                f"{low:g} to {high:g} (as abagen normalises); rescale the data or use PCA"
            )

    @classmethod
    def unavailable(cls) -> str:
        """Return in a sentence why the method cannot be used here, or nothing."""
        return ""

    @classmethod
    def cannot_decode(cls, latent_size: int) -> str:
        """Return in a sentence why so many components cannot be decoded, or nothing."""
        return ""

    @cached_property
    def _network(self) -> "CodecNetwork":
        return self._build()

    def network(self) -> "CodecNetwork":
        """Return the network in evaluation mode on the CPU, made once (not to be changed)."""
        return self._network

    def encode(
        self, values: Values, device: str | None = "cpu", block_bytes: int | None = None
    ) -> np.ndarray:
        """Return the latents of samples, row by row.

        Parameters
        ----------
        values : ndarray or LazyValues, shape (n, n_genes)
            Columns in the order of `genes`, on the scale of the training data.
        device : {"auto", "cuda", "mps", "cpu"}
            Where to compute.
        block_bytes : int, optional
            Size of the blocks of rows.

        Returns
        -------
        ndarray of float32, shape (n, latent_size)
        """
        self._check_width(values, len(self.genes), "gene")
        self.check_scale(values)
        return self._in_blocks("encoder", values, self.latent_size, device, block_bytes)

    def decode(
        self, latents: np.ndarray, device: str | None = "cpu", block_bytes: int | None = None
    ) -> np.ndarray:
        """Return the reconstruction of samples, float32 (n, n_genes), from latents (n, k)."""
        self._check_width(latents, self.latent_size, "component")
        return self._in_blocks("decode", latents, len(self.genes), device, block_bytes)

    def _check_width(self, values: Values, width: int, thing: str) -> None:
        if np.ndim(values) != 2 or values.shape[1] != width:
            raise UserError(
                f"The model has {width} {thing}s, the array has shape {np.shape(values)}; give "
                f"one row per sample and one column per {thing}"
            )

    def _in_blocks(
        self, part: str, values: Values, width: int, device: str | None, size: int | None
    ) -> np.ndarray:
        import torch

        from napari_compressed_transcriptomics.core.row_chunks import run_in_blocks

        out = np.empty((len(values), width), np.float32)

        def prepare(device: str, rows: int, start: int) -> Callable[..., None]:
            run = getattr(network_on(self, device), part)

            @torch.inference_mode()
            def step(first: int, last: int, block: torch.Tensor) -> None:
                out[first:last] = run(block).cpu().numpy()

            return step

        name = resolve_device(device).name
        together = self.rows_together
        run_in_blocks("Coding", values, name, prepare, size, len(self.genes), together)
        return out


def network_on(codec: Codec, device: str) -> "CodecNetwork":
    """Return the codec's network on a device; the CPU's is the codec's own."""
    from copy import deepcopy

    return codec.network() if device == "cpu" else deepcopy(codec.network()).to(device)


def codec_ids() -> tuple[str, ...]:
    """Return the ids of all methods."""
    return tuple(_CODECS)


def codec_class(codec_id: str) -> type[Codec]:
    """Return the class of a method (``"autoencoder"``, ``"pca"``), importing it only now."""
    if codec_id not in _CODECS:
        raise UserError(f"There is no codec {codec_id!r}; choose one of {', '.join(_CODECS)}")
    module, name = _CODECS[codec_id]
    return getattr(import_module(f".{module}", __package__), name)

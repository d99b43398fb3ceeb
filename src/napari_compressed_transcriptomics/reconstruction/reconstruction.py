"""Encode, decode and measure the error in one pass, without ever holding the reconstruction."""

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.codecs.training_record import fitted_to
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Report, silent

from .error_sums import Sums, gather_on_workers
from .held_out_error import HELD_OUT, HeldOutError
from .training_distance import Novelty, novelty_notes, novelty_of
from .value_pairs import JointHistogram
from .values_elsewhere import at_hand

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """How well a codec reconstructs expression.

    Errors are of the user's own values, not of clipped ones. With ``SSE`` the sum of squared
    errors and ``SST`` the sum of squared differences from the mean of what is summed over,
    ``R2 = 1 - SSE / SST`` (NaN where all values are the same) and ``RMSE = sqrt(SSE / count)``.

    Without its expression (of a result opened again whose data are not there, or of latents that
    were decoded, see `decoded`) a reconstruction has all that latents and codec give; reading
    ``expression.values`` then raises a `UserError` that says so, see `values_elsewhere`.

    Attributes
    ----------
    codec : Codec
        What encoded and decoded.
    expression : Expression
        The data, with the codec's genes in the codec's order.
    latents : ndarray of float32, shape (n_samples, latent_size)
        The encoded samples.
    rmse_samples, r2_samples : ndarray of float64, shape (n_samples,)
        Over the genes of each sample; R2 about the sample's mean.
    rmse_genes, r2_genes : ndarray of float64, shape (n_genes,)
        Over the samples of each gene; R2 about the gene's mean. NaN for filled-in genes.
    mean_genes, sd_genes : ndarray of float64, shape (n_genes,)
        Mean and standard deviation of each gene's own values over the samples. The latter is
        ``sqrt(SST / count)``, so that ``R2 = 1 - (RMSE / sd)**2``; 0 where all values are the
        same. NaN for filled-in genes.
    rmse, r2 : float
        Over all samples and genes; R2 about the genes' means:
        ``1 - sum of all SSE / sum over genes of SST``.
    device : str
        Where the work ended.
    seconds : float
        What it took; `compress` counts the fit, too.
    notes : tuple of str
        What the user should know: what had to be changed on the way (device, block size), data
        on another scale than the codec's training data, or unlike them in much of the brain.
    held_out : HeldOutError or None
        The held-out error, where it was measured.
    in_sample : bool
        The codec was fitted to these very values, so that the errors flatter it.
    density : JointHistogram or None
        Original against reconstructed values, where they were counted already.
    """

    codec: Codec
    expression: Expression
    latents: np.ndarray
    rmse_samples: np.ndarray
    r2_samples: np.ndarray
    rmse_genes: np.ndarray
    r2_genes: np.ndarray
    mean_genes: np.ndarray
    sd_genes: np.ndarray
    rmse: float
    r2: float
    device: str
    seconds: float
    notes: tuple[str, ...] = ()
    held_out: HeldOutError | None = None
    in_sample: bool = False
    density: JointHistogram | None = None

    @property
    def has_errors(self) -> bool:
        """Whether errors were measured; of latents that were decoded they are NaN."""
        return bool(np.isfinite(self.rmse_samples).any())

    @property
    def has_originals(self) -> bool:
        """Whether the expression's values can be read now, see `values_elsewhere.at_hand`."""
        return at_hand(self.expression)

    @property
    def gene_table(self) -> dict[str, np.ndarray]:
        """The numbers of each gene by name, each of shape (n_genes,).

        They are rmse, held_out_rmse (where it was measured), r2, mean and sd; none without errors.
        """
        if not self.has_errors:
            return {}
        unseen = {} if self.held_out is None else {HELD_OUT: self.held_out.rmse_genes}
        return {
            "rmse": self.rmse_genes,
            **unseen,
            "r2": self.r2_genes,
            "mean": self.mean_genes,
            "sd": self.sd_genes,
        }

    @cached_property
    def novelty(self) -> Novelty | None:
        """How far each sample is from the codec's training data; None where not known.

        Without errors it is told from the latents alone.
        """
        if self.codec.training_distribution is None:
            return None
        voxels = self.expression.parcellation.voxels_per_sample
        error = self.rmse_samples if self.has_errors else np.zeros(len(self.latents))
        return novelty_of(self.codec.training_distribution, self.latents, error, voxels)

    @cached_property
    def _hidden(self) -> "torch.Tensor":
        """Activations before the last layer, (n_samples, h): all that any gene needs."""
        import torch

        with torch.inference_mode():
            return self.codec.network().hidden(torch.tensor(self.latents))

    def gene(self, symbol: str) -> np.ndarray:
        """Return the reconstruction of one gene, float32 (n_samples,), from its symbol."""
        import torch

        network, row = self.codec.network(), self.expression.column(symbol)
        with torch.inference_mode():
            values = torch.mv(self._hidden, network.output.weight[row])
            return network.activation(values.add_(network.output.bias[row])).numpy()

    def genes(self, columns: np.ndarray) -> np.ndarray:
        """Return the reconstruction of some genes, float32 (n_samples, n), from their columns."""
        import torch

        network, rows = self.codec.network(), torch.as_tensor(columns)
        with torch.inference_mode():
            weight, bias = network.output.weight[rows], network.output.bias[rows]
            return network.activation(torch.addmm(bias, self._hidden, weight.T)).numpy()


def reconstruct(
    codec: Codec,
    expression: Expression,
    *,
    device: str | None = "auto",
    block_bytes: int | None = None,
    fill_missing: bool = False,
    scheduler: str | None = None,
    report: Report = silent,
) -> Reconstruction:
    """Encode and decode all samples.

    Parameters
    ----------
    codec : Codec
        A fitted codec.
    expression : Expression
        Samples with at least the codec's genes, in any order.
    device : {"auto", "cuda", "mps", "cpu"}
        Where to compute. If memory runs short, smaller blocks are taken, then the CPU.
    block_bytes : int, optional
        Size of the blocks of rows that are in work at a time.
    fill_missing : bool
        Set missing genes to their mean in training, if few are missing; they are left out
        of all errors.
    scheduler : str, optional
        Address of a scheduler of Dask distributed, whose workers do it; see `core.cluster`.
    report : callable, optional
        Called with each `Progress`; may raise `Stop` or `Cancelled`.

    Raises
    ------
    UserError
        If genes are missing, the scale is wrong, or there is too little memory; at once, unless
        memory runs out meanwhile. With a scheduler, also as `core.cluster.connected`.
    """
    _require_memory(codec, expression)
    fill = codec.gene_means if fill_missing else None
    expression = expression.aligned_to(codec.genes, fill=fill)
    codec.check_scale(expression.values, expression.name)
    begun = time.perf_counter()
    sums = Sums.of(codec, expression)
    if scheduler is None:
        used, notes = sums.gather(device, block_bytes, report)
    else:
        used, notes = gather_on_workers(sums, scheduler, device, block_bytes, report)
    result = Reconstruction(
        codec=codec,
        expression=expression,
        **sums.errors(),
        device=used,
        seconds=time.perf_counter() - begun,
        notes=notes,
        in_sample=_in_sample(codec, expression),
    )
    if result.in_sample:  # nothing of the training data is unlike them
        return result
    more = novelty_notes(codec.training_distribution, result.novelty, expression)
    return replace(result, notes=result.notes + more)


def _in_sample(codec: Codec, expression: Expression) -> bool:
    """Tell whether a codec was fitted to these values; those of another shape are not hashed."""
    n, g = expression.values.shape
    shape = (codec.training.get("n_samples", n), codec.training.get("n_genes", g))
    known = "data_sha256" in codec.training and shape == (n, g)
    return known and fitted_to(codec.training, expression.values_sha256)


def _require_memory(codec: Codec, expression: Expression) -> None:
    """Raise a `UserError` unless there is memory for the network, some blocks and the results."""
    from napari_compressed_transcriptomics.core.row_chunks import BLOCK_BYTES

    n, g = expression.n_samples, len(codec.genes)
    copy = 0 if codec.genes == expression.genes else 4 * n * g
    weights = sum(tensor.nbytes for tensor in codec.tensors().values()) if codec.is_network else 0
    blocks = min(3 * BLOCK_BYTES, 12 * n * g)
    require_memory(
        copy + weights + blocks + 8 * n * (codec.latent_size + 10) + 80 * g,
        f"Encoding and decoding {n:,} samples x {g:,} genes",
        "use fewer samples, or a larger machine",
    )

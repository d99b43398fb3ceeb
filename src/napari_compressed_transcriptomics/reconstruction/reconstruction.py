"""Encode, decode and measure the error in one pass, without ever holding the reconstruction."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec, network_on
from napari_compressed_transcriptomics.core.device import resolve_device
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Report, silent

from .held_out_error import HELD_OUT, HeldOutError
from .training_distance import Novelty, novelty_notes, novelty_of

if TYPE_CHECKING:
    import torch

CPU_TILE_BYTES = 2**21
GPU_TILE_BYTES = 2**28


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """How well a codec gives expression back.

    Errors are of the user's own values, not of clipped ones. With ``SSE`` the sum of squared
    errors and ``SST`` the sum of squared differences from the mean of what is summed over,
    ``R2 = 1 - SSE / SST`` (NaN where all values are the same) and ``RMSE = sqrt(SSE / count)``.

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
        What it took.
    notes : tuple of str
        What the user should know: what had to be changed on the way (device, block size), data
        on another scale than the codec's training data, or unlike them in much of the brain.
    held_out : HeldOutError or None
        The error on samples not seen, where it was measured.
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

    @property
    def gene_table(self) -> dict[str, np.ndarray]:
        """The numbers of each gene by name, each of shape (n_genes,).

        They are rmse, held_out_rmse (where it was measured), r2, mean and sd.
        """
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
        """How far each sample is from the codec's training data; None where not known."""
        if self.codec.reference is None:
            return None
        voxels = self.expression.parcellation.voxels_per_sample
        return novelty_of(self.codec.reference, self.latents, self.rmse_samples, voxels)

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


def reconstruct(
    codec: Codec,
    expression: Expression,
    *,
    device: str | None = "auto",
    block_bytes: int | None = None,
    fill_missing: bool = False,
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
        Where to compute. Without memory for it, smaller blocks and then the CPU are taken.
    block_bytes : int, optional
        Size of the blocks of rows that are in work at a time.
    fill_missing : bool
        Set missing genes to their mean in training, if few are missing; they are left out
        of all errors.
    report : callable, optional
        Called with each `Progress`; may raise `Stop` or `Cancelled`.

    Raises
    ------
    UserError
        If genes are missing, the scale is wrong, or there is too little memory; at once, but
        for memory that runs out meanwhile.
    """
    from napari_compressed_transcriptomics.core.row_chunks import run_in_blocks

    _require_memory(codec, expression)
    fill = codec.gene_means if fill_missing else None
    expression = expression.aligned_to(codec.genes, fill=fill)
    codec.check_scale(expression.values, expression.name)
    begun, where = time.perf_counter(), resolve_device(device)
    notes = (where.reason,) if where.fallback else ()
    sums = _Sums(codec, expression)
    used, changes = run_in_blocks(
        "Encoding and decoding",
        expression.values,
        where.name,
        sums.prepare,
        block_bytes,
        together=codec.rows_together,
        report=report,
    )
    result = Reconstruction(
        codec=codec,
        expression=expression,
        **sums.errors(),
        device=used,
        seconds=time.perf_counter() - begun,
        notes=notes + changes,
    )
    more = novelty_notes(codec.reference, result.novelty, expression)
    return replace(result, notes=result.notes + more)


def _require_memory(codec: Codec, expression: Expression) -> None:
    """Raise a `UserError` unless there is memory for the network, some blocks and the results."""
    from napari_compressed_transcriptomics.core.row_chunks import CPU_BLOCK_BYTES

    n, g = expression.n_samples, len(codec.genes)
    copy = 0 if codec.genes == expression.genes else 4 * n * g
    weights = sum(tensor.nbytes for tensor in codec.tensors().values()) if codec.is_network else 0
    blocks = min(3 * CPU_BLOCK_BYTES, 12 * n * g)
    require_memory(
        copy + weights + blocks + 8 * n * (codec.latent_size + 10) + 80 * g,
        f"Encoding and decoding {n:,} samples x {g:,} genes",
        "use fewer samples, or a larger machine",
    )


class _Sums:
    """Latents, and the sums that errors are made of, gathered block by block.

    Values x enter the sums as d = x - s, with s a typical value of each gene, so that float32
    is enough within a block; totals over blocks are float64. About a sample's mean the same d
    serve: with s = c + s', x - c = d + s'.
    """

    def __init__(self, codec: Codec, expression: Expression) -> None:
        self.codec, self.expression = codec, expression
        from napari_compressed_transcriptomics.core.row_chunks import some_rows

        some = some_rows(expression.values, 15)
        # one in the middle, no mean of two: a constant gene gives d = 0 exactly
        self.shift = np.sort(some, axis=0)[len(some) // 2]
        self.counted = np.ones(expression.n_genes, np.float32)
        self.counted[[expression.column(gene) for gene in expression.filled]] = 0
        self.centre = float(self.shift @ self.counted / self.counted.sum())

    def prepare(self, device: str, rows: int, start: int) -> Callable[..., None]:
        """Put weights and buffers on the device; see `row_chunks.run_in_blocks`."""
        import torch

        network = network_on(self.codec, device)
        weight, bias = network.output.weight, network.output.bias
        n_samples, n_genes = self.expression.values.shape
        sums_on = "cpu" if device == "mps" else device  # MPS has no float64
        if start:
            self.to(sums_on)
        else:
            self.latents = torch.empty(n_samples, self.codec.latent_size, device=sums_on)
            self.of_samples = torch.empty(4, n_samples, device=sums_on)
            self.of_genes = torch.zeros(3, n_genes, dtype=torch.float64, device=sums_on)
        tile_bytes = CPU_TILE_BYTES if device == "cpu" else GPU_TILE_BYTES
        width = min(n_genes, max(64, tile_bytes // (4 * rows)))
        spans = [slice(i, min(i + width, n_genes)) for i in range(0, n_genes, width)]
        buffer = torch.empty(2, rows * width, device=device)
        by_gene = torch.empty(3, n_genes, device=device)
        by_sample = torch.empty(4, rows, device=device)
        ones = torch.ones(rows, device=device)
        shift = torch.tensor(self.shift, device=device)
        counted = torch.tensor(self.counted, device=device)
        slope = (shift - self.centre) * counted

        @torch.inference_mode()
        def step(first: int, last: int, block: torch.Tensor) -> None:
            n = last - first
            latents = network.encoder(block)
            hidden = network.hidden(latents)
            one, sample = ones[:n], by_sample[:, :n].zero_()
            for span in spans:
                values, size = block[:, span], n * (span.stop - span.start)
                error = buffer[0, :size].view(n, -1)
                torch.addmm(bias[span], hidden, weight[span].T, out=error)
                error = network.activation(error).sub_(values).square_()
                sample[3].addmv_(error, counted[span])
                torch.mv(error.T, one, out=by_gene[2, span])
                offset = torch.sub(values, shift[span], out=buffer[1, :size].view(n, -1))
                sample[0].addmv_(offset, counted[span])
                sample[1].addmv_(offset, slope[span])
                torch.mv(offset.T, one, out=by_gene[0, span])
                square = offset.square_()
                sample[2].addmv_(square, counted[span])
                torch.mv(square.T, one, out=by_gene[1, span])
            self.latents[first:last] = latents
            self.of_samples[:, first:last] = sample
            self.of_genes += by_gene.to(sums_on)

        return step

    def to(self, device: str) -> None:
        """Move the sums."""
        self.latents = self.latents.to(device)
        self.of_samples = self.of_samples.to(device)
        self.of_genes = self.of_genes.to(device)

    def errors(self) -> dict[str, Any]:
        """Return latents and errors as `Reconstruction` names them."""
        self.to("cpu")
        n, counted, shift = len(self.latents), self.counted.astype(float), self.shift.astype(float)
        total, squares, sse = self.of_genes.numpy()
        sst_genes = _sum_about_mean(squares, total, n, shift)
        mean, sd = shift + total / n, np.sqrt(np.nan_to_num(sst_genes) / n)
        for of_gene in (sst_genes, sse, mean, sd):
            of_gene[counted == 0] = np.nan

        count, from_centre = counted.sum(), (shift - self.centre) * counted
        total_d, cross, squares, sse_samples = self.of_samples.numpy().astype(float)
        spread = from_centre @ from_centre
        sst_samples = _sum_about_mean(
            squares + 2 * cross + spread, total_d + from_centre.sum(), count, self.centre, spread
        )

        sse_all, sst_all = np.nansum(sse), np.nansum(sst_genes)
        return {
            "latents": self.latents.numpy(),
            "rmse_samples": np.sqrt(sse_samples / count),
            "r2_samples": 1 - sse_samples / sst_samples,
            "rmse_genes": np.sqrt(sse / n),
            "r2_genes": 1 - sse / sst_genes,
            "mean_genes": mean,
            "sd_genes": sd,
            "rmse": float(np.sqrt(sse_all / (n * count))),
            "r2": float(1 - sse_all / sst_all) if sst_all > 0 else float("nan"),
        }


def _sum_about_mean(
    squares: np.ndarray, total: np.ndarray, count: float, shift: Any, spread: float = 0.0
) -> np.ndarray:
    """Return sums of squares about the mean from those about `shift`.

    NaN where they are no more than the rounding of float32, in the values or in the sums
    (`squares`, and `spread` that was added to them): there all values are the same.
    """
    about_mean = squares - total**2 / count
    mean, rounding = shift + total / count, np.finfo(np.float32).eps
    least = count * (rounding * mean) ** 2 + 16 * rounding * (squares + spread)
    return np.where(about_mean > least, about_mean, np.nan)

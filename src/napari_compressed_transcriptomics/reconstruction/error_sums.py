"""Latents and the sums that errors are made of, gathered on this machine or by workers of others.

Both come to the same blocks of rows, each in one thread, whose sums are added in the same order. So
results are the same to the bit, where libraries are.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec, network_on
from napari_compressed_transcriptomics.core.device import resolve_device
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import (
    LazyValues,
    TotalSquares,
    Values,
    row_span,
)
from napari_compressed_transcriptomics.core.progress import Progress, Report

from .total_squares import sum_about_mean

if TYPE_CHECKING:
    import torch

CPU_TILE_BYTES = 2**20
"""Of values that are worked on at once: two of them, and what they are made of, fit in a cache."""
GPU_TILE_BYTES = 2**28
STAGE = "Encoding and decoding"
_OfSpan = tuple[np.ndarray, np.ndarray, list[np.ndarray], str, tuple[str, ...]]
_TASKS_A_WORKER = 4
"""At most: the last ones end at about the same time."""


def gather_on_workers(
    sums: "Sums", scheduler: str, device: str | None, block_bytes: int | None, report: Report
) -> tuple[str, tuple[str, ...]]:
    """Do what `Sums.gather` does, of spans of rows that workers read and work on.

    Sums of samples and latents come from a worker as they are, those of genes block by block.
    """
    import torch

    from napari_compressed_transcriptomics.core.cluster import (
        connected,
        in_order,
        n_workers,
        run_tasks,
    )

    sums.begin("cpu")
    n = len(sums.values)
    devices: dict[str, None] = {}
    notes: dict[str, None] = {}

    def take(number: int, found: _OfSpan) -> None:
        latents, of_samples, of_blocks, used, more = found
        rows = slice(*spans[number])
        sums.latents[rows] = torch.tensor(latents)
        sums.of_samples[:, rows] = torch.tensor(of_samples)
        for by_gene in of_blocks:
            sums.add(torch.tensor(by_gene))
        devices[used] = None
        notes.update(dict.fromkeys(more))

    def advance(parts: dict[int, float]) -> None:
        left = sum((1 - part) * (spans[i][1] - spans[i][0]) for i, part in parts.items())
        report(Progress(STAGE, n - round(left), n))

    with connected(scheduler) as client:
        spans = _spans(sums, block_bytes, _TASKS_A_WORKER * n_workers(client))
        of_data = (sums.shift, sums.counted, sums.total_squares)
        shared = (sums.codec, sums.values, *of_data, device, block_bytes)
        run_tasks(client, _of_span, shared, spans, in_order(take), advance)
    return " and ".join(devices), tuple(notes)


def _spans(sums: "Sums", block_bytes: int | None, n_tasks: int) -> list[tuple[int, int]]:
    """Return spans of rows, in whole blocks, and in whole of the rows that are read at once."""
    from napari_compressed_transcriptomics.core.row_chunks import rows_at_once

    values, together = sums.values, sums.codec.rows_together
    rows = step = rows_at_once(values, block_bytes, together=together)
    if isinstance(values, LazyValues) and values.matrix.rows_together % rows == 0:
        step = values.matrix.rows_together
    n = len(values)
    starts = list(range(0, n, step))
    if n - starts[-1] < 2 * rows:  # of fewer rows the block would be another
        starts = starts[:-1] or starts
    n_tasks = min(n_tasks, len(starts))
    firsts = [starts[i * len(starts) // n_tasks] for i in range(n_tasks)]
    return list(zip(firsts, [*firsts[1:], n], strict=True))


def _of_span(shared: tuple[Any, ...], span: tuple[int, int], report: Report) -> _OfSpan:
    """Return latents, sums of samples and of genes block by block, where, and notes."""
    codec, values, shift, counted, known, device, block_bytes = shared
    sums = Sums(codec, row_span(values, *span), shift, counted, known, each_block=True)
    used, notes = sums.gather(device, block_bytes, report)
    sums.to("cpu")
    of_blocks = [by_gene.numpy() for by_gene in sums.of_blocks]
    return sums.latents.numpy(), sums.of_samples.numpy(), of_blocks, used, notes


class Sums:
    """Latents, and the sums that errors are made of, gathered block by block.

    Values x enter the sums as d = x - s, with s a typical value of each gene, so that float32
    is enough within a block; totals over blocks are float64. About a sample's mean the same d
    serve: with s = c + s', x - c = d + s'.

    Parameters
    ----------
    codec : Codec
    values : ndarray or LazyValues, shape (n, n_genes)
    shift, counted : ndarray of float32, shape (n_genes,)
        s, and 1 for genes that count in errors, else 0.
    total_squares : TotalSquares, optional
        How much all values vary, where that is known: the data's own sums stay 0 then.
    each_block : bool
        Keep each block's sums over samples, in `of_blocks`, for one who adds them.
    """

    def __init__(
        self,
        codec: Codec,
        values: Values,
        shift: np.ndarray,
        counted: np.ndarray,
        total_squares: TotalSquares | None = None,
        each_block: bool = False,
    ) -> None:
        self.codec, self.values, self.shift, self.counted = codec, values, shift, counted
        self.total_squares = total_squares
        self.centre = float(shift @ counted / counted.sum())
        self.each_block = each_block

    @classmethod
    def of(cls, codec: Codec, expression: Expression) -> "Sums":
        """Return those of all samples, still empty."""
        from napari_compressed_transcriptomics.core.row_chunks import some_rows

        values = expression.values
        some = some_rows(values, 15, n_blocks=1)
        # one in the middle, no mean of two: a constant gene gives d = 0 exactly
        shift = np.sort(some, axis=0)[len(some) // 2]
        counted = np.ones(expression.n_genes, np.float32)
        counted[[expression.column(gene) for gene in expression.filled]] = 0
        known = values.total_squares() if isinstance(values, LazyValues) else None
        return cls(codec, values, shift, counted, known)

    def prepare(self, device: str, rows: int, start: int) -> Callable[..., Callable[[], None]]:
        """Put weights on the device, and make room for sums; see `row_chunks.run_in_blocks`."""
        import torch

        from napari_compressed_transcriptomics.core.matrix_products import addmm

        network = network_on(self.codec, device)
        weight, bias = network.output.weight, network.output.bias
        n_genes = self.values.shape[1]
        sums_on = "cpu" if device == "mps" else device  # MPS has no float64
        if start:
            self.to(sums_on)
        else:
            self.begin(sums_on)
        tile_bytes = CPU_TILE_BYTES if device == "cpu" else GPU_TILE_BYTES
        width = min(n_genes, max(64, tile_bytes // (4 * rows)))
        spans = [slice(i, min(i + width, n_genes)) for i in range(0, n_genes, width)]
        shift = torch.tensor(self.shift, device=device)
        counted = torch.tensor(self.counted, device=device)
        slope = (shift - self.centre) * counted
        data_known = self.total_squares is not None

        @torch.inference_mode()
        def step(first: int, last: int, block: torch.Tensor) -> Callable[[], None]:
            n = last - first
            latents = network.encoder(block)
            hidden = network.hidden(latents)
            buffer = torch.empty(2, n * width, device=device)
            by_gene = torch.zeros(3, n_genes, device=device)
            one, sample = torch.ones(n, device=device), torch.zeros(4, n, device=device)
            for span in spans:
                values, size = block[:, span], n * (span.stop - span.start)
                error = buffer[0, :size].view(n, -1)
                addmm(bias[span], hidden, weight[span].T, out=error)
                error = network.activation(error).sub_(values).square_()
                sample[3].addmv_(error, counted[span])
                torch.mv(error.T, one, out=by_gene[2, span])
                if data_known:
                    continue
                offset = torch.sub(values, shift[span], out=buffer[1, :size].view(n, -1))
                sample[0].addmv_(offset, counted[span])
                sample[1].addmv_(offset, slope[span])
                torch.mv(offset.T, one, out=by_gene[0, span])
                square = offset.square_()
                sample[2].addmv_(square, counted[span])
                torch.mv(square.T, one, out=by_gene[1, span])
            self.latents[first:last] = latents
            self.of_samples[:, first:last] = sample
            return partial(self.add, by_gene.to(sums_on))

        return step

    def begin(self, device: str) -> None:
        """Make room on a device."""
        import torch

        n_samples, n_genes = self.values.shape
        self.latents = torch.empty(n_samples, self.codec.latent_size, device=device)
        self.of_samples = torch.empty(4, n_samples, device=device)
        self.of_genes = torch.zeros(3, n_genes, dtype=torch.float64, device=device)
        self.of_blocks: list[torch.Tensor] = []

    def add(self, by_gene: "torch.Tensor") -> None:
        """Add the sums of a block over its samples, float32 (3, n_genes), or keep them."""
        if self.each_block:
            self.of_blocks.append(by_gene.to("cpu", copy=True))
        else:
            self.of_genes += by_gene

    def gather(
        self, device: str | None, block_bytes: int | None, report: Report
    ) -> tuple[str, tuple[str, ...]]:
        """Go through all rows; return where that ended and what the user should know."""
        from napari_compressed_transcriptomics.core.row_chunks import run_in_blocks

        where = resolve_device(device)
        used, changes = run_in_blocks(
            STAGE,
            self.values,
            where.name,
            self.prepare,
            block_bytes,
            together=self.codec.rows_together,
            report=report,
        )
        return used, ((where.reason,) if where.fallback else ()) + changes

    def to(self, device: str) -> None:
        """Move the sums."""
        self.latents = self.latents.to(device)
        self.of_samples = self.of_samples.to(device)
        self.of_genes = self.of_genes.to(device)

    def errors(self) -> dict[str, Any]:
        """Return latents and errors as `Reconstruction` names them."""
        self.to("cpu")
        n, count, data = len(self.latents), float(self.counted.sum()), self._of_data()
        sst_genes, sst_samples = data.sst_genes, data.sst_samples
        sse, sse_samples = self.of_genes[2].numpy(), self.of_samples[3].numpy().astype(float)
        sd = np.sqrt(np.nan_to_num(sst_genes) / n)
        for of_gene in (sse, sd):
            of_gene[self.counted == 0] = np.nan

        sse_all, sst_all = np.nansum(sse), np.nansum(sst_genes)
        return {
            "latents": self.latents.numpy(),
            "rmse_samples": np.sqrt(sse_samples / count),
            "r2_samples": 1 - sse_samples / sst_samples,
            "rmse_genes": np.sqrt(sse / n),
            "r2_genes": 1 - sse / sst_genes,
            "mean_genes": data.mean_genes,
            "sd_genes": sd,
            "rmse": float(np.sqrt(sse_all / (n * count))),
            "r2": float(1 - sse_all / sst_all) if sst_all > 0 else float("nan"),
        }

    def _of_data(self) -> TotalSquares:
        """Return how much the data vary; NaN for genes that do not count."""
        if self.total_squares is not None:
            return self.total_squares
        n, counted, shift = len(self.latents), self.counted.astype(float), self.shift.astype(float)
        total, squares, _ = self.of_genes.numpy()
        mean, sst_genes = shift + total / n, sum_about_mean(squares, total, n, shift)
        for of_gene in (mean, sst_genes):
            of_gene[counted == 0] = np.nan
        count, from_centre = counted.sum(), (shift - self.centre) * counted
        total, cross, squares, _ = self.of_samples.numpy().astype(float)
        spread = from_centre @ from_centre
        sst_samples = sum_about_mean(
            squares + 2 * cross + spread, total + from_centre.sum(), count, self.centre, spread
        )
        return TotalSquares(mean, sst_genes, sst_samples)

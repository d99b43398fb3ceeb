"""Latents and the last layer in few bytes, and what that costs, measured."""

from dataclasses import dataclass

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent

from .decoder import Decoder

PRECISIONS = ("auto", "float16", "int8")
MOST_FLOAT16 = 6_000_000
"""Weights of the last layer, above which "auto" is int8."""
MOST_MEASURED = 8192
"""Samples, evenly spaced, of which the rounding error is measured."""
_GENES_AT_ONCE = 512
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Rounded:
    """Latents and last layer as the page holds them."""

    latents: np.ndarray
    """Times `latent_scale`, (k,), they are the latents. Of float16, shape (n_samples, k)."""
    latent_scale: np.ndarray
    weight: np.ndarray
    """Times `gene_scale`, (n_genes,), of its row and over `activation_scale`, (n_activations,), of
    its column they are the weights. So what is rounded are the parts of a gene's variation, and
    activations that vary much do not spoil it. Shape (n_genes, n_activations), of float16 or
    int8."""
    gene_scale: np.ndarray
    activation_scale: np.ndarray

    @classmethod
    def of(cls, decoder: Decoder, latents: np.ndarray, precision: str = "auto") -> "Rounded":
        """Round latents (n_samples, k) and the last layer; see `PRECISIONS`."""
        if precision not in PRECISIONS:
            raise UserError(f"Precision {precision!r} is unknown; choose {', '.join(PRECISIONS)}")
        if precision == "auto":
            precision = "float16" if decoder.weight.size <= MOST_FLOAT16 else "int8"
        latent_scale = _largest(latents, 0)
        small = (latents / latent_scale).astype(np.float16)
        activations = decoder.activations(_some(small) * latent_scale)
        spread = _or_one(np.sqrt(np.square(activations).mean(0)))
        varied = decoder.weight * spread
        gene_scale = _largest(varied, 1)
        varied /= gene_scale[:, None]
        if precision == "int8":
            gene_scale = gene_scale / np.float32(127)
            weight = np.rint(varied * 127).astype(np.int8)
        else:
            weight = varied.astype(np.float16)
        return cls(small, latent_scale, weight, gene_scale, spread)

    def rows(self, genes: slice) -> np.ndarray:
        """Return the weights of genes as the page has them, float32 (m, n_activations)."""
        scale = self.gene_scale[genes, None] / self.activation_scale
        return self.weight[genes].astype(np.float32) * scale

    def gene(self, decoder: Decoder, column: int) -> np.ndarray:
        """Return one gene as the page decodes it, float32 (n_samples,)."""
        weight, bias = self.rows(slice(column, column + 1)), decoder.bias[column : column + 1]
        parts = []
        for start in range(0, len(self.latents), _ROWS_AT_ONCE):
            latents = self.latents[start : start + _ROWS_AT_ONCE] * self.latent_scale
            parts.append(decoder.decode(decoder.activations(latents), weight, bias)[:, 0])
        return np.concatenate(parts)


@dataclass(frozen=True)
class RoundingError:
    """How far the page's values are from the result's, over all genes."""

    rms: float
    largest: float
    """`rms`, `largest`: in the units of the data."""
    n_samples: int
    """Samples that it was measured at, evenly spaced."""


def rounding_error(
    decoder: Decoder, latents: np.ndarray, rounded: Rounded, report: Report = silent
) -> RoundingError:
    """Measure what rounding does to all genes."""
    some = _some(latents)
    exact = decoder.activations(some)
    page = decoder.activations(_some(rounded.latents) * rounded.latent_scale)
    squares, largest, n = 0.0, 0.0, len(decoder.bias)
    for start in range(0, n, _GENES_AT_ONCE):
        genes = slice(start, start + _GENES_AT_ONCE)
        off = decoder.decode(page, rounded.rows(genes), decoder.bias[genes])
        off -= decoder.decode(exact, decoder.weight[genes], decoder.bias[genes])
        squares += float(np.vdot(off, off))
        largest = max(largest, float(np.abs(off).max()))
        report(Progress("Measuring rounding", min(start + _GENES_AT_ONCE, n), n))
    return RoundingError((squares / (len(some) * n)) ** 0.5, largest, len(some))


def _some(rows: np.ndarray) -> np.ndarray:
    return rows[:: -(-len(rows) // MOST_MEASURED)]


def _largest(values: np.ndarray, axis: int) -> np.ndarray:
    return _or_one(np.abs(values).max(axis))


def _or_one(sizes: np.ndarray) -> np.ndarray:
    return np.where(sizes > 0, sizes, 1).astype(np.float32)

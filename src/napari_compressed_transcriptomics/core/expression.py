"""Expression of genes in samples, and where in the brain the samples lie."""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.genes.synonyms import counterparts

from .errors import UserError, listing
from .lazy_values import KeepingValues, LazyValues, Values
from .memory import require_memory
from .parcellation import Painting as Painting
from .parcellation import Parcellation as Parcellation
from .parcellation import voxel_names as voxel_names
from .provenance import values_sha256

FILL_COVERAGE = 0.9
"""Part of a model's genes that data must have before the rest may be filled in."""


@dataclass(frozen=True, eq=False)
class Expression:
    """Expression values of all samples, and where the samples lie.

    Attributes
    ----------
    values : ndarray of float32 or LazyValues, shape (n_samples, n_genes)
        Finite. abagen's values lie in 0..1, the voxel-wise ones mostly in 0.3..0.7.
    genes : tuple of str
        Gene symbols, unique, one a column.
    samples : tuple of str
        Region names, or ``x_y_z`` voxel indices, one per row, unique.
    parcellation : Parcellation
        Where sample ``i`` lies: the voxels labelled ``i + 1``.
    name : str
        Short name for layers and messages, usually the file's stem.
    excluded : tuple of str
        Samples without data (all-NaN rows, regions lost), left out of everything above.
    notes : tuple of str
        What was noticed on reading that the user should know, one sentence each.
    source : dict
        JSON-safe provenance: paths and SHA-256 of the files that were read.
    filled : tuple of str
        Genes that the data lack, set to their means in a model's training (see `aligned_to`).
    imputed : ndarray of int64, shape (n_imputed, 2)
        Row and column of each single missing cell, set to its gene's mean.
    """

    values: Values
    genes: tuple[str, ...]
    samples: tuple[str, ...]
    parcellation: Parcellation
    name: str = "expression"
    excluded: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
    filled: tuple[str, ...] = ()
    imputed: np.ndarray = field(default_factory=lambda: np.empty((0, 2), np.int64))

    def __post_init__(self) -> None:
        shape = (len(self.samples), len(self.genes))
        if self.values.shape != shape:
            raise ValueError(f"values have shape {self.values.shape}, names say {shape}")
        if self.parcellation.n_samples != len(self.samples):
            raise ValueError(
                f"{self.parcellation.n_samples} labels for {len(self.samples)} samples"
            )
        if len(self.samples) < 2 or not self.genes:
            raise UserError(
                f"{self.name} has {len(self.samples)} usable sample(s) and {len(self.genes)} "
                "gene(s); at least two samples and one gene are needed"
            )
        if len(set(self.genes)) != len(self.genes):
            twice = [gene for gene, count in Counter(self.genes).items() if count > 1]
            raise UserError(
                f"{self.name} has duplicate genes ({listing(twice)}); keep one column of each"
            )

    @property
    def n_samples(self) -> int:
        """Number of samples (rows)."""
        return len(self.samples)

    @property
    def n_genes(self) -> int:
        """Number of genes (columns)."""
        return len(self.genes)

    @cached_property
    def values_sha256(self) -> str:
        """SHA-256 of the values, as `provenance.array_sha256` gives it; computed once."""
        return values_sha256(self.values)

    @cached_property
    def _column(self) -> dict[str, int]:
        return {gene: column for column, gene in enumerate(self.genes)}

    def column(self, gene: str) -> int:
        """Return the column of a gene; a `UserError` names one that is missing.

        If the gene is here under another symbol or an id, the message names that.
        """
        try:
            return self._column[gene]
        except KeyError:
            found, ambiguous = counterparts((gene,), self.genes)
        hint = "check the symbol"
        if found:
            hint = f"it is called {found[gene]} here"
        elif ambiguous:
            hint = f"it may be called {' or '.join(ambiguous[gene])} here"
        raise UserError(f"{self.name} has no gene {gene!r}; {hint}")

    def gene_volume(self, gene: str) -> np.ndarray:
        """Return one gene as a float32 volume (x, y, z), NaN outside."""
        return self.parcellation.paint(self.values[:, self.column(gene)])

    def subset(self, rows: np.ndarray) -> "Expression":
        """Return some samples only, where they lie; their values are a copy.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)
            Each at most once; the samples come in this order.
        """
        require_memory(4 * len(rows) * self.n_genes, f"{len(rows):,} samples of {self.name}")
        number = np.zeros(self.n_samples + 1, np.int32)
        number[np.asarray(rows) + 1] = np.arange(1, len(rows) + 1)
        imputed = self.imputed[number[self.imputed[:, 0] + 1] > 0]
        return replace(
            self,
            values=np.ascontiguousarray(self.values[rows]),
            samples=tuple(self.samples[row] for row in rows),
            parcellation=self.parcellation.renumbered(number[self.parcellation.labels]),
            imputed=np.column_stack([number[imputed[:, 0] + 1] - 1, imputed[:, 1]]),
        )

    def in_memory(self) -> "Expression":
        """Return the same with values that are an array, if there is memory for them."""
        if isinstance(self.values, np.ndarray):
            return self
        return replace(self, values=np.asarray(self.values))

    def drawn(self, n: int, seed: int = 0) -> "Expression":
        """Return at most `n` samples drawn at random, in memory; `notes` say so."""
        if self.n_samples <= n:
            return self.in_memory()
        rows = self._draw(n, seed)
        note = f"{n:,} of the {self.n_samples:,} samples of {self.name} were drawn (seed {seed})"
        return replace(self.subset(rows), notes=(*self.notes, note))

    def keeping_drawn(self, n: int, seed: int = 0) -> "Expression":
        """Return the same, of which lazy values keep what `drawn` returns as they are read."""
        if not isinstance(self.values, LazyValues) or self.n_samples <= n:
            return self
        require_memory(4 * n * self.n_genes, f"{n:,} samples of {self.name}")
        return replace(self, values=KeepingValues(self.values, self._draw(n, seed)))

    def _draw(self, n: int, seed: int) -> np.ndarray:
        return np.sort(np.random.default_rng(seed).permutation(self.n_samples)[:n])

    def _take(self, columns: list[int]) -> Values:
        if isinstance(self.values, LazyValues):
            return self.values.select(columns)
        return np.take(self.values, columns, axis=1)

    def aligned_to(self, genes: tuple[str, ...], fill: np.ndarray | None = None) -> "Expression":
        """Return the same samples with columns in the order of `genes`, matched by symbol.

        Genes that are here under an older or newer symbol, an alias or an id are found, which
        is noted, unless another gene may be meant (see `genes.synonyms.counterparts`). Genes
        that are not asked for are dropped.

        Parameters
        ----------
        genes : tuple of str
            A model's genes.
        fill : ndarray of float32, shape (len(genes),), optional
            What to set missing genes to, if at least `FILL_COVERAGE` of `genes` are here. They
            are recorded in `filled` and `notes`.

        Raises
        ------
        UserError
            Listing genes that are missing and are not, or must not be, filled in.
        """
        genes = tuple(genes)
        if genes == self.genes:
            return self
        missing = [gene for gene in genes if gene not in self._column]
        found, ambiguous = counterparts(genes, self.genes) if missing else ({}, {})
        if found:
            return self._called(found).aligned_to(genes, fill)
        columns = [self._column.get(gene, 0) for gene in genes]
        imputed = self._imputed_in(genes)
        if not missing:
            return replace(self, values=self._take(columns), genes=genes, imputed=imputed)
        lack = (
            f"{self.name} lacks {len(missing)} of the {len(genes)} genes that the model "
            f"needs ({listing(missing)})"
        )
        if ambiguous:
            told = (f"{gene}: {', '.join(names)}" for gene, names in ambiguous.items())
            lack += f"; some may be here under another name ({listing(told, 3)})"
        if fill is None:
            raise UserError(f"{lack}; use data with these genes or fit a model to this data")
        if len(missing) > (1 - FILL_COVERAGE) * len(genes):
            raise UserError(
                f"{lack}; they can be filled in only if at least {FILL_COVERAGE:.0%} are there, "
                "so fit a model to this data"
            )
        at = [column for column, gene in enumerate(genes) if gene not in self._column]
        values: Values
        if not np.isfinite(fill[at]).all():
            raise UserError(f"{lack} and the model does not know their means; use other data")
        if isinstance(self.values, LazyValues):
            values = self.values.select([self._column.get(g, -1) for g in genes], fill)
        else:
            values = np.take(self.values, columns, axis=1)
            values[:, at] = fill[at]
        note = f"{lack}; they are set to their means in training and left out of errors"
        return replace(
            self,
            values=values,
            genes=genes,
            filled=tuple(missing),
            notes=(*self.notes, note),
            imputed=imputed,
        )

    def _called(self, found: dict[str, str]) -> "Expression":
        """Return the same with genes called otherwise; `found` is new name to present one."""
        new = {present: name for name, present in found.items()}
        told = (f"{name} as {present}" for name, present in found.items())
        note = (
            f"{len(found)} gene(s) of {self.name} were found under another name ({listing(told)})"
        )
        genes = tuple(new.get(gene, gene) for gene in self.genes)
        return replace(self, genes=genes, notes=(*self.notes, note))

    def _imputed_in(self, genes: tuple[str, ...]) -> np.ndarray:
        """Return `imputed` for the columns of other genes."""
        if not len(self.imputed):
            return self.imputed
        place = {gene: column for column, gene in enumerate(genes)}
        cells = [(row, place.get(self.genes[column], -1)) for row, column in self.imputed]
        moved = np.array(cells, np.int64)
        return moved[moved[:, 1] >= 0]

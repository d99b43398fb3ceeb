"""Reading a store of expression: names and places are read at once, values when they are wanted."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import recorded, space_of
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.genes.ids_to_symbols import translated
from napari_compressed_transcriptomics.core.lazy_values import LazyValues, Matrix, TotalSquares
from napari_compressed_transcriptomics.io.files.zarr_store import Store, is_remote

from .surfaces.stored import ARRAYS, stored_place

_COLUMNS_KEPT = 32
"""Of 185,682 voxels they take 24 MB."""


class ColumnsOfServer:
    """A `Matrix` on a server, of which the columns that were read last stay in memory.

    So a gene can be fetched in a thread, and shown when it is there.

    Parameters
    ----------
    matrix : Matrix
    """

    on_server = True

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self.name, self.shape, self.sha256 = matrix.name, matrix.shape, matrix.sha256
        self.limits, self.rows_together = matrix.limits, matrix.rows_together
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_kept": OrderedDict()}

    def waits_for(self, column: int) -> bool:
        """Tell whether the server is asked when a column is read."""
        return column not in self._kept

    def total_squares(self) -> TotalSquares | None:
        """Return how much the values vary, where the store knows it."""
        return LazyValues(self.matrix).total_squares()

    def read_rows(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        """Return float32 values (last - first, n_genes), which may be put `into` an array."""
        return self.matrix.read_rows(first, last, into)

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        """Return float32 values (n_samples, len(columns))."""
        if len(columns) > 1:
            return self.matrix.read_columns(columns)
        column = int(columns[0])
        found = self._kept.pop(column, None)
        if found is None:
            found = self.matrix.read_columns(columns)
        self._kept[column] = found
        while len(self._kept) > _COLUMNS_KEPT:
            self._kept.popitem(last=False)
        return found


def read_store(path: str | Path) -> Expression:
    """Open a store that `io.writers.store.convert` wrote, on this machine or on a server.

    Parameters
    ----------
    path : str or Path
        Of its folder, or an address that begins with ``http://``, ``https://`` or ``s3://``.

    Returns
    -------
    Expression
        Its `values` are `LazyValues`.

    Raises
    ------
    UserError
        It is not there, not ours, of a newer version, damaged, or its server fails.
    """
    store = Store(path)
    n_samples, n_genes = store.values.shape
    genes = store.texts("var/_index", n_genes)
    samples = store.texts("obs/_index", n_samples)
    more = {
        key: store.numbers(f"uns/parcellation/{key}", ndim)
        for key, ndim in ARRAYS.items()
        if store.has(f"uns/parcellation/{key}")
    }
    labels = store.numbers("uns/parcellation/labels", 3).astype(np.int32)
    affine = store.numbers("uns/parcellation/affine", 2).astype(float)
    fits = labels.min() >= 0 and labels.max() == n_samples and affine.shape == (4, 4)
    if not fits or not np.bincount(labels.ravel())[1:].all():
        raise UserError(f"{store.name} has labels that do not fit its samples; get it again")
    facts, named = store.facts, translated(genes)
    source = {
        "expression": {"path": store.address, "sha256": store.values.sha256},
        "converted_from": facts.get("source"),
    }
    source |= recorded(space_of(facts))
    if ids := named.record():
        source["gene_ids"] = ids
    return Expression(
        values=LazyValues(ColumnsOfServer(store.values) if is_remote(path) else store.values),
        genes=named.genes,
        samples=tuple(samples),
        parcellation=stored_place(labels, affine, more, store.name),
        name=str(facts.get("name") or store.name),
        excluded=_texts(facts, "excluded"),
        notes=(*_texts(facts, "notes"), *named.notes(store.name)),
        source=source,
        imputed=np.array(facts.get("imputed") or np.empty((0, 2)), np.int64).reshape(-1, 2),
    )


def _texts(facts: dict[str, Any], key: str) -> tuple[str, ...]:
    found = facts.get(key)
    return tuple(map(str, found)) if isinstance(found, list) else ()

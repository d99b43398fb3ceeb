"""The elements of AnnData: the names of samples and genes, and the values, dense or sparse."""

import math
from collections import Counter
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.genes.hgnc import KINDS, kind_of
from napari_compressed_transcriptomics.core.genes.synonyms import contradictions
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.io.files.hdf5 import Hdf5

_NUMBERS = "iufb"
_VERSIONS = (None, "0.1.0", "0.2.0")
_BLOCK_BYTES = 1 << 26
_SYMBOLS = ("feature_name", "gene_symbols", "gene_symbol", "gene_name", "symbol")
_IDS = ("gene_ids", "feature_id")
"""Columns of ``var``: of CELLxGENE, of scanpy for 10x, and as people call them."""
_MAX_CONTRADICTIONS = 0.1
"""Part of the genes whose symbols may be of other genes than their ids: both grow old."""


def shape_of(file: Hdf5) -> tuple[int, int]:
    """Return (samples, genes) as ``X`` states them, dense or sparse, if memory can take them."""
    x = file.find("X")
    if _encoding(file, x, "X") in ("csr_matrix", "csc_matrix"):
        stored = file.attribute(x, "shape", (2,))
        whole = stored is not None and np.asarray(stored).dtype.kind in "iu"
        shape = tuple(int(n) for n in stored) if whole else ()
    else:
        shape = file.numbers(x, "X", _NUMBERS).shape
    if len(shape) != 2 or min(shape) < 1:
        raise UserError(f"{file.path.name} has X of shape {shape}; it needs samples x genes")
    require_memory(math.prod(shape) * 4, file.path.name)
    return shape


def genes_of(file: Hdf5, n: int) -> tuple[list[str], list[str], str | None]:
    """Return the names of the `n` genes: ``var_names``, or symbols beside ids of theirs.

    Returns
    -------
    names : list of str
    notes : list of str
        Which column was used or, and why, was not.
    column : str or None
        Of ``var``, if not its index.

    Raises
    ------
    UserError
        ``var_names`` are faulty. A faulty column is noted and not used.
    """
    names, notes = names_of(file, "var", n), []
    kind = kind_of(names)
    columns = () if kind == "symbols" else (*_SYMBOLS, *(_IDS if kind == "numbers" else ()))
    for column in columns:
        what = f"var[{column!r}] of {file.path.name}"
        try:
            if file.find(f"var/{column}") is None:
                continue
            found = names_of(file, "var", n, column)
        except UserError as error:
            notes.append(f"{what} is not used for the names of genes: {error}")
            continue
        if twice := [one for one, count in Counter(found).items() if count > 1]:
            fault = f"has {len(twice)} name(s) more than once ({listing(twice)})"
        elif kind_of(found) == "numbers":
            fault = "holds numbers"
        else:
            wrong = contradictions(names, found)
            fault = f"calls {len(wrong)} gene(s) by other names than their ids ({listing(wrong)})"
            if len(wrong) <= _MAX_CONTRADICTIONS * n:
                notes.append(f"Genes are named by {what}; var_names are {KINDS[kind]}")
                return found, [*notes, f"{what} {fault}"] if wrong else notes, column
        notes.append(f"{what} {fault} and is not used for the names of genes")
    return names, notes, None


def names_of(file: Hdf5, axis: str, n: int, column: str | None = None) -> list[str]:
    """Return the `n` names of ``obs`` or ``var``: their index, or another column of text.

    Raises
    ------
    UserError
        There are not so many, or something has no name.
    """
    group, name, what = file.find(axis), file.path.name, f"names in {axis}"
    index = column if column is not None else file.attribute(group, "_index")
    if not isinstance(index, str):
        raise UserError(f"{name} is of an old AnnData version; save it again with anndata")
    if column is not None:
        what = f"names in {axis}[{column!r}]"
    item = None if "/" in index else file.find(index, group)
    if item is None:
        raise UserError(f"{name} has no {what} where it states them; save it again with anndata")
    encoding = _encoding(file, item, what)
    if encoding == "categorical":
        codes = file.read(file.numbers(file.find("codes", item), what, "iu", (n,)))
        kinds = file.texts(file.find("categories", item), what)
        if not (codes.min() >= 0 and codes.max() < len(kinds)):
            raise UserError(f"{name} has {what} outside of their categories; save it again")
        names = [kinds[code] for code in codes]
    elif encoding == "nullable-string-array":
        names = file.texts(file.find("values", item), what, (n,))
        mask = file.read(file.numbers(file.find("mask", item), what, "b", (n,)))
        names = ["" if hidden else text for text, hidden in zip(names, mask, strict=True)]
    else:
        names = file.texts(item, what, (n,))
    if nameless := [row for row, text in enumerate(names, 1) if not text.strip()]:
        raise UserError(f"{name} has no name in {axis} for number {listing(nameless)}; name each")
    return names


def values_of(file: Hdf5, shape: tuple[int, int]) -> np.ndarray:
    """Return ``X`` as float32, shape (n_samples, n_genes).

    Raises
    ------
    UserError
        ``X`` is damaged or, if sparse, its indices do not fit its shape.
    """
    x = file.find("X")
    encoding = _encoding(file, x, "X")
    if encoding in ("csr_matrix", "csc_matrix"):
        return _sparse(file, x, shape, by_row=encoding == "csr_matrix")
    dataset = file.numbers(x, "X", _NUMBERS)
    n_rows, n_columns = shape
    of_row = n_columns * dataset.dtype.itemsize
    in_chunk = dataset.chunks[0] if dataset.chunks else 1
    step = min(in_chunk * max(1, _BLOCK_BYTES // (in_chunk * of_row)), n_rows)
    require_memory(
        n_rows * n_columns * 4 + step * of_row + file.bytes_at_once(dataset), file.path.name
    )
    values = np.empty(shape, np.float32)
    for start in range(0, n_rows, step):
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # what is too large is refused later, with its place
            values[start : start + step] = file.read(dataset, start, start + step)
    return values


def _sparse(file: Hdf5, group: Any, shape: tuple[int, int], by_row: bool) -> np.ndarray:
    """Return compressed rows (or columns) as a dense array.

    Everything is checked before it is placed: libraries write out of bounds if told so.
    """
    name = file.path.name
    n_major, n_minor = shape if by_row else shape[::-1]
    bounds = file.numbers(file.find("indptr", group), "X's indptr", "iu")
    indices = file.numbers(file.find("indices", group), "X's indices", "iu")
    data = file.numbers(file.find("data", group), "X's data", _NUMBERS)
    if bounds.shape != (n_major + 1,) or data.ndim != 1 or data.shape != indices.shape:
        raise UserError(
            f"{name} has a sparse X whose parts do not fit together: indptr {bounds.shape}, "
            f"indices {indices.shape} and data {data.shape} for {shape}; get the file again"
        )
    most = max(_BLOCK_BYTES // 16, n_minor, data.chunks[0] if data.chunks else 0)
    chunks = sum(file.bytes_at_once(part) for part in (bounds, indices, data))
    require_memory(n_major * (4 * n_minor + 16) + min(most, data.size) * 48 + chunks, name)
    start_of = file.read(bounds)
    ordered = (start_of[1:] >= start_of[:-1]).all() and start_of[0] == 0
    if not ordered or start_of[-1] != data.size or (start_of[1:] - start_of[:-1]).max() > n_minor:
        raise UserError(f"{name} has a sparse X whose indptr is damaged; get the file again")
    start_of = start_of.astype(np.int64)
    dense = np.zeros(shape, np.float32)
    first = 0
    while first < n_major:
        last = int(np.searchsorted(start_of, start_of[first] + most, side="right")) - 1
        start, stop = int(start_of[first]), int(start_of[last])
        minor = file.read(indices, start, stop)
        if minor.size and not (minor.min() >= 0 and minor.max() < n_minor):
            raise UserError(
                f"{name} has a sparse X with an index outside 0 to {n_minor - 1}; get the file "
                "again"
            )
        minor = minor.astype(np.int64)
        major = np.repeat(np.arange(first, last), np.diff(start_of[first : last + 1]))
        at = major * n_minor + minor
        # Sorted indices, which are the rule, need no second look.
        if not (np.diff(at) > 0).all() and len(np.unique(at)) < len(at):
            raise UserError(
                f"{name} has a sparse X with two values for one sample and gene; store their sum "
                "(X.sum_duplicates())"
            )
        if not by_row:
            at = minor * n_major + major
        with np.errstate(over="ignore", invalid="ignore"):
            dense.reshape(-1)[at] = file.read(data, start, stop)
        first = last
    return dense


def _encoding(file: Hdf5, item: Any, what: str) -> str:
    """Return how an element is stored; a `UserError` where that is not known here."""
    import h5py

    encoding = file.attribute(item, "encoding-type")
    version = file.attribute(item, "encoding-version")
    known = (
        ("csr_matrix", "csc_matrix", "categorical", "nullable-string-array")
        if isinstance(item, h5py.Group)
        else (None, "array", "string-array")
    )
    if encoding not in known or version not in _VERSIONS:
        raise UserError(
            f"{file.path.name} has {what} stored in an unknown way ({encoding} {version or ''}); "
            "save it again with anndata"
        )
    return encoding or "array"

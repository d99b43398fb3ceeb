"""Writing a store of expression: genes in groups, so that little of it is in memory at a time."""

import json
import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report, dropping, silent
from napari_compressed_transcriptomics.core.provenance import array_sha256, rows_sha256, versions
from napari_compressed_transcriptomics.io.files.atomic import check_writable, refuse_overwriting
from napari_compressed_transcriptomics.io.files.room import check_room, explained, system_error
from napari_compressed_transcriptomics.io.files.style import SAFE
from napari_compressed_transcriptomics.io.files.zarr_store import (
    CHUNK,
    MARK,
    MAX_SHARD_ROWS,
    SHARD_COLUMNS,
    VERSION,
    Store,
)

DTYPES = ("float32", "float16")
_STATE = "convert.json"
_GROUP_BYTES = 1 << 30  # of genes that are held at once
_COMPRESSED = 0.6
"""What remains of expression, at least; real maps in float32 take 0.7 to 0.9."""


@dataclass(frozen=True)
class Converted:
    """A store that was written.

    Attributes
    ----------
    path : Path
    n_bytes : int
        On disk.
    rounding_max, rounding_rms : float
        Largest and root mean square difference of stored values from those given: 0 in float32.
    notes : tuple of str
    """

    path: Path
    n_bytes: int
    rounding_max: float
    rounding_rms: float
    notes: tuple[str, ...]


def convert(
    expression: Expression, out: str | Path, dtype: str = "float32", report: Report = silent
) -> Converted:
    """Write expression as a store, see `io.files.zarr_store`.

    It is written to ``NAME.partial`` beside `out`, read again as a whole, and renamed. Where this
    is interrupted, the same call goes on with the genes that are lacking.

    Parameters
    ----------
    expression : Expression
        Its values may be lazy; they are read by columns, then the store's own by rows.
    out : str or Path
        Folder to be made; its name ends in ``.zarr``.
    dtype : {"float32", "float16"}
    report : callable, optional
        Called after each group of genes and block of rows; may raise `Stop` or `Cancelled`.

    Raises
    ------
    UserError
        `out` is there already or cannot be written, values are not finite or beyond float16's
        range, or what was written does not read as it should.
    """
    out, report = Path(out), dropping(report)
    check_store(out, dtype)
    refuse_overwriting([out], expression.source)
    n, n_genes = expression.n_samples, expression.n_genes
    layout = _layout(n, n_genes)
    require_memory(5 * n * layout.group, f"Converting {expression.name}")
    partial = partial_of(out)
    writing = _Writing(expression, partial, layout, dtype)
    try:
        notes = writing.begin(int(n * n_genes * np.dtype(dtype).itemsize * _COMPRESSED))
        writing.write_genes(report)
        writing.finish(report)
        n_bytes = sum(file.stat().st_size for file in partial.rglob("*") if file.is_file())
        os.replace(partial, out)
        (out / _STATE).unlink()
    except Exception as error:
        failure = system_error(error)
        if failure is None:
            raise
        said = explained(failure, out.parent, None, 0).removesuffix("; existing files are kept")
        raise UserError(
            f"{said}; what is done is kept in {partial.name}, convert again to go on"
        ) from None
    rms = (writing.record["squares"] / (n * n_genes)) ** 0.5
    return Converted(out, n_bytes, writing.record["largest"], rms, notes)


def partial_of(out: str | Path) -> Path:
    """Return where a conversion is written until it is whole."""
    return Path(out).with_name(f"{Path(out).name}.partial")


def check_store(out: str | Path, dtype: str = "float32") -> None:
    """Raise a `UserError` where `convert` could not write there; call it before data are read."""
    out = Path(out)
    if out.suffix != ".zarr":
        raise UserError(f"{out.name} must end in .zarr")
    if dtype not in DTYPES:
        raise UserError(f"dtype is {dtype!r}; choose {' or '.join(DTYPES)}")
    if os.path.lexists(out):
        raise UserError(f"{out} is there already; choose another name or remove it")
    check_writable(out)


@dataclass(frozen=True)
class _Layout:
    chunk: tuple[int, int]
    shard: tuple[int, int]

    @property
    def group(self) -> int:
        """Genes that are written at once: a column of shards."""
        return self.shard[1]


def _layout(n_samples: int, n_genes: int) -> _Layout:
    rows, columns = min(CHUNK[0], n_samples), min(CHUNK[1], n_genes)
    below = math.ceil(math.ceil(n_samples / rows) / MAX_SHARD_ROWS)
    fitting = max(1, min(SHARD_COLUMNS, _GROUP_BYTES // (4 * n_samples)) // columns)
    across = min(fitting, math.ceil(n_genes / columns))
    return _Layout((rows, columns), (rows * below, columns * across))


class _Writing:
    """One conversion: what is to be written, and how far it has come."""

    def __init__(self, expression: Expression, partial: Path, layout: _Layout, dtype: str) -> None:
        self.expression, self.partial, self.layout, self.dtype = expression, partial, layout, dtype
        labels, affine = expression.parcellation.labels, expression.parcellation.affine
        names = json.dumps([expression.genes, expression.samples]).encode()
        self.record: dict[str, Any] = {
            "version": VERSION,
            "dtype": dtype,
            "chunk": list(layout.chunk),
            "shard": list(layout.shard),
            "data": array_sha256(labels, affine, np.frombuffer(names, np.uint8)),
            "source": json.loads(json.dumps(expression.source)),
            "done": -1,  # genes; names are not there yet
            "largest": 0.0,
            "squares": 0.0,
            "limits": None,
        }

    def begin(self, n_bytes: int) -> tuple[str, ...]:
        """Go on where an earlier conversion of the same data was interrupted, or begin."""
        state, progress = self.partial / _STATE, ("done", "largest", "squares", "limits")
        try:
            found = json.loads(state.read_text("utf-8"))
            same = found["done"] >= 0 and all(
                found[key] == self.record[key] for key in self.record.keys() - set(progress)
            )
        except (OSError, ValueError, KeyError, TypeError):
            same = False
        if same:
            self.record = found
            done, n_genes = min(found["done"], self.expression.n_genes), self.expression.n_genes
            return (f"Went on after {done:,} of {n_genes:,} genes that were converted before",)
        if not state.is_file() and self.partial.exists() and any(self.partial.iterdir()):
            raise UserError(f"{self.partial} is no conversion that was interrupted; remove it")
        shutil.rmtree(self.partial, ignore_errors=True)
        check_room(self.partial.parent, n_bytes, 0)
        self.partial.mkdir(parents=True)
        self._save()
        self._write_names()
        self.record["done"] = 0
        self._save()
        return ()

    def _save(self) -> None:
        temporary = self.partial / f"{_STATE}.new"
        temporary.write_text(json.dumps(self.record), "utf-8")
        os.replace(temporary, self.partial / _STATE)

    def _write_names(self) -> None:
        import zarr

        expression = self.expression
        root = zarr.open_group(self.partial, mode="a", zarr_format=3)
        root.attrs.update(_encoding("anndata", "0.1.0"))
        for name, index in (("obs", expression.samples), ("var", expression.genes)):
            about = {**_encoding("dataframe"), "_index": "_index", "column-order": []}
            _write_texts(root.create_group(name, attributes=about), "_index", index)
        for name in ("obsm", "varm", "obsp", "varp", "layers", "uns"):
            root.create_group(name, attributes=_encoding("dict", "0.1.0"))
        parcellation = expression.parcellation
        _write_numbers(root, "obsm/spatial", parcellation.centroids)
        place = root.create_group("uns/parcellation", attributes=_encoding("dict", "0.1.0"))
        _write_numbers(place, "labels", parcellation.labels)
        _write_numbers(place, "affine", parcellation.affine)
        root.create_array(
            "X",
            shape=(expression.n_samples, expression.n_genes),
            chunks=self.layout.chunk,
            shards=self.layout.shard,
            dtype=self.dtype,
            compressors=_compressors(),
            fill_value=np.nan,
            attributes=_encoding("array"),
            config={"write_empty_chunks": True},
        )

    def write_genes(self, report: Report) -> None:
        """Write all genes that are not there yet."""
        import zarr

        array = zarr.open_array(self.partial / "X", mode="r+", config={"write_empty_chunks": True})
        genes, n_genes = self.expression.genes, self.expression.n_genes
        report(Progress("Converting", self.record["done"], n_genes))
        for first in range(self.record["done"], n_genes, self.layout.group):
            last = min(first + self.layout.group, n_genes)
            values = np.asarray(self.expression.values[:, first:last], np.float32)
            _check(self.expression.name, genes[first:last], values, np.dtype(self.dtype))
            stored = values.astype(self.dtype, copy=False)
            if stored is not values:
                # a block of rows at a time: float64 of all would be twice the memory
                for rows in range(0, len(values), CHUNK[0]):
                    some = slice(rows, rows + CHUNK[0])
                    error = np.subtract(values[some], stored[some], dtype=np.float64)
                    self.record["largest"] = max(self.record["largest"], float(np.abs(error).max()))
                    self.record["squares"] += float(np.square(error).sum())
            array[:, first:last] = stored
            low, high = float(stored.min()), float(stored.max())
            before = self.record["limits"] or [low, high]
            self.record["limits"] = [min(low, before[0]), max(high, before[1])]
            self.record["done"] = last
            self._save()
            report(Progress("Converting", last, n_genes))

    def finish(self, report: Report) -> None:
        """Read all that was written, and mark the store as whole."""
        import zarr

        expression = self.expression
        mark = {
            **_encoding("dict", "0.1.0"),
            "version": VERSION,
            "name": expression.name,
            "notes": list(expression.notes),
            "excluded": list(expression.excluded),
            "imputed": expression.imputed.tolist(),
            "source": SAFE.record(expression.source, self.partial.parent),
            "limits": self.record["limits"],
            "rounding_max": self.record["largest"],
            "versions": versions(),
        }
        root = zarr.open_group(self.partial, mode="r+", zarr_format=3)
        root.require_group(MARK).attrs.update(mark)
        values = LazyValues(Store(self.partial).values)
        digest = rows_sha256(values, report)
        root[MARK].attrs.update({"sha256": digest})


def _check(name: str, genes: tuple[str, ...], values: np.ndarray, dtype: np.dtype) -> None:
    """Refuse values that a store must not hold."""
    limit = float(np.finfo(dtype).max)
    for column, gene in enumerate(genes):
        low, high = values[:, column].min(), values[:, column].max()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise UserError(f"{name} has values of gene {gene} that are no finite numbers; fix it")
        if max(-low, high) > limit:
            raise UserError(f"{name} has values of gene {gene} beyond {dtype}; use float32")


def _compressors() -> list[Any]:
    from zarr.codecs import BloscCodec, Crc32cCodec

    # in real maps lz4 with shuffled bits leaves as much as zstd does, and is read faster
    return [BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle"), Crc32cCodec()]


def _encoding(kind: str, version: str = "0.2.0") -> dict[str, Any]:
    """Return how AnnData marks its elements."""
    return {"encoding-type": kind, "encoding-version": version}


def _write_texts(group: Any, name: str, texts: tuple[str, ...]) -> None:
    array = group.create_array(
        name,
        shape=(len(texts),),
        chunks=(len(texts),),
        dtype=str,
        compressors=None,
        attributes=_encoding("string-array"),
    )
    array[:] = np.array(texts, np.dtypes.StringDType())


def _write_numbers(group: Any, name: str, values: np.ndarray) -> None:
    group.create_array(
        name,
        data=values,
        chunks=values.shape,
        compressors=_compressors(),
        attributes=_encoding("array"),
    )

"""Writing a store of expression: genes in groups, so that little of it is in memory at a time."""

import json
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.bad_maps import extremes_of
from napari_compressed_transcriptomics.core.cluster import (
    check_scheduler,
    connected,
    in_order,
    run_tasks,
)
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report, dropping, silent
from napari_compressed_transcriptomics.core.provenance import array_sha256, rows_sha256, versions
from napari_compressed_transcriptomics.io.files.csv_style import SAFE
from napari_compressed_transcriptomics.io.files.disk_space import (
    check_room,
    explained,
    system_error,
)
from napari_compressed_transcriptomics.io.files.overwriting import (
    check_writable,
    refuse_overwriting,
)
from napari_compressed_transcriptomics.io.files.zarr_store import MARK, VERSION, Store
from napari_compressed_transcriptomics.io.readers.surfaces.stored import place_to_store
from napari_compressed_transcriptomics.reconstruction.total_squares import TotalSums

from .zarr_elements import Layout, compressors, encoding, layout_of, write_numbers, write_texts

DTYPES = ("float32", "float16")
_STATE = "convert.json"
_COMPRESSED = 0.6
"""What remains of expression, at least; real maps in float32 take 0.7 to 0.9."""


@dataclass(frozen=True)
class Converted:
    """A store that was written."""

    path: Path
    n_bytes: int
    """On disk."""
    rounding_max: float
    rounding_rms: float
    """`rounding_max`, `rounding_rms`: largest and root mean square difference of stored values from
    those given: 0 in float32."""
    notes: tuple[str, ...]


def convert(
    expression: Expression,
    out: str | Path,
    dtype: str = "float32",
    report: Report = silent,
    scheduler: str | None = None,
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
    scheduler : str, optional
        Address of a scheduler of Dask distributed, whose workers write the genes; they must see
        `out`, and data that are read from a store, at the same paths.

    Raises
    ------
    UserError
        `out` is there already or cannot be written, values are not finite or beyond float16's
        range, or what was written does not read as it should. As `core.cluster.connected`.
    """
    out, report = Path(out), dropping(report)
    check_store(out, dtype)
    refuse_overwriting([out], expression.source)
    check_scheduler(scheduler)
    n, n_genes = expression.n_samples, expression.n_genes
    layout = layout_of(n, n_genes)
    require_memory(5 * n * layout.group, f"Converting {expression.name}")
    partial = partial_of(out)
    writing = _Writing(expression, partial, layout, dtype)
    try:
        notes = writing.begin(int(n * n_genes * np.dtype(dtype).itemsize * _COMPRESSED))
        writing.write_genes(scheduler, report)
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


class _Writing:
    """One conversion: what is to be written, and how far it has come."""

    def __init__(self, expression: Expression, partial: Path, layout: Layout, dtype: str) -> None:
        self.expression, self.partial, self.layout, self.dtype = expression, partial, layout, dtype
        labels, affine = expression.parcellation.labels, expression.parcellation.affine
        self.more = place_to_store(expression.parcellation)
        names = json.dumps([expression.genes, expression.samples]).encode()
        self.record: dict[str, Any] = {
            "version": VERSION if "surface" in self.more else 1,
            "dtype": dtype,
            "chunk": list(layout.chunk),
            "shard": list(layout.shard),
            "data": array_sha256(
                labels, affine, np.frombuffer(names, np.uint8), *self.more.values()
            ),
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
            raise UserError(f"{self.partial} is not an interrupted conversion; remove it")
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
        root.attrs.update(encoding("anndata", "0.1.0"))
        for name, index in (("obs", expression.samples), ("var", expression.genes)):
            about = {**encoding("dataframe"), "_index": "_index", "column-order": []}
            write_texts(root.create_group(name, attributes=about), "_index", index)
        for name in ("obsm", "varm", "obsp", "varp", "layers", "uns"):
            root.create_group(name, attributes=encoding("dict", "0.1.0"))
        parcellation = expression.parcellation
        if parcellation.places_known:
            write_numbers(root, "obsm/spatial", parcellation.centroids)
        place = root.create_group("uns/parcellation", attributes=encoding("dict", "0.1.0"))
        write_numbers(place, "labels", parcellation.labels)
        write_numbers(place, "affine", parcellation.affine)
        for key, array in self.more.items():
            write_numbers(place, key, array)
        root.create_array(
            "X",
            shape=(expression.n_samples, expression.n_genes),
            chunks=self.layout.chunk,
            shards=self.layout.shard,
            dtype=self.dtype,
            compressors=compressors(),
            fill_value=np.nan,
            attributes=encoding("array"),
            config={"write_empty_chunks": True},
        )

    def write_genes(self, scheduler: str | None, report: Report) -> None:
        """Write all genes that are not there yet; groups of them lie in files of their own."""
        shared = (self.expression, self.partial.absolute(), self.record, self.layout.group)
        n_genes, group = self.expression.n_genes, self.layout.group
        groups = range(self.record["done"], n_genes, group)

        def take(number: int, found: tuple[float, float, float, float]) -> None:
            largest, squares, low, high = found
            before = self.record["limits"] or [low, high]
            self.record["largest"] = max(self.record["largest"], largest)
            self.record["squares"] += squares
            self.record["limits"] = [min(low, before[0]), max(high, before[1])]
            self.record["done"] = min(groups[number] + group, n_genes)
            self._save()

        def advance(left: dict[int, float]) -> None:
            done = groups.start + group * (len(groups) - len(left) + sum(left.values()))
            report(Progress("Converting", min(round(done), n_genes), n_genes))

        if scheduler is not None:
            with connected(scheduler) as client:
                run_tasks(client, _write_group, shared, groups, in_order(take), advance)
            return
        report(Progress("Converting", groups.start, n_genes))
        for number, first in enumerate(groups):

            def within(progress: Progress, first: int = first) -> None:
                report(Progress("Converting", first + progress.done, n_genes))

            take(number, _write_group(shared, first, within))
            report(Progress("Converting", self.record["done"], n_genes))

    def finish(self, report: Report) -> None:
        """Read all that was written, and mark the store as whole."""
        import zarr

        expression = self.expression
        mark = {
            **encoding("dict", "0.1.0"),
            "version": self.record["version"],
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
        sums = TotalSums(expression.n_genes)
        digest = rows_sha256(values, report, also=sums.add)
        for name, numbers in asdict(sums.found()).items():
            write_numbers(root, f"{MARK}/{name}", numbers)
        root[MARK].attrs.update({"sha256": digest})


def _write_group(
    shared: tuple[Expression, Path, dict[str, Any], int], first: int, report: Report
) -> tuple[float, float, float, float]:
    """Write a group of genes.

    Returns
    -------
    largest, squares : float
        The largest error of rounding, and the sum of their squares.
    low, high : float
        The least and the largest value that was stored.
    """
    import zarr

    expression, partial, record, group = shared
    _check_seen(partial, record["data"])
    array = zarr.open_array(partial / "X", mode="r+", config={"write_empty_chunks": True})
    last = min(first + group, expression.n_genes)
    values = np.empty((expression.n_samples, last - first), np.float32)
    for start in range(first, last, array.chunks[1]):  # so that it can be cancelled meanwhile
        report(Progress("Converting", start - first, last - first))
        stop = min(start + array.chunks[1], last)
        values[:, start - first : stop - first] = expression.values[:, start:stop]
    extremes = extremes_of(values)
    _check(expression.name, expression.genes[first:last], extremes, array.dtype)
    stored = values.astype(array.dtype, copy=False)
    largest = squares = 0.0
    if stored is not values:
        # a block of rows at a time: float64 of all would be twice the memory
        for rows in range(0, len(values), array.chunks[0]):
            some = slice(rows, rows + array.chunks[0])
            error = np.subtract(values[some], stored[some], dtype=np.float64)
            largest = max(largest, float(np.abs(error).max()))
            squares += float(np.square(error).sum())
    array[:, first:last] = stored
    low, high = extremes.astype(array.dtype)  # rounding keeps the order
    return largest, squares, float(low.min()), float(high.max())


def _check_seen(partial: Path, data: str) -> None:
    """Raise a `UserError` on a machine that sees another folder, or none."""
    try:
        found = json.loads((partial / _STATE).read_text("utf-8"))["data"]
    except (OSError, ValueError, KeyError):
        found = None
    if found != data:
        raise UserError(
            f"{platform.node()} does not see {partial}; choose a folder that all workers share, "
            "at the same path"
        )


def _check(name: str, genes: tuple[str, ...], extremes: np.ndarray, dtype: np.dtype) -> None:
    """Refuse values that a store must not hold; `extremes` as of `bad_maps.extremes_of`."""
    limit = float(np.finfo(dtype).max)
    for gene, low, high in zip(genes, *extremes, strict=True):
        if not (np.isfinite(low) and np.isfinite(high)):
            raise UserError(f"{name} has values of gene {gene} that are not finite numbers; fix it")
        if max(-low, high) > limit:
            raise UserError(f"{name} has values of gene {gene} beyond {dtype}; use float32")

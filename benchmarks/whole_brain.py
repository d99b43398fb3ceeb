"""A whole brain at full size, 185,682 voxels x 18,686 genes: what it takes, and the page of it.

The store is made of real maps and noise: each gene is a random mixture of the maps of a folder of
one volume per gene (`--maps`), and noise. Each piece of work runs in a process of its own; its
memory is the peak of that process above what it has with everything imported.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.expression import (
    Expression,
    Parcellation,
    voxel_names,
)
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.provenance import versions

from .server import served

N_GENES = 18_686
PAGE = Path(__file__).parent / "whole_brain.md"
SIZES = (8, 64)
IPCA_ROWS = 2048
DELAY = 0.02
"""Of the server, before each answer, in seconds."""


class Made:
    """Genes that are made when they are read; see `core.lazy_values.Matrix`."""

    name, sha256, limits = "made", "", None

    def __init__(self, maps: np.ndarray, n_genes: int) -> None:
        self.maps = maps
        self.shape = (len(maps), n_genes)
        self.rows_together = len(maps)

    def read_rows(self, first: int, last: int) -> np.ndarray:
        raise NotImplementedError

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        found = np.empty((len(self.maps), len(columns)), np.float32)
        for place, column in enumerate(columns):
            rng = np.random.default_rng(int(column))
            weights = rng.standard_t(4, self.maps.shape[1]).astype(np.float32)
            noise = rng.standard_normal(len(self.maps), np.float32)
            found[:, place] = 6 + 0.3 * (self.maps @ weights) + 0.3 * noise
        return found


def made(folder: Path, n_genes: int, steps: tuple[int, int, int]) -> Expression:
    """Return expression like that of the maps in a folder, of every `steps`-th voxel an axis."""
    import nibabel

    volumes = [nibabel.load(path) for path in sorted(folder.glob("*.nii.gz"))]
    data = [np.asarray(volume.dataobj, np.float32) for volume in volumes]
    sound = [one for one in data if np.isfinite(one).all() and one.min() > -20 and one.max() < 30]
    every = tuple(slice(None, None, step) for step in steps)
    stacked = np.stack([one[every] for one in sound])
    mask = (stacked != 0).mean(axis=0) > 0.5
    maps = stacked[:, mask].T
    maps = np.ascontiguousarray((maps - maps.mean(0)) / maps.std(0))
    affine = volumes[0].affine @ np.diag([*steps, 1])
    parcellation = Parcellation.from_mask(mask, affine)
    samples = voxel_names(mask)
    genes = tuple(f"GENE{i}" for i in range(n_genes))
    return Expression(LazyValues(Made(maps, n_genes)), genes, samples, parcellation, "made")


def read_alone(store: Path | str, size: int) -> dict[str, float]:
    """Read all rows, block by block."""
    from napari_compressed_transcriptomics.core.lazy_values import row_blocks

    values = opened(store).values
    began = time.perf_counter()
    for _, rows in row_blocks(values):
        rows[0, 0]
    return {"seconds": time.perf_counter() - began}


def matrix_products(store: Path | str, size: int) -> dict[str, float]:
    """Multiply as many blocks of rows by two matrices of `size` components."""
    import torch

    from napari_compressed_transcriptomics.core.row_chunks import block_rows

    n, n_genes = opened(store).values.shape
    rows = block_rows(n, n_genes, "cpu")
    block, there = torch.rand(rows, n_genes), torch.rand(n_genes, size)
    back = there.T.contiguous()
    began = time.perf_counter()
    for _ in range(0, n, rows):
        (block @ there) @ back
    return {"seconds": time.perf_counter() - began}


def compressed(codec_id: str) -> Callable[[Path | str, int], dict[str, float]]:
    def work(store: Path | str, size: int) -> dict[str, float]:
        from napari_compressed_transcriptomics.codecs.fitting import fit_codec
        from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct

        expression = opened(store)
        began = time.perf_counter()
        codec = fit_codec(codec_id, expression, size, device="cpu")
        fitted = time.perf_counter()
        result = reconstruct(codec, expression, device="cpu")
        ended = time.perf_counter()
        return {"fit": fitted - began, "encode": ended - fitted, "rmse": result.rmse}

    return work


def incremental_pca(store: Path | str, size: int) -> dict[str, float]:
    """Let scikit-learn fit, transform and measure the error, over the same blocks of rows."""
    from sklearn.decomposition import IncrementalPCA

    from napari_compressed_transcriptomics.core.lazy_values import row_blocks

    values = opened(store).values
    began = time.perf_counter()
    fitted = IncrementalPCA(size)
    for _, rows in row_blocks(values):
        for start in range(0, len(rows), IPCA_ROWS):
            part = rows[start : start + IPCA_ROWS]
            if len(part) >= size:
                fitted.partial_fit(part, check_input=False)
    squares = 0.0
    for _, rows in row_blocks(values):
        for start in range(0, len(rows), IPCA_ROWS):
            part = rows[start : start + IPCA_ROWS]
            error = fitted.inverse_transform(fitted.transform(part)) - part
            squares += float(np.square(error, dtype=np.float64).sum())
    return {"seconds": time.perf_counter() - began, "rmse": (squares / values.size) ** 0.5}


def one_gene(store: Path | str, size: int) -> dict[str, float]:
    """Read single genes; the median of 20, all of which lie in other chunks."""
    values = opened(store).values
    times = []
    for gene in np.linspace(0, values.shape[1] - 1, 20).astype(int):
        began = time.perf_counter()
        values[:, gene]
        times.append(time.perf_counter() - began)
    return {"seconds": float(np.median(times))}


def gene_in_window(store: Path | str, size: int) -> dict[str, float]:
    """Switch the gene of a layer, until it is drawn; the median of 12 genes."""
    from napari import Viewer
    from qtpy.QtWidgets import QApplication

    from napari_compressed_transcriptomics.viewer.adding import add_expression
    from napari_compressed_transcriptomics.viewer.layers import show_gene

    viewer, expression, drawn = Viewer(), opened(store), []
    layer = add_expression(viewer, expression)
    canvas = viewer.window._qt_viewer.canvas._scene_canvas
    canvas.events.draw.connect(lambda _: drawn.append(layer.name), position="last")
    times = []
    for number in np.linspace(100, expression.n_genes - 1, 15).astype(int):
        gene = expression.genes[number]
        for _ in range(5):
            QApplication.processEvents()
        drawn.clear()
        began = time.perf_counter()
        show_gene(layer, gene)
        while not any(name.endswith(gene) for name in drawn):
            QApplication.processEvents()
        times.append(time.perf_counter() - began)
    viewer.close()
    return {"seconds": float(np.median(times[3:]))}


WORK: dict[str, Callable[[Path | str, int], dict[str, float]]] = {
    "read": read_alone,
    "products": matrix_products,
    "pca": compressed("pca"),
    "residual": compressed("residual"),
    "incremental": incremental_pca,
    "gene": one_gene,
    "window": gene_in_window,
}


def opened(store: Path | str) -> Expression:
    from napari_compressed_transcriptomics.io import read_expression

    return read_expression(store)


def in_process(name: str, store: Path | str, size: int) -> dict[str, float]:
    """Do a piece of work in a new process; return what it measured, with its memory in bytes."""
    command = [sys.executable, "-m", "benchmarks.whole_brain", "--work", name]
    command += ["--stores", str(store), "--size", str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _work(name: str, store: Path | str, size: int) -> None:
    import resource

    import anndata  # noqa: F401
    import sklearn.decomposition  # noqa: F401
    import torch  # noqa: F401
    import zarr  # noqa: F401

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    before = peak()
    found = WORK[name](store, size)
    print(json.dumps({**found, "memory": peak() - before}))


def lines(stores: Path, sizes: tuple[int, ...], slow: bool) -> Iterator[str]:
    """Measure, and yield the page."""
    whole, small = stores / "whole.zarr", stores / "small.zarr"
    n, n_genes = opened(whole).values.shape
    n_small = opened(small).values.shape[0]
    yield f"{n:,} voxels x {n_genes:,} genes, float32 in {_size(whole):.1f} GB on disk; the smaller"
    yield f"store has {n_small:,} voxels. Seconds are of the wall clock; the floor is the slower of"
    yield "reading the store alone and the two matrix products alone; the last column is the time a"
    yield "voxel over that of the smaller store, whose memory stands in brackets.\n"
    yield "| work | k | fit | encode + error | peak memory | of the floor | per voxel |"
    yield "|---|---|---|---|---|---|---|"
    read = in_process("read", whole, 0)["seconds"]
    totals: dict[tuple[str, int], dict[str, float]] = {}
    for size in sizes:
        products = in_process("products", whole, size)["seconds"]
        floor = max(read, products)
        yield f"| reading alone / products alone | {size} | | {read:.1f} s / {products:.1f} s | | |"
        for codec_id in ("pca", "residual"):
            found = totals[codec_id, size] = in_process(codec_id, whole, size)
            less = in_process(codec_id, small, size)
            both = ((found, n), (less, n_small))
            per = [(one["fit"] + one["encode"]) / rows for one, rows in both]
            yield (
                f"| {codec_id} | {size} | {found['fit']:.0f} s | {found['encode']:.1f} s | "
                f"{found['memory'] / 1e9:.2f} GB ({less['memory'] / 1e9:.2f}) | "
                f"{floor / found['encode']:.0%} | {per[0] / per[1]:.2f} |"
            )
        if slow:
            other = in_process("incremental", whole, size)
            own = totals["pca", size]["fit"] + totals["pca", size]["encode"]
            yield (
                f"| IncrementalPCA of scikit-learn | {size} | | {other['seconds']:.0f} s in all | "
                f"{other['memory'] / 1e9:.2f} GB | {other['seconds'] / own:.1f} times PCA's here; "
                f"RMSE {other['rmse']:.5f}, here {totals['pca', size]['rmse']:.5f} | |"
            )
    milliseconds = {"read from disk": 1000 * in_process("gene", whole, 0)["seconds"]}
    milliseconds["from disk, in the window"] = 1000 * in_process("window", whole, 0)["seconds"]
    with served(stores, DELAY) as server:
        there = f"{server.address}/{whole.name}"
        milliseconds["from a server"] = 1000 * in_process("gene", there, 0)["seconds"]
        milliseconds["from a server, in the window"] = (
            1000 * in_process("window", there, 0)["seconds"]
        )
    yield f"\nOne gene, median (the server waits {DELAY * 1000:.0f} ms before each answer):\n"
    yield from (f"- {how}: {value:.0f} ms" for how, value in milliseconds.items())


def _size(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_brain", description=__doc__)
    parser.add_argument("--stores", required=True, help="folder of the stores, 16 GB")
    parser.add_argument("--maps", type=Path, help="folder of one volume per gene, to make them of")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--no-slow", action="store_true", help="leave IncrementalPCA out")
    parser.add_argument("--work", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        _work(given.work, given.stores, given.size)
        return
    from napari_compressed_transcriptomics.io.writers.store import convert

    stores = Path(given.stores)
    stores.mkdir(parents=True, exist_ok=True)
    for name, step in (("small", 2), ("whole", 1)):
        if not (stores / f"{name}.zarr").exists():
            began = time.perf_counter()
            convert(made(given.maps, N_GENES, step), stores / f"{name}.zarr")
            print(f"{name}.zarr made in {time.perf_counter() - began:.0f} s", flush=True)
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    page = [
        f"# A whole brain at full size\n\n{datetime.now(UTC):%Y-%m-%d}, {used}, "
        f"{os.cpu_count()} cores.\n"
    ]
    for line in lines(stores, tuple(given.sizes), not given.no_slow):
        print(line, flush=True)
        page.append(line)
    PAGE.write_text("\n".join(page) + "\n", "utf-8")


if __name__ == "__main__":
    main()

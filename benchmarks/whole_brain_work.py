"""Pieces of work on a whole brain in a store, and what each measures of itself."""

import re
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import LazyValues

PARTS = (1 / 8, 1 / 4, 1 / 2, 1)
"""Of the voxels: what compressing them takes should lie on a line."""
IPCA_ROWS = 2048
TURNS = 5

Work = Callable[[Path | str, int], dict[str, Any]]


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Do some work; return seconds of the clock, those of all cores, and what the disk gave."""
    began, cpu, there = time.perf_counter(), time.process_time(), _from_disk()
    work()
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "bytes": _from_disk() - there,
    }


def _from_disk() -> int:
    """Return how many bytes this process had from a disk, not from the page cache (Linux)."""
    return int(re.findall(r"(?m)^read_bytes: (\d+)", Path("/proc/self/io").read_text())[0])


def in_turns(store: Path | str, work: Callable[[], object]) -> dict[str, list[dict[str, float]]]:
    """Return what reading alone and work took, in turns: a disk's speed changes by the minute."""
    from napari_compressed_transcriptomics.core.lazy_values import row_blocks

    values = opened(store).values

    def read() -> None:
        for _, rows in row_blocks(values):
            rows[0, 0]

    found: dict[str, list[dict[str, float]]] = {"read": [], "work": []}
    for _ in range(TURNS):
        for what, done in {"read": read, "work": work}.items():
            found[what].append(timed(done))
    return found


def matrix_products(device: str) -> Work:
    def work(store: Path | str, size: int) -> dict[str, float]:
        """Multiply as many blocks of rows by two matrices of `size` columns."""
        import torch

        from napari_compressed_transcriptomics.core.matrix_products import matmul
        from napari_compressed_transcriptomics.core.row_chunks import block_rows

        n, n_genes = opened(store).values.shape
        rows = block_rows(n, n_genes)
        block = torch.rand(rows, n_genes, device=device)
        there = torch.rand(n_genes, size, device=device)
        back = there.T.contiguous()

        def multiply() -> None:
            for _ in range(0, n, rows):
                matmul(matmul(block, there), back)
            if device == "cuda":
                torch.cuda.synchronize()

        if device == "cuda":
            multiply()  # its libraries load with the first one
        return timed(multiply)

    return work


def first_voxels(expression: Expression, part: float) -> Expression:
    """Return a part of the voxels, which stay where they are stored.

    It knows as much as a store of so many would: how much values vary, be it of all.
    """
    if part == 1:
        return expression
    values, place = expression.values, expression.parcellation
    assert isinstance(values, LazyValues)
    n = round(part * expression.n_samples)
    some = values.span(0, n)
    some.matrix.sha256 = f"the first {n} of {values.sha256}"  # not to be computed each time
    if known := values.total_squares():
        known = replace(known, sst_samples=known.sst_samples[:n])
        some.matrix.total_squares = lambda: known
    return replace(
        expression,
        values=some,
        samples=expression.samples[:n],
        parcellation=place.renumbered(np.where(place.labels <= n, place.labels, 0)),
    )


def compressed(codec_id: str, part: float, device: str) -> Work:
    def work(store: Path | str, size: int) -> dict[str, Any]:
        from napari_compressed_transcriptomics.codecs.fitting import fit_codec
        from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct

        expression = first_voxels(opened(store), part)
        codec: Any = None

        def fit() -> None:
            nonlocal codec
            codec = fit_codec(codec_id, expression, size, device=device)

        def encode() -> None:
            found["rmse"] = reconstruct(codec, expression, device=device).rmse

        found: dict[str, Any] = {"rows": expression.n_samples, "fit": timed(fit)}
        return found | (in_turns(store, encode) if part == 1 else {"work": [timed(encode)]})

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


CODECS, DEVICES = ("pca", "residual"), ("cpu", "cuda")
WORK: dict[str, Work] = {
    **{f"products {device}": matrix_products(device) for device in DEVICES},
    **{" ".join(map(str, of)): compressed(*of) for of in product(CODECS, PARTS, DEVICES)},
    "incremental": incremental_pca,
    "gene": one_gene,
    "window": gene_in_window,
}


def opened(store: Path | str) -> Expression:
    from napari_compressed_transcriptomics.io import read_expression

    return read_expression(store)

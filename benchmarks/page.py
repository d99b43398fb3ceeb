"""The page that decodes: how long it takes to write, how large it is, how fast in Chromium.

Of the published size: about 29,300 voxels (4 mm), 15,633 genes, 64 components. Latents and weights
are made up, which no packing makes smaller; the expression itself is not needed.
"""

import importlib.util
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.codecs.networks.residual_network import ResidualNetwork
from napari_compressed_transcriptomics.codecs.residual import ResidualAutoencoder
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.io.writers.page_file import write_page
from napari_compressed_transcriptomics.reconstruction.decoded import without_values
from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

from . import made
from .line import Line

SECONDS, MEGABYTES, FIRST_SECONDS, GENE_MS = 60, 25, 3, 100
GENES_TRIED = 9
READ = "nv.gl.readPixels(0, 0, 1, 1, nv.gl.RGBA, nv.gl.UNSIGNED_BYTE, new Uint8Array(4))"
"""Waits for the picture; Chromium's `finish` does not."""


def page() -> list[Line]:
    """Write and open the page of a residual and of the published autoencoder."""
    lines = []
    for codec in (made_residual(), made.make_codec()):
        with tempfile.TemporaryDirectory() as folder:
            lines += _measured(made_result(codec), Path(folder) / "page.html")
    return lines


def _measured(result: Reconstruction, path: Path) -> list[Line]:
    what = f"page of {result.codec.id}, k = {result.codec.latent_size}"
    begun = time.perf_counter()
    write_page(result, path)
    seconds, megabytes = time.perf_counter() - begun, path.stat().st_size / 1e6
    fits = seconds < SECONDS and megabytes < MEGABYTES
    written = f"{seconds:.1f} s, {megabytes:.1f} MB"
    size = f"{result.expression.n_samples:,} × {result.expression.n_genes:,}"
    lines = [Line(f"{what}, {size}: written", written, f"{SECONDS} s, {MEGABYTES} MB", fits)]
    chromium = shutil.which("chromium")
    if chromium is None or importlib.util.find_spec("playwright") is None:
        return [*lines, Line(f"{what} in Chromium", "Chromium or Playwright is absent", "")]
    first, ready, gene, painted, busy = in_browser(chromium, path)
    return [
        *lines,
        Line(f"{what}: first picture", f"{first:.1f} s", f"{FIRST_SECONDS} s", first < 3),
        Line(f"{what}: all genes ready", f"{ready:.1f} s", ""),
        Line(f"{what}: next gene decoded", f"{gene:.0f} ms", f"{GENE_MS} ms", gene < GENE_MS),
        Line(f"{what}: and drawn, by software", f"{painted:.0f} ms", f"{GENE_MS} ms"),
        Line(f"{what}: of the processor, all of Chromium", f"{busy:.0f} ms", ""),
    ]


def in_browser(chromium: str, path: Path) -> tuple[float, float, float, float, float]:
    """Return what a page takes.

    Seconds to the first picture, and until genes can be decoded; ms to decode a gene, to decode
    and draw it, and of the processor for that, which other work beside disturbs less.
    """
    import psutil
    from playwright.sync_api import sync_playwright

    def busy() -> float:
        processes = psutil.Process().children(recursive=True)
        return 1000 * sum(sum(process.cpu_times()[:2]) for process in processes)

    flags = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        tab = browser.new_context(offline=True).new_page()
        tab.set_default_timeout(300_000)
        begun = time.perf_counter()
        tab.goto(path.as_uri())
        tab.wait_for_selector("#words:text('reconstructed')")
        first = time.perf_counter() - begun
        tab.wait_for_selector("#progress[hidden]", state="attached")
        ready = time.perf_counter() - begun
        times, before = {}, 0.0
        for name, work in (
            ("decoded", "displayRange(decoder.gene(i))"),
            ("drawn", f"gene = i; show(); {READ}"),
        ):
            run = f"(i) => {{ const t = performance.now(); {work}; return performance.now() - t; }}"
            before = busy()
            times[name] = np.median([tab.evaluate(run, 100 * i) for i in range(GENES_TRIED)])
        spent = (busy() - before) / GENES_TRIED
        browser.close()
    return first, ready, float(times["decoded"]), float(times["drawn"]), spent


def made_residual() -> Codec:
    """Return a residual autoencoder of the published size with random weights."""
    rng, k = np.random.default_rng(0), made.LATENT_SIZE
    columns = k + 128
    network = ResidualNetwork(1, columns, k, (256, 128))
    for tensor in network.parameters():
        torch.nn.init.normal_(tensor, std=0.1, generator=torch.Generator().manual_seed(0))
    rotation = rng.normal(size=(columns, made.N_GENES)).astype(np.float32)
    rotation /= np.linalg.norm(rotation, axis=1, keepdims=True)
    means = np.full(made.N_GENES, 0.5)
    return ResidualAutoencoder(network, None, rotation, 1.0, made.GENES, means)


def made_result(codec: Codec) -> Reconstruction:
    """Return a result in the shape of a brain: latents and errors made up, no expression."""
    place, rng = synthetic_brain(voxel_mm=4, n_genes=6).parcellation, np.random.default_rng(0)
    n, g = place.n_samples, len(codec.genes)
    names = tuple(map(str, range(n)))
    expression = without_values(codec.genes, place, names, "made up", name="made")
    of_samples, of_genes = rng.uniform(0.01, 0.1, n), rng.uniform(0.01, 0.1, g)
    return Reconstruction(
        codec, expression, rng.normal(size=(n, codec.latent_size)).astype(np.float32),
        of_samples, of_samples, of_genes, of_genes, of_genes, of_genes,
        rmse=0.05, r2=0.5, device="cpu", seconds=1,
    )  # fmt: skip

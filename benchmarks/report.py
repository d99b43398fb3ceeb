"""The report of a brain at 4 mm, from the folder as its users run it and from memory."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.figures.report.page import report_of
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

from . import made
from .line import Line

SECONDS = 60


def report() -> list[Line]:
    """Make the report of about 29,000 x 15,633 values, k = 64, sixteen components drawn."""
    result = made_result()
    size = f"{result.expression.n_samples:,} × 15,633"
    with tempfile.TemporaryDirectory() as folder:
        save_results(result, folder)
        code = (
            "import sys; from napari_compressed_transcriptomics.cli import main; sys.exit(main())"
        )
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, "report", folder], check=True, text=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        from_folder = time.perf_counter() - begun
        megabytes = (Path(folder) / "report.html").stat().st_size / 1e6
    begun = time.perf_counter()
    report_of(result)
    from_memory = time.perf_counter() - begun
    return [
        Line(
            f"report of a folder, {size}, a fresh process",
            f"{from_folder:.1f} s, {megabytes:.1f} MB",
            f"{SECONDS} s",
            from_folder < SECONDS,
        ),
        Line(
            f"report of a result in memory, {size}",
            f"{from_memory:.1f} s",
            f"{SECONDS} s",
            from_memory < SECONDS,
        ),
    ]


def made_result() -> Reconstruction:
    """Return a result of the published size in the shape of a brain, its errors made up."""
    parcellation = synthetic_brain(voxel_mm=4, n_genes=6).parcellation
    n, rng = parcellation.n_samples, np.random.default_rng(0)
    expression = Expression(
        made.make_expression(n).values, made.GENES, tuple(map(str, range(n))), parcellation, "made"
    )
    errors = {
        f"{what}_{of}": rng.uniform(0.01, 0.1, size)
        for what, of, size in (
            ("rmse", "samples", n),
            ("r2", "samples", n),
            *((what, "genes", made.N_GENES) for what in ("rmse", "r2", "mean", "sd")),
        )
    }
    latents = rng.normal(size=(n, made.LATENT_SIZE)).astype(np.float32)
    return Reconstruction(
        made.make_codec(), expression, latents, **errors, rmse=0.05, r2=0.5, device="cpu", seconds=1
    )

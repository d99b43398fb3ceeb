"""Opening a saved result of the published size: time to its first picture, and memory."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from .line import Line

SECONDS, BYTES = 3.0, 1e9


def reopen() -> list[Line]:
    """Measure in a fresh process with a window, whose expression nobody asks for."""
    with tempfile.TemporaryDirectory() as folder:
        _save(Path(folder) / "result")
        run = [sys.executable, "-W", "ignore", "-m", __name__, f"{folder}/result"]
        told = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    found = json.loads(told.splitlines()[-1])
    what = "29,300 voxels x 15,633 genes, k = 64, saved: "
    return [
        Line(
            f"{what}opened, first picture",
            f"{found['seconds']:.1f} s ({found['cpu']:.1f} s of CPU in its thread)",
            f"under {SECONDS:.0f} s",
            found["seconds"] < SECONDS,
        ),
        Line(
            f"{what}memory of the whole process",
            f"{found['bytes'] / 1e9:.2f} GB",
            "under 1 GB",
            found["bytes"] < BYTES,
        ),
    ]


def _save(folder: Path) -> None:
    """Save a result of that size, whose 1.8 GB of expression need never be there."""
    from dataclasses import replace

    import numpy as np

    from napari_compressed_transcriptomics.core.expression import Parcellation, voxel_names
    from napari_compressed_transcriptomics.io.writers.results import save_results
    from napari_compressed_transcriptomics.reconstruction.decoded import decoded
    from napari_compressed_transcriptomics.reconstruction.value_pairs import JointHistogram

    from .made import LATENT_SIZE, N_GENES, N_VOXELS_4MM, make_codec

    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*map(np.arange, (47, 56, 47)), indexing="ij"), axis=-1)
    away = np.linalg.norm((grid - (23, 27.5, 23)) / (20, 25, 20), axis=-1)
    mask = away <= np.sort(away, axis=None)[N_VOXELS_4MM - 1]
    rows = np.flatnonzero(mask.ravel())[:N_VOXELS_4MM]  # ties lie on both sides
    mask = np.zeros(mask.size, bool)
    mask[rows] = True
    mask = mask.reshape(grid.shape[:3])
    affine = np.array([[4.0, 0, 0, -92], [0, 4, 0, -126], [0, 0, 4, -72], [0, 0, 0, 1]])
    latents = rng.normal(size=(N_VOXELS_4MM, LATENT_SIZE)).astype(np.float32)
    result = decoded(
        make_codec(), latents, Parcellation.from_mask(mask, affine), voxel_names(mask), name="made"
    )
    counts = rng.integers(0, 50, (150, 150))
    error = rng.uniform(0.01, 0.1, N_VOXELS_4MM)
    of_genes = rng.uniform(0.01, 0.1, N_GENES)
    result = replace(
        result,
        rmse_samples=error,
        r2_samples=1 - error,
        rmse_genes=of_genes,
        r2_genes=1 - of_genes,
        mean_genes=of_genes,
        sd_genes=of_genes,
        rmse=0.05,
        r2=0.9,
        density=JointHistogram(counts, np.linspace(0, 1, 151), 255, N_VOXELS_4MM),
    )
    save_results(result, folder)


def _open(folder: str) -> None:
    """Open the folder in a window, and print seconds and bytes."""
    import resource
    import time

    import napari
    from qtpy.QtWidgets import QApplication

    from napari_compressed_transcriptomics.viewer.layer_content import shown

    viewer = napari.Viewer()
    plugin = "napari-compressed-transcriptomics"
    viewer.window.add_plugin_dock_widget(plugin, "Compressed Transcriptomics")
    QApplication.processEvents()
    begun, cpu = time.perf_counter(), time.thread_time()
    viewer.open(folder, plugin=plugin)
    while "latents" not in [what.kind for layer in viewer.layers if (what := shown(layer))] or (
        not viewer.layers[-1].visible
    ):
        QApplication.processEvents()
    viewer.screenshot(canvas_only=True, flash=False)
    seconds, cpu = time.perf_counter() - begun, time.thread_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "bytes": peak * unit}))
    viewer.close()


if __name__ == "__main__":
    _open(sys.argv[1])

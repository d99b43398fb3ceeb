"""The docks in a real window: needs a display, which may be a virtual one."""

import os
import sys
import time
from statistics import median

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.reconstruction import Reconstruction

from . import made
from .line import Line

GRID = (47, 56, 47)  # of the atlas at 4 mm


def gene_switch(rounds: int = 30) -> list[Line]:
    """Choose genes at 29,300 x 15,633; each time ends when all three slices are drawn."""
    name = "gene switch at 29,300 voxels × 15,633 genes, drawn in 2-D"
    target = "100 ms"
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        return [Line(name, "not measured: no display", target)]
    from napari import Viewer
    from qtpy.QtWidgets import QApplication

    from napari_compressed_transcriptomics.widgets.comparison import comparison

    result, viewer = _result(), Viewer()
    compared = comparison(viewer)
    seconds = []
    for gene in made.GENES[: rounds + 3]:
        begun = time.perf_counter()
        compared.show(result, gene)
        QApplication.processEvents()
        seconds.append(time.perf_counter() - begun)
    viewer.close()
    first, switches = seconds[0], seconds[3:]
    value = f"{1e3 * median(switches):.0f} ms (the first one: {first:.1f} s)"
    return [Line(name, value, target, median(switches) < 0.1)]


def _result() -> Reconstruction:
    """Return a result of the published size, 1.8 GB, its errors left empty."""
    values = made.make_expression(made.N_VOXELS_4MM).values
    places = np.stack(np.meshgrid(*map(np.arange, GRID), indexing="ij"), axis=-1)
    distance = np.linalg.norm((places - (np.array(GRID) - 1) / 2) / GRID, axis=-1).ravel()
    mask = np.zeros(distance.size, bool)
    mask[np.argsort(distance)[: len(values)]] = True
    parcellation = Parcellation.from_mask(mask.reshape(GRID), np.diag([4.0, 4, 4, 1]))
    names = tuple(map(str, range(len(values))))
    expression = Expression(values, made.GENES, names, parcellation, "made")
    latents = np.random.default_rng(0).normal(size=(len(values), made.LATENT_SIZE))
    errors = [np.zeros(0)] * 6
    return Reconstruction(
        made.make_codec(), expression, latents.astype(np.float32), *errors, 0, 0, "cpu", 0
    )

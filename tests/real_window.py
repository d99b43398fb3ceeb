"""The real window with real data in it, for tests that drive it as a person does."""

from functools import cache

import numpy as np
import pytest

import small
from clicking import press, settle
from data import TABLES, is_there, real_expression, real_table
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain, synthetic_regions
from napari_compressed_transcriptomics.io import Volume
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.compress import Outputs, add_result

SYNTHETIC = "synthetic brain"
# A dock is toured with regions or with voxels: for the other, the tests of its own file are there.
VOXELS = pytest.mark.parametrize("window", [SYNTHETIC], indirect=True)
_NOT_TOO_LARGE = 1000, 640  # each pixel costs time where software draws


def regions_of(name):
    """Mark a tour of one of `TABLES`, or where that is not there of the synthetic brain."""
    return pytest.mark.parametrize("window", [name if is_there(name) else SYNTHETIC], indirect=True)


@cache
def expression_of(name):
    return synthetic_brain(voxel_mm=12, n_genes=80) if name == SYNTHETIC else real_expression(name)


@cache
def compressed(name, k=4):
    return small.compressed(expression_of(name), k)


class Window:
    """A viewer with a data set in it, and one of our docks at a time.

    Parameters
    ----------
    viewer : napari.Viewer
    name : str
        Of the data set.
    """

    def __init__(self, viewer, name):
        self.viewer, self.name = viewer, name
        viewer.window.resize(*_NOT_TOO_LARGE)

    def show(self, *results, **outputs):
        """Show the expression and, over each other, the error of results or other `Outputs`."""
        if not self.of_kind("expression"):
            add_expression(self.viewer, expression_of(self.name))
        outputs = {"latents": False, "side_by_side": False} | outputs
        for result in results:
            add_result(self.viewer, result, Outputs(**outputs))
        settle()
        return results[0] if results else None

    def dock(self, name):
        """Open a dock in the place of the last one."""
        self.viewer.window.remove_dock_widget("all")
        _, widget = self.viewer.window.add_plugin_dock_widget(PLUGIN, name)
        settle()
        return widget

    def see(self, kind):
        """Show only layers of a kind; return the topmost."""
        for layer in self.viewer.layers:
            layer.visible = (what := shown(layer)) is not None and what.kind == kind
        return self.of_kind(kind)[-1]

    def of_kind(self, kind):
        layers = self.viewer.layers
        return [layer for layer in layers if (what := shown(layer)) and what.kind == kind]

    def add_regions(self):
        """Add a Labels layer that tells regions, where samples are voxels."""
        table = synthetic_regions(expression_of(self.name), 12)
        labels, affine = table.parcellation.labels, table.parcellation.affine
        names = dict(enumerate(table.samples, 1))
        volume = Volume(labels, affine, "labels", "regions", None, names=names)
        data, attributes, _ = _layers.volume_layer(volume)
        return self.viewer.add_labels(data, **attributes | {"visible": False})

    def turn(self):
        """Press napari's button that goes from 2-D to 3-D and back."""
        press(self.viewer.window._qt_viewer.viewerButtons.ndisplayButton)


def open_table(window, folder):
    """Open the data set from its file, as File > Open does; there is none of a synthetic one."""
    if window.name == SYNTHETIC:
        window.show()
        return
    window.viewer.open(real_table(folder, *TABLES[window.name]), plugin=PLUGIN)
    settle()


def millimetres(voxels, affine):
    """Return where voxels (n, 3) are, in RAS mm."""
    return voxels @ affine[:3, :3].T + affine[:3, 3]


def in_slice(parcellation, z, but):
    """Return another sample that a slice shows, the one with most voxels there, and a place in it.

    Parameters
    ----------
    z : float
        Where the slice is, in mm.
    but : int
        A sample that is not meant.
    """
    voxels = np.argwhere(parcellation.labels)
    places = millimetres(voxels, parcellation.affine)
    there = np.isclose(places[:, 2], z, atol=0.1)
    samples = parcellation.labels[tuple(voxels[there].T)] - 1
    counts = np.bincount(samples, minlength=parcellation.n_samples)
    counts[but] = 0
    sample = int(counts.argmax())
    own = places[there][samples == sample]
    return sample, own[np.square(own - own.mean(0)).sum(1).argmin()]

"""The dock Predict maps, with maps to predict, for tests."""

import nibabel as nib
import numpy as np
import pytest

from clicking import press, settle, stand_alone, tick, write
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.predict_maps.dock import PredictMaps


@pytest.fixture(name="maps", scope="module")
def maps_fixture(brain, tmp_path_factory):
    """Maps that genes make; the first is larger on the right."""
    folder = tmp_path_factory.mktemp("maps")
    x = brain.parcellation.centroids[:, 0]
    values = {"sided": 50 + 20 * brain.values[:, 0] + 0.2 * x, "even": 9 * brain.values[:, 3]}
    for name, one in values.items():
        volume = brain.parcellation.paint(one.astype(np.float32))
        nib.save(nib.Nifti1Image(volume, brain.parcellation.affine), folder / f"{name}.nii.gz")
    return [str(folder / f"{name}.nii.gz") for name in values]


@pytest.fixture(name="dock")
def dock_fixture(model, brain, fewer_fitted, quick_kernel_pca, qtbot):
    """Open the dock, set for a quick prediction from two components of PCA."""
    add_expression(model, brain)
    return quick(stand_alone(PredictMaps(model), qtbot))


@pytest.fixture(name="window_and_dock")
def window_and_dock_fixture(make_napari_viewer, brain, fewer_fitted):
    """Open the dock in the real window."""
    viewer = make_napari_viewer(show=True)
    add_expression(viewer, brain)
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Predict maps")
    settle()
    return viewer, quick(widget)


def quick(widget):
    """Ask for a prediction from two components of PCA."""
    for name in ("residual", "genes"):
        tick(widget.methods.boxes[name])
    assert widget.methods.methods == ("pca",)
    write(widget.sizes, "2")
    widget.surrogates.setValue(19)
    widget.repeats.setValue(1)
    return widget


def add(dock, answer, paths, button=None):
    answer(*paths)
    press(button or dock.targets.files.add)


def rows(table):
    model = table.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def row_of(table, target):
    return next(i for i, cells in enumerate(rows(table)) if cells[0] == target)


def of_kind(viewer, kind):
    return [layer for layer in viewer.layers if (what := shown(layer)) and what.kind == kind]

"""The region under the mouse is named, whatever tells it."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.synthetic import synthetic_brain, synthetic_regions
from napari_compressed_transcriptomics.viewer import brain_view as _viewer
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.anatomy.region_name import region_at
from napari_compressed_transcriptomics.viewer.region_layers import name_features
from viewing import add


@pytest.fixture(scope="module")
def table():
    return synthetic_regions(synthetic_brain(voxel_mm=12, n_genes=8), n_regions=8)


def place_in(table, sample):
    voxel = np.argwhere(table.parcellation.labels == sample + 1)[0]
    return (table.parcellation.affine @ [*voxel, 1])[2::-1]


def test_a_table_names_its_regions(table, model):
    _viewer.attach(model)
    layer = add(model, _layers.expression_layer(table))
    for sample, name in enumerate(table.samples):
        model.cursor.position = tuple(place_in(table, sample))
        assert model.help == name
    model.cursor.position = (900.0, 0.0, 0.0)
    assert model.help == ""
    layer.visible = False
    assert region_at(model.layers, place_in(table, 0)) == ""


def test_labels_with_names_tell_of_voxels(table, model):
    brain = synthetic_brain(voxel_mm=12, n_genes=8)
    layer = add(model, _layers.expression_layer(brain))
    labels = layer.data.copy()
    model.add_labels(
        np.where(np.isfinite(labels), 7, 0).astype(np.int32),
        scale=layer.scale,
        translate=layer.translate,
        features=name_features({7: "the brain"}),
        visible=False,
    )
    assert region_at(model.layers, place_in(table, 0)) == "the brain"
    assert region_at(model.layers, (0.0, 0.0)) == ""


def test_the_space_is_asked_for_once_and_recorded(model, qtbot):
    from napari_compressed_transcriptomics.widgets.brain_view import BrainView

    brain = synthetic_brain(voxel_mm=12, n_genes=8)
    brain.source.pop("space")
    dock = BrainView(model)
    qtbot.addWidget(dock)
    dock.show()
    assert not dock.space.isVisible()
    add(model, _layers.expression_layer(brain))
    assert dock.space.isVisible()
    dock.space.answer.setCurrentIndex(dock.space.answer.findData("MNI152NLin6Asym"))
    dock.space.answer.activated.emit(dock.space.answer.currentIndex())
    assert brain.source["space"] == "MNI152NLin6Asym"
    assert not dock.space.isVisible()
    assert _viewer.attach(model).cells._sources(under=True)  # the template

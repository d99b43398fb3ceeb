"""Expression becomes a store in the window, and the store is a layer like any other."""

import numpy as np

from clicking import choose_value, run, settle
from gene_maps import flat, log_phantom
from napari_compressed_transcriptomics import _reader
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.io.readers.gene_volumes import plan
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.convert import Convert
from viewing import value_at


def test_a_folder_becomes_a_store_that_is_compressed(viewer, qtbot, tmp_path):
    phantom = log_phantom()
    folder = flat(tmp_path / "maps", phantom)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Convert to store")
    assert "Choose a folder" in dock.bar.status.text()
    dock.source.set_path(folder)
    assert dock.target.text() == str(tmp_path / "maps.zarr")

    run(dock.bar, qtbot)

    (layer,) = viewer.layers
    expression = shown(layer).expression
    assert isinstance(expression.values, LazyValues)
    mm = phantom.parcellation.centroids[4]
    assert value_at(layer, mm) == phantom.values[4, 0]
    assert "maps.zarr" in dock.result.text()
    dock.target.setText(str(tmp_path / "maps.zarr"))
    assert "is there already" in dock.bar.status.text()  # nothing is overwritten

    _, compress = viewer.window.add_plugin_dock_widget(PLUGIN, "Compress")
    choose_value(compress.codec, "pca")
    choose_value(compress.latent_size, 2)
    run(compress.bar, qtbot)
    assert len(viewer.layers) > 2


def test_a_folder_too_large_for_memory_opens_the_form(viewer, tmp_path, monkeypatch):
    folder = flat(tmp_path / "maps", log_phantom())
    monkeypatch.setattr(plan, "about_bytes", lambda folder: 10**15)

    assert _reader.get_reader(str(folder))(str(folder)) == [(None,)]

    settle()
    (dock,) = (
        one.inner_widget()
        for one in viewer.window._wrapped_dock_widgets.values()
        if isinstance(one.inner_widget(), Convert)
    )
    assert dock.source.path == folder
    assert not viewer.layers


def test_a_store_is_dropped_and_its_genes_are_chosen(viewer, tmp_path):
    from napari_compressed_transcriptomics.io.writers.store import convert

    phantom = log_phantom()
    path = convert(phantom, tmp_path / "brain.zarr").path

    (layer,) = viewer.open(str(path), plugin=PLUGIN)

    dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Choose gene")[1]
    dock.genes.choose(phantom.genes[3])
    settle()
    assert value_at(layer, phantom.parcellation.centroids[2]) == np.float32(phantom.values[2, 3])

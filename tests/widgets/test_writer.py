"""Writers: what a layer shows goes to files, where it lay, with what made it."""

import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_compressed_transcriptomics import _writer
from napari_compressed_transcriptomics.io import read_expression, read_volume
from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.layer_content import shown
from small import compressed
from viewing import add, value_at


@pytest.fixture
def layers(result, model):
    """Expression, RMSE, latents and a reconstructed gene in a viewer."""
    brain_view.attach(model)
    made = [
        _layers.expression_layer(result.expression),
        _layers.error_layer(result),
        *_layers.latent_layers(result),
        _layers.gene_layer(result, "NA"),
    ]
    return {shown(layer).kind: layer for layer in (add(model, one) for one in made)}


def tuples(*layers):
    return [layer.as_layer_data_tuple() for layer in layers]


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_latents_to_nifti_and_back(ndisplay, layers, result, model, tmp_path):
    model.dims.ndisplay = ndisplay
    path = str(tmp_path / "latents.nii.gz")
    assert path in _writer.write_nifti(path, tuples(layers["latents"]))
    image = nib.load(path)
    np.testing.assert_array_equal(image.affine, result.expression.parcellation.affine)
    np.testing.assert_array_equal(
        image.get_fdata(dtype=np.float32), result.expression.parcellation.paint(result.latents)
    )
    model.dims.ndisplay = 2
    again = add(model, _layers.volume_layer(read_volume(path)))
    np.testing.assert_array_equal(again.data, layers["latents"].data)
    np.testing.assert_array_equal(again.translate, layers["latents"].translate)
    assert again.axis_labels == ("component", "z", "y", "x")
    assert again.colormap.name == layers["latents"].colormap.name


def test_several_layers_become_several_files(layers, result, tmp_path):
    written = _writer.write_nifti(str(tmp_path / "out.nii.gz"), tuples(*layers.values()))
    volumes = sorted(path for path in written if path.endswith(".nii.gz"))
    assert len(volumes) == 4
    for path in volumes:
        image = nib.load(path)
        np.testing.assert_array_equal(image.affine, result.expression.parcellation.affine)
    sidecar = json.loads((tmp_path / "out_PCA_k=3_RMSE.json").read_text())
    assert sidecar["rmse"] == pytest.approx(result.rmse)
    assert sidecar["versions"]["torch"]


def test_a_moved_layer_is_written_where_it_was_moved(layers, tmp_path):
    layer = layers["rmse"]
    inside = np.argwhere(np.isfinite(layer.data))[5]
    layer.translate = np.add(layer.translate, (10, 20, 30))
    mm = np.asarray(layer.data_to_world(inside))[::-1]
    path = str(tmp_path / "moved.nii.gz")
    _writer.write_nifti(path, tuples(layer))
    volume = read_volume(path)
    voxel = np.rint(nib.affines.apply_affine(np.linalg.inv(volume.affine), mm)).astype(int)
    assert volume.data[tuple(voxel)] == layer.data[tuple(inside)]


def test_an_edited_layer_is_written_as_edited(layers, tmp_path):
    layer = layers["rmse"]
    layer.data = layer.data * 2
    path = str(tmp_path / "edited.nii.gz")
    _writer.write_nifti(path, tuples(layer))
    volume = read_volume(path)
    data, attributes, _ = _layers.volume_layer(volume)
    np.testing.assert_array_equal(data, layer.data)
    np.testing.assert_array_equal(attributes["translate"], layer.translate)


def test_a_layer_of_another_plugin_keeps_its_place(model, tmp_path):
    rng = np.random.default_rng(0)
    other = model.add_image(
        rng.random((4, 5, 6)), scale=(2, 3, 4), translate=(-7, 8, 9), units=("mm",) * 3
    )
    path = str(tmp_path / "other.nii.gz")
    _writer.write_nifti(path, tuples(other))
    again = add(model, _layers.volume_layer(read_volume(path)))
    for index in [(0, 0, 0), (3, 4, 5), (1, 2, 3)]:
        mm = np.asarray(other.data_to_world(index))[::-1]
        assert value_at(again, mm) == np.float32(other.data[index])


def test_anndata_carries_latents_and_errors(layers, result, tmp_path):
    import anndata

    path = str(tmp_path / "result.h5ad")
    _writer.write_h5ad(path, tuples(layers["latents"]))
    table = anndata.read_h5ad(path)
    assert list(table.var_names) == list(result.expression.genes)
    assert any(np.array_equal(value, result.latents) for value in table.obsm.values())
    np.testing.assert_allclose(table.obs["rmse"], result.rmse_samples)
    np.testing.assert_allclose(table.var["rmse"], result.rmse_genes)
    again = read_expression(path)
    np.testing.assert_array_equal(again.values, result.expression.values)
    np.testing.assert_array_equal(again.parcellation.labels, result.expression.parcellation.labels)


def test_csv_has_a_row_a_sample_and_a_column_a_layer(layers, result, tmp_path):
    import pandas as pd

    path = str(tmp_path / "samples.csv")
    _writer.write_csv(path, tuples(*layers.values()))
    table = pd.read_csv(path, index_col="sample")
    assert list(table.index) == list(result.expression.samples)
    np.testing.assert_allclose(table["component_2"], result.latents[:, 1], rtol=1e-6)
    np.testing.assert_allclose(table["rmse"], result.rmse_samples)
    np.testing.assert_allclose(table["gene_NA"], result.gene("NA"), rtol=1e-6)
    assert json.loads((tmp_path / "samples.csv.json").read_text())["layers"]


def test_csv_of_colours_and_of_one_component(model, result, tmp_path):
    colours = add(model, _layers.composite_layer(result, [0, None, 2]))
    second = add(model, _layers.latent_layers(result, separate=True)[1])
    _writer.write_csv(str(tmp_path / "a.csv"), tuples(colours, second))
    table = pd.read_csv(tmp_path / "a.csv", index_col=0)
    assert list(table) == ["red", "green", "blue", "component_2"]
    np.testing.assert_allclose(table["component_2"], result.latents[:, 1], rtol=1e-6)
    np.testing.assert_allclose(table[["red", "green", "blue"]], shown(colours).values, rtol=1e-6)


def test_layers_of_different_data_are_told_apart(model, result, las, tmp_path):
    other = compressed(replace(las, parcellation=replace(las.parcellation)), 2)
    both = tuples(*(add(model, _layers.error_layer(one)) for one in (result, other)))
    with pytest.raises(_writer.CannotSaveError, match="different data do not fit one CSV"):
        _writer.write_csv(str(tmp_path / "a.csv"), both)
    with pytest.raises(_writer.CannotSaveError, match="select only layers of one compression"):
        _writer.write_h5ad(str(tmp_path / "a.h5ad"), both)
    twins = [(data, {**about, "name": "same"}, kind) for data, about, kind in both]
    written = _writer.write_nifti(str(tmp_path / "a.nii.gz"), twins)
    names = {"a_same_1.nii.gz", "a_same_2.nii.gz"}
    assert names == {path.name for path in tmp_path.iterdir() if path.name.endswith(".nii.gz")}
    assert {str(tmp_path / name) for name in names} <= set(written)


def test_a_stack_that_became_an_array_is_as_it_was_unless_it_was_edited(layers, result):
    data, about, _ = layers["latents"].as_layer_data_tuple()
    copy = np.array(data)
    place = result.expression.parcellation
    volume, _ = _writer.source_volume(copy, about)
    np.testing.assert_array_equal(volume, place.paint(result.latents))
    spot = tuple(np.argwhere(np.isfinite(copy))[0])
    copy[spot] = 99
    edited, _ = _writer.source_volume(copy, about)
    assert (edited == 99).sum() == 1
    cut, _ = _writer.source_volume(copy[:2], about)
    assert cut.shape[3] == 2


def test_csv_refuses_a_layer_without_samples(model, tmp_path):
    other = model.add_image(np.zeros((3, 4, 5)), name="plain")
    with pytest.raises(_writer.CannotSaveError, match="plain"):
        _writer.write_csv(str(tmp_path / "x.csv"), tuples(other))
    assert not list(tmp_path.iterdir())


def test_a_read_only_folder_is_refused_before_anything(layers, tmp_path, monkeypatch):
    import os

    folder = tmp_path / "locked"
    folder.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(_writer.CannotSaveError, match="locked"):
        _writer.write_nifti(str(folder / "x.nii.gz"), tuples(layers["rmse"]))
    assert not list(folder.iterdir())

"""The form for tables: what is missing, what fits, and layers as atlases, said in the form."""

import shutil

import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics.io import Volume
from napari_compressed_transcriptomics.io.readers import region_volume
from napari_compressed_transcriptomics.io.readers.region_names import read_region_names
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.open_data.table import OpenTable
from phantom import make_phantom
from viewing import add, value_at

GENES = tuple(f"G{i}" for i in range(12))


@pytest.fixture
def phantom():
    return make_phantom(genes=GENES)


@pytest.fixture
def form(model, qtbot):
    made = OpenTable(model)
    qtbot.addWidget(made)
    return made


def write(folder, phantom, name_of=str, header="id", more=()):
    """Write the phantom's table, and its atlas where no reader looks for it."""
    parts = phantom.parcellation
    (folder / "atlas").mkdir()
    nib.save(nib.Nifti1Image(parts.labels, parts.affine), folder / "atlas" / "somewhere.nii.gz")
    rows = [",".join([header, *phantom.genes])]
    numbers = [",".join(map(repr, row.astype(float).tolist())) for row in phantom.values]
    rows += [f"{name_of(i)},{values}" for i, values in enumerate(numbers, 1)]
    rows += [f"{name},{numbers[0]}" for name in more]
    (folder / "table.csv").write_text("\n".join(rows) + "\n")
    return folder / "table.csv"


def answered(form, qtbot):
    qtbot.waitUntil(lambda: form.preview.text() != "Reading…")
    return form.preview.text()


def test_it_asks_for_what_is_missing_and_says_what_is_wrong(form, phantom, tmp_path, qtbot, told):
    assert "Choose the table" in form.preview.text()
    form.table.set_path(write(tmp_path, phantom))
    assert form.preview.text().startswith("table.csv needs an atlas")
    assert not form.open.isEnabled()
    form.atlas.set_path(tmp_path / "gone.nii.gz")
    assert "gone.nii.gz" in answered(form, qtbot)
    assert not form.open.isEnabled()
    assert not told  # a form's errors belong in the form


def test_it_says_which_rows_fit_before_it_opens(form, model, phantom, tmp_path, qtbot, placed):
    form.table.set_path(write(tmp_path, phantom, more=("99",)))
    form.atlas.set_path(tmp_path / "atlas" / "somewhere.nii.gz")
    words, n = answered(form, qtbot), phantom.n_samples
    assert f"{n} of {n + 1} rows have a region; 12 genes" in words
    assert "Left out: 99" in words
    assert not model.layers
    assert set(placed) == {False}
    form.open.click()
    (layer,) = model.layers
    assert set(placed) == {False}
    assert value_at(layer, phantom.parcellation.centroids[3]) == phantom.values[3, 0]


def test_it_asks_which_column_holds_ids(form, model, phantom, tmp_path, qtbot):
    form.table.set_path(write(tmp_path, phantom, header=""))
    form.atlas.set_path(tmp_path / "atlas" / "somewhere.nii.gz")
    assert "row numbers or atlas ids" in answered(form, qtbot)
    form.ids.setText("Unnamed: 0")
    assert "rows have a region" in answered(form, qtbot)


def test_an_open_layer_is_an_atlas_with_its_names(form, model, phantom, tmp_path, qtbot):
    parts = phantom.parcellation
    names = {i: f"area x{i}" for i in range(1, phantom.n_samples + 1)}
    table = write(tmp_path, phantom, lambda i: names[i], header="region")
    add(
        model,
        layers.volume_layer(
            Volume(parts.labels, parts.affine, "labels", "mine", None, names=names)
        ),
    )
    form.table.set_path(table)
    form.layer.setCurrentIndex(1)
    words = answered(form, qtbot)
    assert f"{phantom.n_samples} of {phantom.n_samples} rows have a region" in words
    assert "is the layer “mine”" in words
    form.open.click()
    expression = shown(model.layers[-1]).expression
    assert expression.samples == tuple(names.values())
    assert value_at(model.layers[-1], parts.centroids[3]) == phantom.values[3, 0]


def test_glassers_region_ids_and_names_are_read(form, model, phantom, tmp_path, qtbot):
    labels = tmp_path / "regions.csv"
    lines = ["regionName,regionLongName,LR,region,regionID"]
    lines += [f"A{i}_L,Area {i},L,{i},{i}" for i in range(1, phantom.n_samples + 1)]
    labels.write_text("\n".join(lines) + "\n")
    assert read_region_names(labels)[3] == "A3_L"
    form.table.set_path(write(tmp_path, phantom, header="regionID"))
    form.atlas.set_path(tmp_path / "atlas" / "somewhere.nii.gz")
    assert "rows have a region" in answered(form, qtbot)


def test_the_only_atlas_in_the_tables_folder_is_proposed(form, phantom, tmp_path, qtbot):
    atlas, table = tmp_path / "atlas" / "somewhere.nii.gz", write(tmp_path, phantom)
    image = nib.load(atlas)
    labels = image.get_fdata()
    image.header.set_intent("label")  # each region is one voxel: nothing else tells it
    nib.save(image, tmp_path / "regions.nii.gz")
    for name, volume in (("T1", labels * 1.5), ("mask", labels > 0)):
        other = nib.Nifti1Image(volume.astype(np.float32), image.affine)
        nib.save(other, tmp_path / f"{name}.nii.gz")
    form.table.set_path(table)
    qtbot.waitUntil(form.open.isEnabled)
    assert form.atlas.path == tmp_path / "regions.nii.gz"
    assert "regions.nii.gz is the only atlas in the table's folder" in form.preview.text()
    form.table.set_path("")
    qtbot.waitUntil(lambda: form.atlas.path is None)
    nib.save(image, tmp_path / "others.nii.gz")
    form.table.set_path(table)
    looked(form, qtbot)
    assert form.atlas.path is None  # which of the two, nobody knows
    form.atlas.set_path(atlas)
    (tmp_path / "others.nii.gz").unlink()
    form.table.set_path("")
    looked(form, qtbot)
    form.table.set_path(table)
    looked(form, qtbot)
    assert form.atlas.path == atlas  # what was chosen stays
    qtbot.waitUntil(form.open.isEnabled)
    assert "only atlas" not in form.preview.text()


def test_it_says_that_an_atlas_is_proposed_only_where_that_is_taken(
    form, model, phantom, tmp_path, qtbot
):
    table, parts = write(tmp_path, phantom), phantom.parcellation
    elsewhere = tmp_path / "atlas" / "somewhere.nii.gz"
    image = nib.load(elsewhere)
    image.header.set_intent("label")
    nib.save(image, tmp_path / "regions.nii.gz")
    form.table.set_path(table)
    qtbot.waitUntil(form.open.isEnabled)
    assert "only atlas" in form.preview.text()
    form.atlas.set_path(elsewhere)
    qtbot.waitUntil(form.open.isEnabled)
    assert "only atlas" not in form.preview.text()
    form.atlas.set_path(tmp_path / "regions.nii.gz")
    qtbot.waitUntil(form.open.isEnabled)
    add(model, layers.volume_layer(Volume(parts.labels, parts.affine, "labels", "mine", None)))
    form.layer.setCurrentIndex(1)
    qtbot.waitUntil(form.open.isEnabled)
    assert "only atlas" not in form.preview.text()


def test_among_many_volumes_no_atlas_is_looked_for(phantom, tmp_path, monkeypatch):
    table, parts = write(tmp_path, phantom), phantom.parcellation
    image = nib.Nifti1Image(parts.labels, parts.affine)
    image.header.set_intent("label")
    nib.save(image, tmp_path / "regions.nii.gz")
    nib.save(nib.Nifti1Image(np.ones((2, 2, 2), np.float32), np.eye(4)), tmp_path / "T1.nii.gz")
    assert region_volume.atlas_beside(table) == (tmp_path / "regions.nii.gz", None, True)
    monkeypatch.setattr(region_volume, "_MOST", 1)
    assert region_volume.atlas_beside(table) == (None, None, False)


def looked(form, qtbot):
    qtbot.waitUntil(lambda: not form._finding.busy)


def test_an_atlas_that_is_named_for_the_table_is_taken_with_its_names(
    form, phantom, tmp_path, qtbot
):
    table = write(tmp_path, phantom)
    shutil.copy(tmp_path / "atlas" / "somewhere.nii.gz", tmp_path / "table_atlas.nii.gz")
    (tmp_path / "table_labels.csv").write_text("id,name\n1,one\n")
    form.table.set_path(table)
    qtbot.waitUntil(lambda: form.atlas.path == tmp_path / "table_atlas.nii.gz")
    assert form.region_names.path == tmp_path / "table_labels.csv"
    qtbot.waitUntil(form.open.isEnabled)
    assert "only atlas" not in form.preview.text()


def test_the_data_page_asks_for_table_and_atlas_and_no_more_after_cancel(
    form, phantom, tmp_path, qtbot, answer
):
    answer()
    form.ask()
    assert form.table.path is None
    table = write(tmp_path, phantom)
    answer(tmp_path / "nothing.nii.gz")
    form.table.set_path(table)  # typed: nothing is asked
    looked(form, qtbot)
    assert form.atlas.path is None
    form.table.set_path("")
    looked(form, qtbot)
    answer(table, tmp_path / "atlas" / "somewhere.nii.gz")
    form.ask()
    qtbot.waitUntil(form.open.isEnabled)
    assert form.atlas.path == tmp_path / "atlas" / "somewhere.nii.gz"

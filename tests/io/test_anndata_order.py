"""AnnData of ours whose rows were reordered, filtered, renamed or repeated in anndata."""

import json
from dataclasses import replace

import h5py
import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad


def make_regions():
    """Six regions of many voxels each."""
    labels = np.zeros((6, 4, 3), np.int32)
    for region in range(6):
        labels[region, region % 2 :] = region + 1
    values = np.random.default_rng(3).random((6, 4)).astype(np.float32)
    names = tuple(f"{side}_{area}" for side in "LR" for area in ("insula", "cuneus", "thalamus"))
    affine = np.diag([2.0, 2, 2, 1])
    affine[0, 3] = -5  # the first three lie left
    return Expression(values, ("A", "B", "C", "D"), names, Parcellation(labels, affine))


@pytest.fixture(params=["regions", "voxels"])
def ours(request, las):
    return make_regions() if request.param == "regions" else las


def edited(folder, expression, edit):
    """Write, open in anndata, edit and write again."""
    import anndata

    (path,) = write_h5ad(folder / "ours.h5ad", expression)
    data = edit(anndata.read_h5ad(path)).copy()
    data.write_h5ad(folder / "edited.h5ad")
    return folder / "edited.h5ad"


def as_older_version(path):
    """Older versions stored neither the names nor the hash."""
    with h5py.File(path, "a") as file:
        del file["uns/parcellation/samples"], file["uns/parcellation/sha256"]
    return path


def assert_in_place(read, expression):
    for gene in expression.genes:
        np.testing.assert_array_equal(read.gene_volume(gene), expression.gene_volume(gene))
    for row, name in enumerate(read.samples):
        np.testing.assert_array_equal(
            read.parcellation.labels == row + 1,
            expression.parcellation.labels == expression.samples.index(name) + 1,
        )


@pytest.mark.parametrize("older", [False, True])
def test_reordered_rows_lie_where_they_lay(ours, older, tmp_path):
    path = edited(tmp_path, ours, lambda data: data[data.obs_names.sort_values()[::-1]])
    if older:
        as_older_version(path)
        if ours.parcellation.voxels_per_sample.max() > 1:
            with pytest.raises(UserError, match="older version"):
                read_expression(path)
            return
    read = read_expression(path)
    assert read.samples == tuple(sorted(ours.samples)[::-1])
    assert read.notes == read.excluded == ()
    assert_in_place(read, ours)


def test_reordered_genes_keep_their_values(ours, tmp_path):
    read = read_expression(edited(tmp_path, ours, lambda data: data[:, ::-1]))
    assert read.genes == ours.genes[::-1]
    assert_in_place(read, ours)


def test_filtered_rows_are_told(ours, tmp_path):
    kept = [name for name in ours.samples[::-1] if name not in ours.samples[1:3]]
    read = read_expression(edited(tmp_path, ours, lambda data: data[kept]))
    assert read.samples == tuple(kept)
    assert read.excluded == ours.samples[1:3]
    (note,) = read.notes
    assert "2 sample(s)" in note
    assert ours.samples[1] in note
    assert "no data" in note
    lost = np.isin(ours.parcellation.labels, (2, 3))
    for gene in ours.genes:
        expected = np.where(lost, np.nan, ours.gene_volume(gene))
        np.testing.assert_array_equal(read.gene_volume(gene), expected)
    # Written and read again, they stay told.
    (again,) = write_h5ad(tmp_path / "again.h5ad", read)
    assert read_expression(again).excluded == ours.samples[1:3]


def rename(data):
    data.obs_names = ["x1", *data.obs_names[1:]]
    return data


def repeat(data):
    return data[[0, 0, *range(2, data.n_obs)]]


def number(data):
    data.obs_names = list(map(str, range(data.n_obs)))
    return data


@pytest.mark.filterwarnings("ignore:Observation names are not unique")
@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize(
    ("edit", "said"), [(rename, "x1"), (repeat, "same name"), (number, "0, 1")]
)
def test_rows_without_their_names_are_refused(edit, said, older, las, tmp_path):
    for name, expression in (("regions", make_regions()), ("voxels", las)):
        (folder := tmp_path / name).mkdir()
        path = edited(folder, expression, edit)
        if older:
            as_older_version(path)
        expected = "older version" if older and name == "regions" else said
        with pytest.raises(UserError, match=expected):
            read_expression(path)


@pytest.mark.parametrize("older", [False, True])
def test_an_atlas_places_what_the_file_does_not(older, tmp_path):
    regions = make_regions()
    edit = rename if not older else (lambda data: data[::-1])
    path = edited(tmp_path, regions, edit)
    if older:
        as_older_version(path)
    parcellation = regions.parcellation
    nib.save(nib.Nifti1Image(parcellation.labels, parcellation.affine), tmp_path / "a.nii.gz")
    names = ["x1" if edit is rename and i == 0 else name for i, name in enumerate(regions.samples)]
    lines = [f"{i},{name}" for i, name in enumerate(names, 1)]
    (tmp_path / "a_labels.csv").write_text("\n".join(["id,label", *lines]))
    read = read_expression(path, tmp_path / "a.nii.gz")
    for gene in regions.genes:
        np.testing.assert_array_equal(read.gene_volume(gene), regions.gene_volume(gene))


@pytest.mark.parametrize("key", ["labels", "affine", "samples"])
def test_changed_places_are_seen(key, ours, tmp_path):
    (path,) = write_h5ad(tmp_path / "x.h5ad", ours)
    with h5py.File(path, "a") as file:
        stored = file[f"uns/parcellation/{key}"]
        value = stored[...]
        if key == "affine":
            value[0, 3] += 2
        else:
            value = value[::-1]
        stored[...] = value
    with pytest.raises(UserError, match="than were written"):
        read_expression(path)


def test_parcellations_that_are_none(ours, tmp_path):
    (path,) = write_h5ad(tmp_path / "x.h5ad", ours)
    whole = path.read_bytes()
    n = ours.n_samples
    for key, value in (
        ("labels", np.zeros(3)),
        ("labels", np.zeros((3, 2), np.int32)),
        ("labels", np.full(ours.parcellation.labels.shape, -1)),
        ("labels", np.full((2, 2, 2), 2**62)),
        ("labels", {"a": 1}),
        ("affine", np.full((4, 4), np.nan)),
        ("affine", np.full((4, 4), 1e308)),
        ("affine", np.eye(3)),
        ("samples", np.ones(n)),
        ("samples", ["a"] * n),
        ("samples", ["a", "b"]),
        ("samples", "a"),
    ):
        path.write_bytes(whole)
        with h5py.File(path, "a") as file:
            del file[f"uns/parcellation/{key}"], file["uns/parcellation/sha256"]
            if isinstance(value, dict):
                file.create_group(f"uns/parcellation/{key}")
            else:
                file[f"uns/parcellation/{key}"] = value
        with pytest.raises(UserError, match=r"x\.h5ad .*uns\['parcellation'\]"):
            read_expression(path)


@pytest.mark.parametrize(
    "record", ["[]", "{", "[" * 100_000, json.dumps({"excluded": 5}), "\\ud800"]
)
def test_odd_provenance_excludes_nothing(record, las, tmp_path):
    (path,) = write_h5ad(tmp_path / "x.h5ad", las)
    with h5py.File(path, "a") as file:
        del file["uns/provenance"]
        file["uns/provenance"] = record
    assert read_expression(path).excluded == ()


def test_excluded_names_can_be_written_again(las, tmp_path):
    (path,) = write_h5ad(tmp_path / "x.h5ad", las)
    with h5py.File(path, "a") as file:
        del file["uns/provenance"]
        file["uns/provenance"] = json.dumps({"excluded": ["\ud800", 5]})
    assert read_expression(path).excluded == ("?", "5")


@pytest.mark.parametrize("name", ["", " ", "a\0b"])
def test_names_that_cannot_be_stored(name, las, tmp_path):
    odd = replace(las, genes=(name, *las.genes[1:]))
    with pytest.raises(UserError, match=r"x\.h5ad cannot hold"):
        write_h5ad(tmp_path / "x.h5ad", odd)
    assert not list(tmp_path.iterdir())

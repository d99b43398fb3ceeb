"""Vertices in stores and AnnData: the same values at the same places, and damage is told."""

import anndata
import h5py
import numpy as np
import pytest
import zarr

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad
from napari_compressed_transcriptomics.io.writers.store import convert
from napari_compressed_transcriptomics.io.writers.zarr_elements import write_numbers
from small import compressed
from vertices import N, expression_on_vertices, write_gifti_maps, write_labels, write_surface


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """The left side of a mesh of nobody's, whose places come from a surface."""
    folder = tmp_path_factory.mktemp("given")
    points = np.random.default_rng(0).uniform(-60, -10, (300, 3))
    surface = write_surface(folder / "lh.mid.surf.gii", points)
    maps = write_gifti_maps(folder / "maps", expression_on_vertices(300)[:300], ("lh",))
    return read_expression(maps, surface=[surface])


def assert_same(read, expected):
    assert (read.genes, read.samples) == (expected.genes, expected.samples)
    np.testing.assert_array_equal(np.asarray(read.values), expected.values)
    place, there = read.parcellation, expected.parcellation
    assert type(place) is type(there)
    assert (place.sizes, place.mesh) == (there.sizes, there.mesh)
    np.testing.assert_array_equal(place.labels, there.labels)
    np.testing.assert_array_equal(place.coordinates, there.coordinates)
    np.testing.assert_array_equal(place.positions, there.positions)


@pytest.mark.parametrize("name", ["on_vertices", "given"])
def test_stores_and_anndata_give_back_vertices(name, request, tmp_path):
    expression = request.getfixturevalue(name)
    assert_same(read_expression(convert(expression, tmp_path / "a.zarr").path), expression)
    (path,) = write_h5ad(tmp_path / "a.h5ad", expression)
    assert_same(read_expression(path), expression)
    assert zarr.open_group(tmp_path / "a.zarr")["uns/store"].attrs["version"] == 2


def test_stores_of_voxels_stay_readable_by_older_versions(brain, tmp_path):
    path = convert(brain.subset(np.arange(50)), tmp_path / "a.zarr").path
    assert zarr.open_group(path)["uns/store"].attrs["version"] == 1
    assert "surface" not in zarr.open_group(path)["uns/parcellation"]


def test_latents_lie_beside_vertices_and_rows_find_their_places(on_vertices, tmp_path):
    result = compressed(on_vertices, 2)
    write_h5ad(tmp_path / "a.h5ad", on_vertices, result)
    found = anndata.read_h5ad(tmp_path / "a.h5ad")
    np.testing.assert_array_equal(found.obsm["X_latent"], result.latents)
    np.testing.assert_allclose(found.obs["rmse"], result.rmse_samples)
    some = found[::-2]  # reordered and filtered
    some.write_h5ad(tmp_path / "some.h5ad")
    read = read_expression(tmp_path / "some.h5ad")
    rows = [on_vertices.samples.index(name) for name in read.samples]
    expected = on_vertices.parcellation.centroids[rows]
    np.testing.assert_allclose(read.parcellation.centroids, expected)
    assert read.parcellation.sizes == (N, N)


def test_stored_vertices_are_averaged_in_parcels(on_vertices, tmp_path):
    for side in ("lh", "rh"):
        path = write_labels(tmp_path / f"{side}.a.label.gii", 1 + np.arange(N) % 2, ["a", "b"])
    direct = read_expression(on_vertices.source["expression"]["path"], atlas=path)
    write_h5ad(tmp_path / "a.h5ad", on_vertices)
    for stored in (convert(on_vertices, tmp_path / "a.zarr").path, tmp_path / "a.h5ad"):
        read = read_expression(stored, atlas=path)
        assert read.samples == direct.samples
        np.testing.assert_allclose(read.values, direct.values, rtol=1e-6)


def test_results_of_a_store_are_those_of_its_source(on_vertices, tmp_path):
    stored = read_expression(convert(on_vertices, tmp_path / "a.zarr").path)
    np.testing.assert_allclose(
        compressed(stored, 2).rmse_samples, compressed(on_vertices, 2).rmse_samples, atol=1e-4
    )


UNFIT = "a mesh that does not fit its vertices|other labels"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("surface", np.array([N, N - 1]), UNFIT),
        ("surface", np.array([-1, 2 * N + 1]), UNFIT),
        ("coordinates", np.full((2 * N, 3), np.inf), "outside any brain|other labels|finite"),
    ],
)
def test_damaged_meshes_are_refused(key, value, said, on_vertices, tmp_path):
    store = convert(on_vertices, tmp_path / "a.zarr").path
    group = zarr.open_group(store, mode="r+")["uns/parcellation"]
    if key in group:
        del group[key]
    write_numbers(group, key, value)
    with pytest.raises(UserError, match=said):
        read_expression(store)
    write_h5ad(tmp_path / "a.h5ad", on_vertices)
    with h5py.File(tmp_path / "a.h5ad", "r+") as file:
        place = file["uns/parcellation"]
        if key in place:
            del place[key]
        place[key] = value
    with pytest.raises(UserError, match=said):
        read_expression(tmp_path / "a.h5ad")

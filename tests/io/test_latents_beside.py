"""Latents in AnnData and stores: a result of ours as it was, strangers' as they are."""

import json
from dataclasses import replace

import anndata
import numpy as np
import pytest
import zarr

from napari_compressed_transcriptomics import read_expression
from napari_compressed_transcriptomics._reader import get_reader
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files import zarr_store
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad
from napari_compressed_transcriptomics.io.writers.reopen.annotated import latents_beside
from napari_compressed_transcriptomics.io.writers.store import convert
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest, compress
from napari_compressed_transcriptomics.reconstruction.held_out_error import HeldOut
from phantom import make_phantom
from small import compressed


@pytest.fixture
def ours(tmp_path):
    """A file of ours, and the result that it holds."""
    result = compressed(make_phantom())
    write_h5ad(tmp_path / "x.h5ad", result.expression, result)
    return tmp_path / "x.h5ad", result


def beside(path):
    return latents_beside(path, read_expression(path))


def test_a_result_of_ours_is_as_it_was(ours):
    path, result = ours
    found = beside(path)
    assert not found.notes
    for name in ("latents", "rmse_samples", "r2_samples", "rmse_genes", "sd_genes"):
        np.testing.assert_array_equal(getattr(found.result, name), getattr(result, name), name)
    assert (found.result.rmse, found.result.in_sample) == (result.rmse, True)
    np.testing.assert_array_equal(found.result.gene("NA"), result.gene("NA"))


def test_rows_and_genes_in_another_order(ours):
    path, result = ours
    data = anndata.read_h5ad(path)
    order = np.arange(data.n_obs)[::-1]
    data[order].copy().write_h5ad(path)
    found = beside(path)
    assert found.notes[0].endswith("its expression has changed since; compress it again")
    np.testing.assert_array_equal(found.latents, result.latents[order])


def test_a_strangers_latents_are_a_layer(ours):
    path, result = ours
    data = anndata.read_h5ad(path)
    del data.uns["model"], data.uns["provenance"]
    data.obsm["X_latent"] = data.obsm["X_latent"] + 1
    data.write_h5ad(path)
    found = beside(path)
    assert found.result is None
    made = get_reader(str(path))(str(path))
    assert [attributes["name"] for _, attributes, _ in made] == ["x: A1BG", "x latents"]
    np.testing.assert_allclose(found.latents, result.latents + 1)


def test_a_compression_that_was_opened_has_its_layers(ours):
    path, _ = ours
    names = [attributes["name"] for _, attributes, _ in get_reader(str(path))(str(path))]
    assert names == ["x: A1BG", "PCA k=2 RMSE", "PCA k=2 latents"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d.obsm.update(X_latent=d.obsm["X_latent"] * np.nan), "not all numbers"),
        (lambda d: d.uns.update(model=d.uns["model"][:200]), "is not opened"),
        (lambda d: d.uns.update(provenance="{"), "its record is damaged"),
        (lambda d: d.obsm.update(X_latent=d.obsm["X_latent"][:, :1]), "has 2 components, not 1"),
    ],
)
def test_what_is_damaged_is_said_and_not_used(ours, change, match):
    path, _ = ours
    data = anndata.read_h5ad(path)
    change(data)
    data.write_h5ad(path)
    found = beside(path)
    assert found.result is None
    assert match in found.notes[0]


def test_held_out_errors_are_kept_and_where_their_record_is_damaged_nothing_is(tmp_path):
    path, how = tmp_path / "x.h5ad", HeldOut("random", 2)
    request = CompressRequest(make_phantom(), "pca", 2, device="cpu", held_out=how)
    result = compress(request)
    write_h5ad(path, result.expression, result)
    found = beside(path).result.held_out
    np.testing.assert_array_equal(found.rmse_samples, result.held_out.rmse_samples)
    np.testing.assert_array_equal(found.rmse_genes, result.held_out.rmse_genes)
    assert found.in_words(result.rmse) == result.held_out.in_words(result.rmse)
    data = anndata.read_h5ad(path)
    record = json.loads(data.uns["provenance"])
    data.uns["provenance"] = json.dumps(record | {"held_out": {"split": "random"}})
    data.write_h5ad(path)
    assert beside(path).result is None
    assert beside(path).notes[0].endswith("its record of held-out samples is damaged")


def test_other_files_hold_no_latents(tmp_path):
    data = make_phantom()
    write_h5ad(tmp_path / "x.h5ad", data)
    found = beside(tmp_path / "x.h5ad")
    assert (found.latents, found.result, found.notes) == (None, None, ())
    table = anndata.read_h5ad(tmp_path / "x.h5ad")
    table.obsm["X_latent"] = np.ones((data.n_samples, 2, 2), np.float32)
    table.write_h5ad(tmp_path / "x.h5ad")
    assert "is not a table of samples x components" in beside(tmp_path / "x.h5ad").notes[0]
    table.obsm["X_latent"] = np.ones((data.n_samples, 2), np.float32)
    table.write_h5ad(tmp_path / "x.h5ad")
    others = replace(data, samples=("other", *data.samples[1:]))
    note = latents_beside(tmp_path / "x.h5ad", others).notes[0]
    assert "they are of other samples (other is not among them)" in note


@pytest.mark.filterwarnings("ignore:Consolidated metadata")
def test_latents_in_a_store(tmp_path):
    data = make_phantom()
    convert(data, tmp_path / "x.zarr")
    latents = np.random.default_rng(0).normal(size=(data.n_samples, 3)).astype(np.float32)
    assert beside(tmp_path / "x.zarr").latents is None
    zarr.open_group(tmp_path / "x.zarr", mode="a").require_group("obsm").create_array(
        "X_latent", data=latents, compressors=None
    )
    zarr.consolidate_metadata(tmp_path / "x.zarr")
    np.testing.assert_array_equal(beside(tmp_path / "x.zarr").latents, latents)


@pytest.mark.filterwarnings("ignore:Consolidated metadata")
@pytest.mark.parametrize("chunks", [(5, 2), (1000, 3)])
def test_latents_of_others_as_zarr_packs_them(chunks, tmp_path):
    data = make_phantom()
    convert(data, tmp_path / "x.zarr")
    latents = np.random.default_rng(0).normal(size=(data.n_samples, 3)).astype(np.float32)
    group = zarr.open_group(tmp_path / "x.zarr", mode="a").require_group("obsm")
    group.create_array("X_latent", data=latents, chunks=chunks)
    np.testing.assert_array_equal(beside(tmp_path / "x.zarr").latents, latents)
    chunk = tmp_path / "x.zarr" / "obsm" / "X_latent" / "c" / "0" / "0"
    good = chunk.read_bytes()
    for bad in (  # which says it holds 2 ** 60 bytes; two in one; cut short; something else
        good[:4] + bytes([0xE0]) + (1 << 60).to_bytes(8, "little") + good[6:],
        good + good,
        good[:-1],
        b"x" * 40,
    ):
        chunk.write_bytes(bad)
        found = beside(tmp_path / "x.zarr")
        assert found.latents is None
        assert "has a damaged chunk of obsm/X_latent (0); write it again" in found.notes[0]


@pytest.mark.filterwarnings("ignore:Consolidated metadata")
def test_latents_that_are_packed_otherwise_are_refused(monkeypatch, tmp_path):
    data = make_phantom()
    convert(data, tmp_path / "x.zarr")
    group = zarr.open_group(tmp_path / "x.zarr", mode="a").require_group("obsm")
    group.create_array("X_latent", data=np.ones((data.n_samples, 3), np.float32))
    store = zarr_store.Store(tmp_path / "x.zarr")
    monkeypatch.setattr(zarr_store, "is_remote", lambda path: True)
    with pytest.raises(UserError, match="packed by zstd, which is read from a disk only"):
        store.numbers("obsm/X_latent", 2)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 300, 65_791, 65_792, 10**6])
def test_sizes_of_zstd_frames_are_read(size):
    from numcodecs import zstd

    packed = bytes(zstd.compress(np.zeros(size, np.uint8), 3))
    assert zarr_store._unpacked_size(packed) == size
    assert zarr_store._unpacked_size(packed * 2) is None

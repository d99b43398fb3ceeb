"""Latents of files decoded: the genes of the model at the places of the latents, and no error."""

import shutil

import nibabel as nib
import numpy as np
import pytest

from data import real_data
from napari_compressed_transcriptomics.codecs.models.model_file import save_model
from napari_compressed_transcriptomics.codecs.models.published import load_published, weights_folder
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files.cache import CACHE_VARIABLE
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.readers.latents.read import Latents, read_latents
from napari_compressed_transcriptomics.io.writers.decoding import save_decoding
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.reconstruction.decode import (
    PUBLISHED,
    DecodeRequest,
    as_expression,
    decode_latents,
)
from napari_compressed_transcriptomics.reconstruction.latent_scale import is_scaled, spread_known
from phantom import AFFINES, make_phantom
from published import DATA, FILES, publish
from small import compressed

GENE = "NAT1"


@pytest.fixture(scope="module", params=["LAS", "permuted", "oblique"])
def made(request):
    """An asymmetric phantom, compressed: no flip or permutation leaves it as it was."""
    return compressed(make_phantom(AFFINES[request.param]))


@pytest.fixture
def model(made, tmp_path):
    return save_model(made.codec, tmp_path / "m.safetensors")


def save(path, volume, affine):
    nib.save(nib.Nifti1Image(volume.astype(np.float32), affine), path)
    return path


def as_published(made, folder, latents=None):
    """A volume per component, scaled to 0..1 with 0 outside, as the published latents are."""
    place = made.expression.parcellation
    paths = []
    for k, column in enumerate((made.latents if latents is None else latents).T):
        volume = np.nan_to_num(place.paint(column))
        volume = (volume - volume.min()) / np.ptp(volume)
        paths.append(save(folder / f"abagen_pca{k}_8mm.nii.gz", volume, place.affine))
    return paths


def latent_files(made, folder, kind):
    """The same latents in each form."""
    place, of = made.expression.parcellation, made.expression
    if kind == "volumes":
        painted = place.paint(made.latents)
        return [save(folder / f"a_pca{k}.nii.gz", painted[..., k], place.affine) for k in (1, 0)]
    if kind == "one volume":
        path = folder / "all.nii.gz"
        write_volume(path, place.paint(made.latents), place.affine, kind="latents", provenance={})
        return [path]
    if kind == "folder of results":
        save_results(made, folder / "results")
        return [folder / "results"]
    write_h5ad(folder / "x.h5ad", of, made)
    return [folder / "x.h5ad"]


@pytest.mark.parametrize("kind", ["volumes", "one volume", "folder of results", "AnnData"])
def test_genes_lie_where_the_latents_do(made, model, tmp_path, kind):
    files = latent_files(made, tmp_path, kind)
    result = decode_latents(DecodeRequest(tuple(files), model))
    save_decoding(result, tmp_path / "out", [GENE])
    image = nib.load(tmp_path / "out" / f"decoded_{GENE}.nii.gz")
    place = made.expression.parcellation
    np.testing.assert_array_equal(image.affine, np.float32(place.affine))
    np.testing.assert_array_equal(image.get_fdata(dtype=np.float32), place.paint(made.gene(GENE)))
    assert not result.has_errors
    assert result.notes == ()


def test_all_genes_go_into_a_store(made, model, tmp_path):
    files = latent_files(made, tmp_path, "one volume")
    result = decode_latents(DecodeRequest(tuple(files), model))
    save_decoding(result, tmp_path / "out", None)
    store = read_expression(tmp_path / "out" / "decoded.zarr")
    assert store.genes == made.codec.genes
    np.testing.assert_allclose(
        np.asarray(store.values), made.codec.decode(made.latents), rtol=0, atol=1e-6
    )
    np.testing.assert_allclose(np.asarray(as_expression(result).values[:, 2]), made.gene(GENE))


def test_a_table_of_regions_is_decoded(tmp_path):
    from commands import REGIONS

    data = read_expression(REGIONS)
    made = compressed(data, 3)
    save_results(made, tmp_path / "results")
    model = save_model(made.codec, tmp_path / "m.safetensors")
    atlas = REGIONS.replace(".csv", "_atlas.nii.gz")
    labels = REGIONS.replace(".csv", "_labels.csv")
    request = DecodeRequest(
        (tmp_path / "results" / "latents.csv",), model, reading={"atlas": atlas, "labels": labels}
    )
    gene = data.genes[7]
    np.testing.assert_allclose(decode_latents(request).gene(gene), made.gene(gene), atol=1e-6)


# Scaled as the published ones are


def test_scaled_latents_are_told_from_raw_ones(made, tmp_path):
    assert is_scaled(read_latents(as_published(made, tmp_path)))
    assert not is_scaled(read_latents(latent_files(made, tmp_path, "one volume")))


def test_scaled_latents_get_the_spread_of_the_training_data(made, model, tmp_path):
    result = decode_latents(DecodeRequest(tuple(as_published(made, tmp_path)), model))
    np.testing.assert_allclose(result.latents, made.latents, atol=0.02 * made.latents.std())
    (note,) = result.notes
    assert "scaled to 0..1" in note
    assert "training data" in note


def test_ranges_that_are_known_bring_them_back(made, model, tmp_path):
    around = np.vstack([made.latents, np.zeros((1, 2))])  # outside there was 0
    ranges = tuple(zip(around.min(axis=0), around.max(axis=0), strict=True))
    request = DecodeRequest(tuple(as_published(made, tmp_path)), model, ranges)
    result = decode_latents(request)
    np.testing.assert_allclose(result.gene(GENE), made.gene(GENE), atol=1e-5)
    assert result.notes == ()
    with pytest.raises(UserError, match=r"1 range\(s\) are given for 2 components"):
        decode_latents(DecodeRequest(request.latents, model, ranges[:1]))


def test_latents_of_another_middle_are_doubted(made, model, tmp_path):
    files = as_published(made, tmp_path, made.latents + 2 * made.latents.std(axis=0))
    result = decode_latents(DecodeRequest(tuple(files), model))
    assert "may be another model's" in result.notes[-1]


def test_nothing_is_guessed_where_nothing_tells(made, tmp_path):
    files = as_published(made, tmp_path)
    before, made.codec.training_distribution = made.codec.training_distribution, None
    try:
        model = save_model(made.codec, tmp_path / "m.safetensors")
        assert spread_known(made.codec) is None
    finally:
        made.codec.training_distribution = before
    with pytest.raises(UserError, match="from which values is not recorded"):
        decode_latents(DecodeRequest(tuple(files), model))


# What does not belong together


def test_latents_that_do_not_fit_are_refused(made, model, tmp_path):
    place = made.expression.parcellation
    one, two = as_published(made, tmp_path)
    with pytest.raises(UserError, match=r"has 1 component\(s\) and the model 2"):
        decode_latents(DecodeRequest((one,), model))
    shifted = place.affine.copy()
    shifted[0, 3] += 4
    other = save(tmp_path / "abagen_pca2_8mm.nii.gz", nib.load(two).get_fdata(), shifted)
    with pytest.raises(UserError, match="on different grids"):
        read_latents([one, other])
    ae = save(tmp_path / "abagen_ae0_8mm.nii.gz", nib.load(one).get_fdata(), place.affine)
    pair = r"abagen_pca0_8mm\.nii\.gz and abagen_ae0_8mm\.nii\.gz do not look like components"
    with pytest.raises(UserError, match=pair):
        read_latents([one, ae, two])
    with pytest.raises(UserError, match=pair):
        read_latents([one, two, ae])
    (tmp_path / "again").mkdir()
    whole = [folder / "whole.nii.gz" for folder in (tmp_path, tmp_path / "again")]
    for path in (*whole, tmp_path / "again" / one.name):
        shutil.copy(one, path)
    for twins in (whole, [one, two, tmp_path / "again" / one.name]):
        with pytest.raises(UserError, match=f"{twins[0].name} is given twice, or two files"):
            read_latents(twins)
    both = (ae, save(tmp_path / "abagen_ae1_8mm.nii.gz", nib.load(two).get_fdata(), place.affine))
    with pytest.raises(UserError, match="latents of autoencoder by the files' names"):
        decode_latents(DecodeRequest(both, model))
    with pytest.raises(UserError, match="has no gene 'NOPE'"):
        save_decoding(decode_latents(DecodeRequest((one, two), model)), tmp_path / "o", ["NOPE"])
    assert not (tmp_path / "o").exists()


def test_latents_of_few_samples_are_never_taken_for_scaled():
    place = make_phantom().parcellation
    values = np.array([[0.0, 1], [1, 0]], np.float32)
    assert not is_scaled(Latents(values, place, ("a", "b"), "x"))


# With weights of the published form


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Weights and sample of the published form in the cache: nothing is fetched."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    weights_folder().mkdir(parents=True)
    publish(monkeypatch, FILES)
    for name, content in FILES.items():
        (weights_folder() / name).write_bytes(content)
    return load_published(2)


def published_latents(folder, raw):
    """Latents of the voxels of a line, scaled as published, in a larger volume."""
    paths = []
    for k, column in enumerate(raw.T):
        volume = np.zeros((len(column) + 2, 3, 3))
        volume[1:-1, 1, 1] = column
        scaled = (volume - volume.min()) / np.ptp(volume)
        paths.append(save(folder / f"abagen_ae{k}_8mm.nii.gz", scaled, np.diag([-8.0, 8, 8, 1])))
    return tuple(paths)


def test_published_latents_get_the_spread_of_the_published_sample(weights, tmp_path):
    raw = weights.encode(DATA.values)
    paths = published_latents(tmp_path, raw)
    result = decode_latents(DecodeRequest(paths, PUBLISHED))
    (note,) = result.notes
    assert f"the {len(raw)} samples of sample_data.csv" in note
    np.testing.assert_allclose(result.latents, raw, atol=1e-4 * np.ptp(raw))
    np.testing.assert_allclose(result.gene("GENE3"), weights.decode(raw)[:, 3], atol=1e-5)
    other = published_latents(tmp_path, raw + 2 * raw.std(axis=0))
    assert "another model's" in decode_latents(DecodeRequest(other, PUBLISHED)).notes[-1]


@pytest.mark.parametrize("size", ["8mm", "4mm"])
def test_the_real_published_latents_are_scaled(size):
    files = [real_data(f"latents/abagen_ae{k}_{size}.nii.gz") for k in (0, 1)]
    latents = read_latents(files)
    assert is_scaled(latents)
    assert len(latents.values) == {"8mm": 3670, "4mm": 29298}[size]
    assert (latents.name, latents.method) == (f"abagen_ae_{size}", "ae")
    assert all(0.2 < background < 0.5 for background in latents.backgrounds)


@pytest.mark.parametrize("name", ["pca0", "pca1", "kpca0", "kpca1"])
def test_around_the_published_brain_is_where_0_was(name):
    """Components of PCA have mean 0, and in their published images the background has that mean."""
    latents = read_latents(real_data(f"latents/abagen_{name}_8mm.nii.gz"))
    values = latents.values.astype(float)
    assert abs(values.mean() - latents.backgrounds[0]) < 1e-4 * values.std()


def test_the_published_autoencoders_of_two_sizes_are_different_ones():
    maps = {}
    for name in ("ae0_8mm", "ae1_8mm", "ae0_4mm", "ae1_4mm", "pca0_8mm", "pca0_4mm"):
        maps[name] = read_latents(real_data(f"latents/abagen_{name}.nii.gz"))

    def likeness(one, other):
        small, large = maps[f"{one}_8mm"], maps[f"{other}_4mm"]
        at = [large.parcellation.sample_at(mm) for mm in small.parcellation.centroids]
        pairs = [(i, j) for i, j in enumerate(at) if j is not None]
        rows, others = np.transpose(pairs)
        return np.corrcoef(small.values[rows, 0], large.values[others, 0])[0, 1]

    assert likeness("pca0", "pca0") > 0.7
    assert max(abs(likeness(a, b)) for a in ("ae0", "ae1") for b in ("ae0", "ae1")) < 0.4


def test_anndata_of_others_is_placed_by_its_positions(tmp_path):
    from anndata import AnnData

    made = compressed(make_phantom(AFFINES["RAS"]))
    model = save_model(made.codec, tmp_path / "m.safetensors")
    place = made.expression.parcellation
    obsm = {"X_latent": made.latents, "spatial": place.centroids}
    AnnData(made.expression.values, obsm=obsm).write_h5ad(tmp_path / "x.h5ad")
    result = decode_latents(DecodeRequest((tmp_path / "x.h5ad",), model))
    of = result.expression.parcellation
    np.testing.assert_allclose(of.centroids, place.centroids, atol=1e-3)
    np.testing.assert_allclose(result.gene(GENE), made.gene(GENE), atol=1e-6)

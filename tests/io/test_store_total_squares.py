"""How much the data vary is known to a store; errors are the same with and without it."""

import os
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import zarr

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files.zarr_store import MARK, TOTAL_SQUARES
from napari_compressed_transcriptomics.io.writers.store import convert
from napari_compressed_transcriptomics.reconstruction.error_sums import Sums
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from stores import small_chunks


@pytest.fixture(autouse=True)
def small(monkeypatch):
    small_chunks(monkeypatch)


@pytest.fixture(scope="module")
def varied(brain):
    """The synthetic brain with a constant gene, a constant sample, and a gene of large values."""
    values = brain.values.copy()
    values[:, 5] += 3000
    values[:, 3] = values[7] = 0.3
    values[7, 9] = values[9, 3] = np.nextafter(np.float32(0.3), 1)  # no more than rounding
    return replace(brain, values=values)


@pytest.fixture
def path(varied, tmp_path):
    return convert(varied, tmp_path / "brain.zarr").path


def test_a_store_knows_how_much_its_values_vary(varied, path):
    found = read_expression(path).values.total_squares()

    values = varied.values.astype(float)
    np.testing.assert_allclose(found.mean_genes, values.mean(0), rtol=1e-12)
    for squares, axis, constant in ((found.sst_genes, 0, 3), (found.sst_samples, 1, 7)):
        expected = values.var(axis) * values.shape[axis]
        assert np.flatnonzero(np.isnan(squares)).tolist() == [constant]
        there = np.arange(len(squares)) != constant
        np.testing.assert_allclose(squares[there], expected[there], rtol=1e-9)


def test_errors_are_the_same_as_those_of_a_store_that_does_not_know(varied, path, monkeypatch):
    data = read_expression(path)
    codec = fit_codec("pca", data, 4, seed=0)
    summed = []
    errors = Sums.errors
    monkeypatch.setattr(Sums, "errors", lambda sums: summed.append(sums.of_genes) or errors(sums))

    known = reconstruct(codec, data, device="cpu")
    root = zarr.open_group(path, mode="r+")
    for name in TOTAL_SQUARES:
        del root[f"{MARK}/{name}"]
    unknown = reconstruct(codec, read_expression(path), device="cpu")

    assert not summed[0][:2].any()  # the data themselves were not summed again
    assert summed[1][:2].any()
    for name in ("r2_samples", "r2_genes", "mean_genes", "sd_genes", "r2"):
        np.testing.assert_allclose(
            getattr(known, name), getattr(unknown, name), rtol=2e-5, atol=1e-5, err_msg=name
        )
    for name in ("latents", "rmse_samples", "rmse_genes", "rmse"):
        np.testing.assert_array_equal(getattr(known, name), getattr(unknown, name), err_msg=name)


def test_genes_that_are_filled_do_not_count(varied, path):
    codec = fit_codec("pca", varied, 4, seed=0)
    lacking = tuple(gene for i, gene in enumerate(varied.genes) if i not in (2, 5))

    result, in_memory = (
        reconstruct(codec, data.aligned_to(lacking), device="cpu", fill_missing=True)
        for data in (read_expression(path), varied)
    )

    assert np.isnan(result.r2_genes[[2, 3, 5]]).all()
    np.testing.assert_allclose(result.r2_samples, in_memory.r2_samples, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *product(TOTAL_SQUARES, (lambda found: found[:-1], lambda found: found + np.inf)),
        *product(TOTAL_SQUARES[1:], (np.negative,)),
    ],
)
def test_what_does_not_fit_is_refused(path, name, wrong):
    root = zarr.open_group(path, mode="r+")
    found = wrong(root[f"{MARK}/{name}"][:])
    root.create_array(f"{MARK}/{name}", data=found, overwrite=True)

    with pytest.raises(UserError, match=r"brain\.zarr has squares \(uns/store\) that do not fit"):
        read_expression(path).values.total_squares()


def test_a_conversion_that_was_killed_at_its_very_end_goes_on(varied, path, monkeypatch):
    other, replace_ = path.with_name("other.zarr"), os.replace

    def killed(old, new):
        if new == other:
            raise KeyboardInterrupt
        replace_(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            convert(varied, other)
    assert convert(varied, other).notes  # went on

    found, same = (read_expression(at).values.total_squares() for at in (other, path))
    np.testing.assert_array_equal(found.sst_genes, same.sst_genes)

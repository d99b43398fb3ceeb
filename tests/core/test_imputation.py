"""Cells that were filled on reading are filled anew from training samples."""

from dataclasses import replace

import numpy as np

from napari_compressed_transcriptomics.core.imputation import filled_from, measured
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest, compress
from napari_compressed_transcriptomics.reconstruction.held_out_error import HeldOut
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from small import small_expression

FULL = small_expression(30, 12)
CELLS = np.array([(0, 0), (1, 0), (7, 3), (20, 3), (29, 11)])


def with_holes(fill: float):
    """Return `FULL` without `CELLS`, which were filled with one number on reading."""
    values = FULL.values.copy()
    values[tuple(CELLS.T)] = fill
    return replace(FULL, values=values, imputed=CELLS)


def test_means_are_of_what_the_training_samples_have():
    data = with_holes(1e6)
    train, test = data.subset(np.arange(15)), data.subset(np.arange(15, 30))
    np.testing.assert_allclose(filled_from(train, train).values[:2, 0], FULL.values[2:15, 0].mean())
    filled = filled_from(train, test).values
    known = np.delete(FULL.values[:15, 3], 7)
    np.testing.assert_allclose(filled[5, 3], known.mean(), rtol=1e-6)
    np.testing.assert_allclose(filled[14, 11], FULL.values[:15, 11].mean(), rtol=1e-6)
    assert np.abs(filled).max() < 2
    assert np.argwhere(~measured(test)).tolist() == [[5, 3], [14, 11]]


def test_a_gene_that_no_training_sample_has_gets_their_mean():
    train = with_holes(1e6).subset(np.array([0, 1]))
    filled = filled_from(train, train).values
    assert (filled[:, 0] == filled[0, 0]).all()
    assert 0 < filled[0, 0] < 1


def test_scores_do_not_know_what_cells_were_filled_with():
    def scores(fill):
        request = CompareRequest(
            with_holes(fill), ("pca", "kernel-pca"), (2,), ("random",), n_folds=3, n_jobs=1
        )
        found = compare_methods(request)
        assert any("empty cell(s) of small are filled separately" in note for note in found.notes)
        return [(score.rmse, score.r2) for score in found.scores]

    assert scores(0.0) == scores(3.0)


def test_columns_are_found_again_in_another_order():
    data = with_holes(0.0)
    other = data.aligned_to(tuple(reversed(FULL.genes[:4])))
    assert other.imputed.tolist() == [[0, 3], [1, 3], [7, 0], [20, 0]]


def test_the_error_on_samples_not_seen_does_not_know_either():
    def found(fill):
        request = CompressRequest(
            with_holes(fill), "pca", 2, device="cpu", held_out=HeldOut("random", 3)
        )
        result = compress(request)
        assert any("empty cell(s) of small are filled separately" in note for note in result.notes)
        return result.held_out

    one, other = found(0.0), found(3.0)
    np.testing.assert_array_equal(one.rmse_samples, other.rmse_samples)
    np.testing.assert_array_equal(one.rmse_genes, other.rmse_genes)
    assert one.rmse == other.rmse

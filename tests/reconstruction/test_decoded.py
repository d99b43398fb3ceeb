"""Latents alone: all that the codec makes of them, and no word of originals or errors."""

from dataclasses import replace

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.reconstruction.decoded import decoded
from napari_compressed_transcriptomics.reconstruction.sample_profile import profile_of
from napari_compressed_transcriptomics.reconstruction.summary import provenance_of, result_line
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import elsewhere
from small import compressed, small_expression


@pytest.fixture(scope="module")
def made():
    return compressed(small_expression())


@pytest.fixture
def alone(made):
    of = made.expression
    return decoded(made.codec, made.latents, of.parcellation, of.samples, name="yesterday's")


def test_genes_are_as_with_the_expression(made, alone):
    np.testing.assert_array_equal(alone.gene("GENE7"), made.gene("GENE7"))
    assert alone.expression.genes == made.expression.genes


def test_no_error_is_claimed(alone):
    assert not alone.has_errors
    assert not alone.gene_table
    assert np.isfinite(alone.novelty.distance).all()  # from the latents
    assert "error unknown" in result_line(alone)
    record = provenance_of(alone)
    assert record["data_sha256"] is record["rmse"] is None


def test_originals_are_asked_for_in_a_sentence(alone):
    assert not alone.has_originals
    for key in (0, slice(0, 2), (slice(None), 3)):
        with pytest.raises(UserError, match="without their expression"):
            alone.expression.values[key]
    profile = profile_of(alone, 3)
    assert np.isnan(profile.original).all()
    assert np.isfinite(profile.reconstructed).all()


def test_values_may_be_brought_later(made, alone):
    elsewhere(alone.expression).bring(made.expression.values)
    assert alone.has_originals
    np.testing.assert_array_equal(alone.expression.values[:, 3], made.expression.values[:, 3])
    with pytest.raises(ValueError, match="shape"):
        elsewhere(alone.expression).bring(made.expression.values[:, :2])


def test_latents_that_do_not_fit_are_refused(made):
    of = made.expression
    where = (of.parcellation, of.samples)
    with pytest.raises(UserError, match=r"has 1 component\(s\) and the model 2"):
        decoded(made.codec, made.latents[:, :1], *where)
    bad = made.latents.copy()
    bad[0, 0] = np.nan
    with pytest.raises(UserError, match="not numbers"):
        decoded(made.codec, bad, *where)


def test_a_count_that_is_known_is_not_made_again(made):
    from napari_compressed_transcriptomics.reconstruction.joint_histogram import density_of

    density = density_of(made)
    assert density_of(replace(made, density=density)) is density


def test_a_seed_of_ones_own_is_told():
    data = small_expression()
    assert result_line(compressed(data)).startswith("pca, k = 2: RMSE 0.")
    assert result_line(compressed(data, seed=7)).startswith("pca, k = 2, seed 7: RMSE 0.")

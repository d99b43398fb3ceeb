"""Folds of blocks: contiguous, with a buffer that fits the data, and nothing near in training."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import cdist

from data import TABLES, real_expression
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.spatial.buffer import autocorrelation_range, buffer_of
from napari_compressed_transcriptomics.spatial.cross_validation import (
    distances_to_training,
    nested_folds,
    outer_folds,
    widest_buffer,
)
from napari_compressed_transcriptomics.study.compare_request import CompareRequest, plan

MIRROR = np.array([-1, 1, 1])


@pytest.fixture(scope="module")
def brain():
    return synthetic_brain(n_genes=64)


def nearest(places, rows, others):
    """Distance of rows to the nearest of others and of their mirror images, by brute force."""
    either = np.concatenate([places[others], places[others] * MIRROR])
    return cdist(places[rows], either).min(axis=1)


@pytest.mark.parametrize("seed", [0, 1])
def test_blocks_on_a_voxel_grid(seed, brain):
    """Each voxel is held out once, in one piece, with nothing of training inside the buffer."""
    places = brain.parcellation.centroids
    folds = outer_folds(places, "blocks", 5, seed, 20.0)
    held_out = np.concatenate([test for _, test in folds])
    np.testing.assert_array_equal(np.sort(held_out), np.arange(brain.n_samples))
    for train, test in folds:
        away = nearest(places, test, train)
        assert away.min() >= 20
        np.testing.assert_allclose(distances_to_training(places, train, test), away, atol=1e-6)
        # nothing further away is lost
        lost = np.setdiff1d(np.arange(len(places)), np.concatenate([train, test]))
        assert nearest(places, lost, test).max() < 20
        volume = np.isin(brain.parcellation.labels, test + 1)
        # a part, and its mirror image where that does not touch it
        assert ndimage.label(volume, np.ones((3, 3, 3)))[1] <= 2
        assert len(test) == pytest.approx(brain.n_samples / 5, abs=2)


def test_random_folds_know_no_buffer(brain):
    places = brain.parcellation.centroids
    for train, test in outer_folds(places, "random", 5, 0, 20.0):
        assert len(train) + len(test) == len(places)
        assert np.median(distances_to_training(places, train, test)) < 5


def test_inner_folds_keep_away_too_and_leave_half(brain):
    places = brain.parcellation.centroids[::9]
    for fold in nested_folds(places, "blocks", 4, 2, 0, 15.0):
        for train, test in fold.inner:
            assert set(train) | set(test) <= set(fold.train)
            assert nearest(places, test, train).min() > 5
            assert len(train) >= len(fold.train) / 2


def field(length_mm, noise=0.0, n_genes=300, seed=0):
    """Independent smooth genes on a grid, whose correlation is 1/2 at 1.18 lengths, and noise."""
    rng = np.random.default_rng(seed)
    shape = (20, 24, 20)
    parcellation = Parcellation.from_mask(np.ones(shape, bool), np.diag([8.0, 8, 8, 1]))
    # features of a Gaussian kernel: Rahimi & Recht 2007
    places = parcellation.centroids / length_mm
    waves = rng.normal(size=(3, n_genes))
    values = np.cos(places @ waves + rng.uniform(0, 2 * np.pi, n_genes)) * np.sqrt(2)
    values += noise * rng.normal(size=values.shape)
    names = tuple(map(str, range(len(values))))
    return Expression(
        values.astype(np.float32), tuple(f"G{i}" for i in range(n_genes)), names, parcellation
    )


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("length_mm", [15, 25])
def test_range_is_where_correlation_is_one_half(length_mm, noise):
    half = length_mm * np.sqrt(2 * np.log(2))
    assert autocorrelation_range(field(length_mm, noise)) == pytest.approx(half, rel=0.25)


def test_a_buffer_that_leaves_too_little_is_reduced_and_said(brain):
    wide = field(60)
    buffer = buffer_of(wide, 5, 0)
    assert buffer.mm == widest_buffer(wide.parcellation.centroids, 5, 0)
    assert "would leave fewer than half" in str(buffer)
    request = CompareRequest(wide, ("pca",), (2,))
    planned = plan(request)
    fewest = min(len(train) for train, _ in planned.folds["blocks"])
    assert 0.5 <= fewest / wide.n_samples < 0.55
    assert planned.notes[0].startswith(f"Blocks have a buffer of {buffer.mm:.1f} mm, as ")
    assert f"{fewest:,} to" in planned.notes[0]


def test_a_buffer_asked_for_is_taken_or_refused(brain):
    request = CompareRequest(brain, ("pca",), (2,), buffer=30)
    places = brain.parcellation.centroids
    for train, test in plan(request).folds["blocks"]:
        assert nearest(places, test, train).min() >= 30
    with pytest.raises(UserError, match="A buffer of 500 mm leaves 0 samples"):
        plan(replace(request, buffer=500))
    for odd in (-1, np.nan, np.inf):
        with pytest.raises(UserError, match="is not possible"):
            plan(replace(request, buffer=odd))


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_the_human_brain(name):
    """Half of the regions or more are left, none of them a neighbour or a twin."""
    data = real_expression(name)
    assert 20 < autocorrelation_range(data) < 32
    places = data.parcellation.centroids
    for train, test in plan(CompareRequest(data, ("pca",), (2,))).folds["blocks"]:
        assert len(train) >= data.n_samples / 2
        assert nearest(places, test, train).min() > 20

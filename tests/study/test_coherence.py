"""Measures of anatomy with known answers."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.spatial.hemispheres import mirrored_pairs
from napari_compressed_transcriptomics.spatial.spatial_covariance import Smoothness, covariance
from napari_compressed_transcriptomics.spatial.statistics import (
    correlation,
    eta_squared,
    moran_weights,
    morans_i,
)
from napari_compressed_transcriptomics.study.coherence import coherence, coherence_table


def test_share_explained_by_regions():
    group = np.array([0, 0, 1, 1, -1])
    assert eta_squared(np.array([1.0, 1, 3, 3, 99]), group) == 1
    assert eta_squared(np.array([1.0, 3, 1, 3, 99]), group) == 0
    # between 4 * 1^2, total 4 + 4 * 1^2
    assert eta_squared(np.array([0.0, 2, 2, 4, 99]), group) == 0.5
    both = np.array([[1.0, 1, 3, 3, 9], [1.0, 3, 1, 3, 9]]).T
    np.testing.assert_array_equal(eta_squared(both, group), [1, 0])
    assert np.isnan(eta_squared(np.arange(5.0), np.arange(5)))  # always 1, so no answer
    assert np.isnan(eta_squared(np.ones(5), group))


def test_morans_i_of_a_chain():
    """Neighbours on a line of four: worked out by hand."""
    weights = np.diag([1.0, 1, 1], 1) + np.diag([1.0, 1, 1], -1)
    # z = -1.5, -0.5, 0.5, 1.5: 4/6 * 2 * (0.75 - 0.25 + 0.75) / 5
    assert morans_i(np.arange(4.0), weights) == pytest.approx(4 / 6 * 2.5 / 5)
    assert morans_i(np.array([1.0, -1, 1, -1]), weights) == pytest.approx(-1)
    assert np.isnan(morans_i(np.ones(4), weights))


def test_weights_are_inverse_distances():
    np.testing.assert_allclose(
        moran_weights(np.array([[0.0, 0, 0], [3, 4, 0], [0, 0, 2]])),
        [[0, 0.2, 0.5], [0.2, 0, 29**-0.5], [0.5, 29**-0.5, 0]],
    )


def test_mirror_images():
    positions = np.array([[-30.0, 10, 5], [32, 11, 5], [-50, 0, 0], [0, 0, 0], [70, 0, 0]])
    left, right = mirrored_pairs(positions)
    assert (left.tolist(), right.tolist()) == ([0], [1])
    left, right = mirrored_pairs(positions, tolerance_mm=25)
    assert (left.tolist(), right.tolist()) == ([0, 2], [1, 4])
    assert mirrored_pairs(positions[:1])[0].size == 0
    assert correlation(np.array([1.0, 2, 3]), np.array([2.0, 4, 6])) == 1
    assert np.isnan(correlation(np.ones(2), np.ones(2)))


def brain():
    """Voxels of 10 mm in two boxes; x runs to the left, as in many files."""
    mask = np.zeros((12, 10, 6), bool)
    mask[1:5, 1:9, 1:5] = mask[7:11, 1:9, 1:5] = True
    affine = np.array([[-10.0, 0, 0, 55], [0, 10, 0, -50], [0, 0, 10, -20], [0, 0, 0, 1]])
    return Parcellation.from_mask(mask, affine)


def test_table_of_what_is_there_and_what_is_not(fewer_fitted):
    """Lobes and hemispheres alike; one hemisphere; noise."""
    parcellation = brain()
    x, y, z = parcellation.centroids.T
    rng = np.random.default_rng(0)
    lobes = np.sign(np.sin(y / 9)) * np.sign(z + 1)
    index = np.unique(np.stack([x > 0, y > 0, z > 0]), axis=1, return_inverse=True)[1]
    patchy = rng.standard_normal(8)[index] + 0.1 * rng.standard_normal(len(x))
    latents = np.stack([patchy, x + 0.01 * lobes, rng.standard_normal(len(x))], axis=1)
    regions = Regions(np.arange(1, 9), tuple("abcdefgh"), index.ravel())
    rows = coherence(latents, parcellation, regions, n_null=99)
    found = {(row.component, row.measure): row for row in rows}
    assert len(rows) == 3 * 3 + 1
    assert found["1", "regions"].value > 0.95
    assert found["1", "regions"].p <= 0.05
    assert found["3", "regions"].value < 0.1
    assert found["3", "regions"].p > 0.05
    assert 0 < found["all", "regions"].value < 1
    assert found["2", "moran"].value > 0.3 > 0.05 > found["3", "moran"].value
    assert found["2", "symmetry"].value < -0.9
    table = coherence_table([("pca", 3, rows)])
    assert list(table) == ["method", "latent_size", "component", "measure", "value", "p"]
    assert set(table["method"]) == {"pca"}


def test_smooth_symmetric_maps_are_described_without_a_claim():
    """Any map of a brain is smooth and symmetric: that has no p-value."""
    parcellation = brain()
    x, y, z = parcellation.centroids.T
    rng = np.random.default_rng(1)
    even = np.sin(y / 12) + np.cos(np.abs(x) / 9 + z / 15) + 0.1 * rng.standard_normal(len(x))
    rows = coherence(even[:, None], parcellation, n_null=99)
    assert [row.measure for row in rows] == ["moran", "symmetry"]
    assert rows[0].value > 0.1
    assert rows[1].value > 0.9
    assert np.isnan([row.p for row in rows]).all()


def test_smooth_is_not_anatomical():
    """Compact regions explain much of any smooth map: the null knows, and p is not small."""
    parcellation = brain()
    index = np.unique(parcellation.centroids > 0, axis=0, return_inverse=True)[1].ravel()
    regions = Regions(np.arange(1, 9), tuple("abcdefgh"), index)
    root = np.linalg.cholesky(covariance(parcellation.centroids, Smoothness(40, 0, 0.05)))
    maps = root @ np.random.default_rng(4).standard_normal((parcellation.n_samples, 12))
    rows = [row for row in coherence(maps, parcellation, regions, 99) if row.measure == "regions"]
    assert np.median([row.value for row in rows]) > 0.3
    assert np.mean([row.p <= 0.05 for row in rows]) < 0.3


def test_components_that_correlate_are_no_evidence_four_times():
    """One smooth map in four components: together they are as anatomical as one."""
    mask = np.zeros((6, 6, 4), bool)
    mask[:2] = mask[4:] = True
    affine = np.diag([20.0, 20, 20, 1])
    affine[:3, 3] = -50, -50, -30
    parcellation = Parcellation.from_mask(mask, affine)
    index = np.unique(parcellation.centroids > 0, axis=0, return_inverse=True)[1].ravel()
    regions = Regions(np.arange(1, 9), tuple("abcdefgh"), index)
    rng = np.random.default_rng(0)
    root = np.linalg.cholesky(covariance(parcellation.centroids, Smoothness(40, 0.9, 0.05)))
    together = []
    for number in range(60):
        one = root @ rng.standard_normal((parcellation.n_samples, 1))
        four = one + 0.1 * root @ rng.standard_normal((parcellation.n_samples, 4))
        rows = coherence(four, parcellation, regions, 99, seed=10 * number)
        together += [row.p for row in rows if row.component == "all"]
    assert np.mean(np.array(together) <= 0.05) <= 0.12  # 95 % binomial limit of 5 % in 60


def test_figure_of_the_table():
    from napari_compressed_transcriptomics.figures.coherence_plots import coherence_dots
    from napari_compressed_transcriptomics.study.coherence import Coherence

    rows = [
        Coherence("1", "regions", 0.8, 0.01),
        Coherence("2", "regions", 0.2, 0.5),
        Coherence("all", "regions", 0.5, 0.1),
        Coherence("1", "symmetry", np.nan, np.nan),
        Coherence("2", "symmetry", 0.7, np.nan),
    ]
    figure = coherence_dots(coherence_table([("pca", 2, rows), ("nmf", 2, rows)]))
    regions, symmetry = figure.axes
    assert [bar.get_width() for bar in regions.patches] == pytest.approx([0.5, 0.5])
    filled, hollow = regions.collections[:2]
    np.testing.assert_allclose(filled.get_offsets()[:, 0], [0.8])
    np.testing.assert_allclose(hollow.get_offsets()[:, 0], [0.2])
    assert [len(dots.get_offsets()) for dots in symmetry.collections[:2]] == [0, 1]  # hollow
    assert not coherence_dots(coherence_table([]), figure).axes

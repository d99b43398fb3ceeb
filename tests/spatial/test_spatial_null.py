"""Surrogate maps: as smooth as the map, and honest p-values on maps with nothing in common."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.spatial import spatial_covariance, spatial_null
from napari_compressed_transcriptomics.spatial.p_values import p_value
from napari_compressed_transcriptomics.spatial.spatial_covariance import (
    Smoothness,
    covariance,
    fit_smoothness,
    rows_to_fit,
)
from napari_compressed_transcriptomics.spatial.spatial_null import flipped_maps, surrogate_maps
from napari_compressed_transcriptomics.spatial.statistics import moran_weights, morans_i


def two_hemispheres(n_pairs=50, seed=0):
    """Centroids in mm, the hemispheres nearly mirror images."""
    rng = np.random.default_rng(seed)
    left = rng.uniform([-70, -100, -40], [-5, 65, 70], (n_pairs, 3))
    return np.concatenate([left, left * [-1, 1, 1] + rng.normal(0, 2, left.shape)])


POSITIONS = two_hemispheres()


def smooth_maps(n, seed, length=30.0, twin=0.9, positions=POSITIONS):
    """Maps with nothing in common but how they came about."""
    root = np.linalg.cholesky(covariance(positions, Smoothness(length, twin, 0.05)))
    return root @ np.random.default_rng(seed).standard_normal((len(positions), n))


def smoothed_noise(n, seed):
    """Maps of another make than the surrogates: noise everywhere, seen through a Gaussian."""
    rng = np.random.default_rng(seed)
    places = rng.uniform([-90, -120, -60], [90, 85, 90], (3000, 3))
    distance = np.linalg.norm(POSITIONS[:, None] - places, axis=2)
    return np.exp(-((distance / 20) ** 2) / 2) @ rng.standard_normal((3000, n))


def correlations(a, b):
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return np.abs(a.T @ b) / np.sqrt((a**2).sum() * (b**2).sum(axis=0))


@pytest.mark.parametrize(
    "make",
    [
        lambda n, seed: smooth_maps(n, seed, 30, 0.9),
        lambda n, seed: smooth_maps(n, seed, 60, 0),
        smoothed_noise,
        lambda n, seed: np.exp(smooth_maps(n, seed, 30, 0.9)),
    ],
    ids=["symmetric", "smooth", "of another make", "lognormal"],
)
def test_p_values_of_unrelated_maps(make):
    """About uniform, while shuffled values call many pairs related."""
    n, n_null = 200, 99
    one, other = make(n, 1), make(n, 2)
    rng = np.random.default_rng(3)
    p, naive = np.empty(n), np.empty(n)
    for i in range(n):
        seen = correlations(one[:, i], other[:, i : i + 1])[0]
        maps = surrogate_maps(other[:, i], POSITIONS, n_null, seed=i)
        p[i] = p_value(seen, correlations(one[:, i], maps))
        shuffled = rng.permuted(np.tile(other[:, i], (n_null, 1)), axis=1).T
        naive[i] = p_value(seen, correlations(one[:, i], shuffled))
    assert (naive <= 0.05).mean() > 0.15
    assert (p <= 0.05).mean() < 0.10
    # Kolmogorov and Smirnov's bound at 0.1 %: 1.95 / sqrt(n)
    at = np.arange(0.05, 1, 0.05)
    assert np.abs((p[:, None] <= at).mean(axis=0) - at).max() < 1.95 / np.sqrt(n)


@pytest.mark.parametrize(("length", "twin"), [(8.0, 0.0), (30.0, 0.9), (60.0, 0.4)])
def test_variance_autocorrelation_and_symmetry_are_kept(length, twin):
    weights, half = moran_weights(POSITIONS), len(POSITIONS) // 2
    maps = smooth_maps(20, 5, length, twin)
    variance, moran, symmetry = [], [], []
    for i, values in enumerate(maps.T):
        surrogates = surrogate_maps(values, POSITIONS, 50, seed=i)
        variance.append((values.var(), surrogates.var(axis=0).mean()))
        moran.append((morans_i(values, weights), morans_i(surrogates, weights).mean()))
        symmetry.append(
            [
                np.mean([np.corrcoef(m[:half], m[half:])[0, 1] for m in maps_.T])
                for maps_ in (values[:, None], surrogates)
            ]
        )
    np.testing.assert_allclose(*np.mean(variance, axis=0), rtol=0.2)
    np.testing.assert_allclose(*np.mean(moran, axis=0), atol=0.04)
    np.testing.assert_allclose(*np.mean(symmetry, axis=0), atol=0.15)


def test_smoothness_is_found_again():
    found = [fit_smoothness(m, POSITIONS) for m in smooth_maps(30, 8, 25.0, 0.8).T]
    assert 15 <= np.median([f.length_mm for f in found]) <= 40
    assert 0.6 <= np.median([f.twin for f in found]) <= 0.95
    rough = np.random.default_rng(0).standard_normal((len(POSITIONS), 30))
    found = [fit_smoothness(m, POSITIONS) for m in rough.T]
    assert (
        np.median([f.length_mm for f in found]) <= 8 or np.median([f.nugget for f in found]) >= 0.5
    )


LOW = (POSITIONS[:, 2] < 10).astype(int)


def test_surrogates_are_as_likely_as_the_map_and_have_its_likeliest_means(monkeypatch):
    """What decides how likely a map is stays; that makes p-values exact, whatever the means."""
    known = Smoothness(60, 0.9, 0.01, "matern")
    monkeypatch.setattr(spatial_null, "fit_smoothness", lambda *_: known)
    monkeypatch.setattr(spatial_null, "_scale", lambda *_: np.ones(len(LOW)))
    values = smooth_maps(1, 2)[:, 0] + 3 * LOW
    both = np.column_stack([values, surrogate_maps(values, POSITIONS, 9, 0, LOW)])
    inverse = np.linalg.inv(covariance(POSITIONS, known))
    means = np.column_stack([1 - LOW, LOW])
    likeliest = np.linalg.solve(means.T @ inverse @ means, means.T @ inverse @ both)
    rest = both - means @ likeliest
    unlikely = (rest * (inverse @ rest)).sum(axis=0)
    np.testing.assert_allclose(likeliest[:, 1:], likeliest[:, [0] * 9], atol=1e-5)
    np.testing.assert_allclose(unlikely[1:], unlikely[0], rtol=1e-5)
    assert np.corrcoef(rest.T)[0, 1:].max() < 0.9


def test_smooth_surrogates_go_on_from_one_compartment_into_the_next():
    """As such a map does; with its averages kept they were 2.9 times as far apart there."""
    distance = np.linalg.norm(POSITIONS[:, None] - POSITIONS, axis=2)
    here, there = np.nonzero((distance < 40) & (LOW[:, None] < LOW))
    root = np.linalg.cholesky(covariance(POSITIONS, Smoothness(60, 0.9, 0.01, "matern")))
    apart = []
    for i, values in enumerate((root @ np.random.default_rng(3).standard_normal((100, 20))).T):
        both = np.column_stack([values, surrogate_maps(values, POSITIONS, 30, i, LOW)])
        across = ((both[here] - both[there]) ** 2).mean(axis=0)
        apart.append((across[1:].mean(), across[0]))
    np.testing.assert_allclose(*np.mean(apart, axis=0), rtol=0.25)


CORE = (np.abs(POSITIONS - [0, -10, 10]) < [40, 40, 30]).all(axis=1).astype(int)
"""A compartment of its own."""


def test_steps_between_compartments_are_no_relation():
    """Both maps have a step of three SDs at the same place, and nothing else in common."""
    one, other = smooth_maps(80, 6), smooth_maps(80, 7)
    signs = np.random.default_rng(8).choice([-1, 1], (2, 80))
    one[CORE == 1] += 3 * signs[0]
    other[CORE == 1] += 3 * signs[1]
    p = {"known": [], "unknown": []}
    for i, (a, b) in enumerate(zip(one.T, other.T, strict=True)):
        for name, compartment in (("known", CORE), ("unknown", None)):
            maps = surrogate_maps(b, POSITIONS, 99, i, compartment)
            p[name].append(p_value(correlations(a, b[:, None])[0], correlations(a, maps)))
    found = {name: np.mean(np.array(of) <= 0.05) for name, of in p.items()}
    assert found["unknown"] > 0.25
    assert found["known"] <= 0.11  # 95 % binomial limit of 5 % in 80


def test_compartments_that_vary_more_are_no_relation():
    """Receptors vary six times as much in the subcortex: a few samples decide."""
    spread = np.where(CORE, 6, 1)[:, None]
    one, other = smooth_maps(80, 6) * spread, smooth_maps(80, 7) * spread
    p = []
    for i, (a, b) in enumerate(zip(one.T, other.T, strict=True)):
        maps = surrogate_maps(b, POSITIONS, 99, i, CORE)
        p.append(p_value(correlations(a, b[:, None])[0], correlations(a, maps)))
    assert np.mean(np.array(p) <= 0.05) <= 0.11  # 95 % binomial limit of 5 % in 80
    assert maps[CORE == 1].std() > 3 * maps[CORE == 0].std()


@pytest.mark.parametrize("tail", [0.01, 1.0], ids=["normal", "heavy tails"])
def test_surrogates_are_as_symmetric_as_the_map(tail):
    """Down to the detail that no neighbour shares, as in PET."""
    half = len(POSITIONS) // 2
    left = np.sinh(tail * np.random.default_rng(4).standard_normal(half)) / tail
    detail = np.concatenate([left, left + 0.1 * np.random.default_rng(5).normal(size=half)])
    maps = surrogate_maps(detail, POSITIONS, 60, 0)
    found = [np.corrcoef(m[:half], m[half:])[0, 1] for m in (detail, *maps.T)]
    assert found[0] > 0.98
    assert np.mean(found[1:]) == pytest.approx(found[0], abs=0.02)


def test_surrogates_of_components_keep_what_the_choice_of_components_decided():
    """How they correlate, vary, and share patterns that span the brain; constant ones stay."""
    components = np.linalg.svd(smooth_maps(12, 3), full_matrices=False)[0][:, :3] * [3, 2, 1]
    components = np.column_stack([components, np.ones(len(LOW))])
    maps = np.array(list(flipped_maps(components, POSITIONS, 40, 1)))
    centred = components - components.mean(axis=0)
    for drawn in np.moveaxis(maps, 2, 0):
        rest = drawn.T - components.mean(axis=0)
        np.testing.assert_allclose(rest.T @ rest, centred.T @ centred, atol=1e-9)
    means = components.mean(axis=0)[:, None] + np.zeros(40)
    np.testing.assert_allclose(maps.mean(axis=1), means, atol=1e-9)
    assert np.abs(correlations(components[:, 0], maps[0])).mean() < 0.5
    weights = moran_weights(POSITIONS)
    seen = morans_i(components[:, 0], weights)
    assert morans_i(maps[0], weights).mean() == pytest.approx(seen, abs=0.05)
    again = list(flipped_maps(components, POSITIONS, 40, 1, LOW))
    for one, drawn in zip(components.T, again, strict=True):
        for side in (0, 1):
            np.testing.assert_allclose(drawn[side == LOW].mean(axis=0), one[side == LOW].mean())


def test_seeds_and_many_samples(monkeypatch):
    values = smooth_maps(1, 0)[:, 0]
    same = [surrogate_maps(values, POSITIONS, 3, seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(same[0], same[1])
    assert (same[0] != same[2]).any()
    for module in (spatial_null, spatial_covariance):
        monkeypatch.setattr(module, "rows_to_fit", lambda places: rows_to_fit(places, 40))
    maps = surrogate_maps(values, POSITIONS, 30, 0, CORE)  # smoothness of 40 of the 100
    again = surrogate_maps(values, POSITIONS, 30, 0, CORE)
    np.testing.assert_array_equal(maps, again)
    np.testing.assert_allclose(maps.std(axis=0).mean(), values.std(), rtol=0.2)
    weights = moran_weights(POSITIONS)
    assert morans_i(maps, weights).mean() > morans_i(values, weights) / 2
    with pytest.raises(UserError, match="average the voxels"):
        surrogate_maps(np.zeros(20_000), np.zeros((20_000, 3)), 10)


def test_p_counts_the_observed_value():
    assert p_value(1.0, np.zeros(99)) == 0.01
    assert p_value(0.0, np.zeros(99)) == 1.0

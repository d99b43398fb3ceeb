"""Ridge and gradient boosting against scikit-learn and against what must not leak."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.spatial.cross_validation import Fold, nested_folds
from napari_compressed_transcriptomics.study.out_of_sample_r2 import out_of_sample_r2
from napari_compressed_transcriptomics.study.regressors import (
    _PENALTIES,
    gradient_boosting,
    ridge,
    standardised,
)


def data(n=60, p=5, seed=0):
    rng = np.random.default_rng(seed)
    return standardised(rng.normal(size=(n, p))), rng.normal(size=(n, 3)), rng


def one_fold(n, rng):
    order = rng.permutation(n)
    train, test = order[n // 4 :], order[: n // 4]
    inner = tuple((np.setdiff1d(train, part), part) for part in np.array_split(train, 4))
    return Fold(train, test, inner)


@pytest.mark.parametrize("p", [5, 200])
def test_ridge_is_that_of_scikit_learn_with_its_own_tuning(p):
    """Many maps at once as one by one; more columns than rows through the inner products."""
    from sklearn.linear_model import Ridge

    x, y, rng = data(p=p)
    y[:, 0] += 2 * x[:, 0]
    fold = one_fold(60, rng)
    (predicted,) = ridge(x, y, [fold])

    def fitted(train, test, column, factor):
        squares = np.linalg.svd(x[train] - x[train].mean(axis=0), compute_uv=False) ** 2
        squares = squares[squares > 1e-9 * squares.max()]
        model = Ridge(alpha=factor * squares.mean()).fit(x[train], y[train, column])
        return model.predict(x[test])

    for column in range(3):
        errors = [
            sum(((fitted(a, b, column, f) - y[b, column]) ** 2).sum() for a, b in fold.inner)
            for f in _PENALTIES
        ]
        best = _PENALTIES[int(np.argmin(errors))]
        expected = fitted(fold.train, fold.test, column, best)
        np.testing.assert_allclose(predicted[:, column], expected, rtol=1e-6, atol=1e-6)


def test_rotation_keeps_inner_products():
    raw = np.random.default_rng(0).normal(size=(20, 300))
    raw[:, 7] = 3
    x = standardised(raw)
    assert x.shape == (20, 20)
    z = np.delete(raw, 7, axis=1)
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    np.testing.assert_allclose(x @ x.T, z @ z.T, atol=1e-9)


@pytest.mark.parametrize(
    "regressor", [lambda *a: ridge(*a), lambda x, y, f: gradient_boosting(x, y[:, 0], f)]
)
def test_held_out_values_do_not_matter(regressor):
    """What is predicted changes nothing about its prediction."""
    x, y, rng = data()
    fold = one_fold(60, rng)
    before = regressor(x, y, [fold])[0]
    y[fold.test] = 1e6
    np.testing.assert_array_equal(regressor(x, y, [fold])[0], before)


def test_gradient_boosting_finds_what_is_not_linear():
    x, _, rng = data(n=120, p=3)
    y = np.abs(x[:, 0]) + 0.1 * rng.normal(size=120)
    folds = nested_folds(rng.normal(size=(120, 3)), "random", 4, 1, 0)
    predicted = [values[:, None] for values in gradient_boosting(x, y, folds)]
    boosted = out_of_sample_r2(y[:, None], predicted, folds)[0][0]
    by_ridge = out_of_sample_r2(y[:, None], ridge(x, y[:, None], folds), folds)[0][0]
    assert boosted > 0.6
    assert by_ridge < 0.2


@pytest.mark.parametrize("split", ["blocks", "random"])
def test_each_row_is_predicted_once_a_repeat(split):
    positions = np.random.default_rng(0).uniform(-60, 60, (80, 3))
    folds = nested_folds(positions, split, 5, 3, seed=1)
    count = np.zeros(80, int)
    for fold in folds:
        count[fold.test] += 1
        assert not set(fold.train) & set(fold.test)
        held_out = np.concatenate([test for _, test in fold.inner])
        np.testing.assert_array_equal(np.sort(held_out), fold.train)
        for train, test in fold.inner:
            assert not set(train) & set(test)
            assert not set(train) & set(fold.test)
    assert (count == 3).all()


def test_a_twin_is_held_out_together_with_its_likeness():
    left = np.random.default_rng(0).uniform([-70, -90, -40], [-5, 60, 70], (40, 3))
    for fold in nested_folds(np.concatenate([left, left * [-1, 1, 1]]), "blocks", 3, 4, 0):
        assert set(fold.test % 40) == set(fold.test[fold.test < 40])
        assert len(fold.test) == 2 * len(set(fold.test % 40))


def test_r2_is_against_the_mean_of_the_training_rows():
    y = np.array([0.0, 1, 2, 3])[:, None]
    folds = [
        Fold(np.array([0, 1]), np.array([2, 3]), ()),
        Fold(np.array([2, 3]), np.array([0, 1]), ()),
    ]
    means = [np.full((2, 1), 0.5), np.full((2, 1), 2.5)]
    (r2, low, high, p), mean = out_of_sample_r2(y, means, folds)
    assert (r2, low, high) == (0, 0, 0)
    assert np.isnan(p)
    np.testing.assert_array_equal(mean, [2.5, 2.5, 0.5, 0.5])
    right, _ = out_of_sample_r2(y, [y[2:], y[:2]], folds)
    assert right[:3] == (1, 1, 1)


def test_interval_covers_the_truth():
    """Nominally 95 %: of 60 data sets from one law nearly all intervals hold its R2."""
    rng, covered = np.random.default_rng(0), 0
    truth = 0.5  # variance 1 of signal and 1 of noise, less what fitting costs
    for seed in range(60):
        x = standardised(rng.normal(size=(150, 2)))
        y = x @ np.full(2, 0.5**0.5) + rng.normal(size=150)
        folds = nested_folds(rng.normal(size=(150, 3)), "random", 5, 2, seed)
        (_, low, high, _), _ = out_of_sample_r2(y[:, None], ridge(x, y[:, None], folds), folds)
        covered += low <= truth <= high
    assert covered >= 54

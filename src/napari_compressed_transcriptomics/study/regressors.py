"""Regression of maps on features: ridge of many maps at once, and gradient boosting of one."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.threads import small_algebra
from napari_compressed_transcriptomics.spatial.cross_validation import Fold

REGRESSORS = {"ridge": "ridge", "trees": "gradient boosting"}
"""What regressors are called, by their ids in commands and files."""
# Relative to the mean squared singular value: from none to nothing but the mean.
_PENALTIES = np.logspace(-4, 4, 9)
_MAX_TREES, _EXACT_ROWS = 200, 1000


def standardised(features: np.ndarray) -> np.ndarray:
    """Return features with mean 0 and variance 1, constant ones left out, at most n columns.

    More columns than rows are rotated onto as many as there are rows, which ridge does not
    notice: it only sees inner products of rows.

    Parameters
    ----------
    features : ndarray, shape (n, p)

    Returns
    -------
    ndarray of float64, shape (n, at most min(n, p))
    """
    x = np.asarray(features, float)
    x = x - x.mean(axis=0)
    scale = x.std(axis=0)
    x = x[:, scale > 1e-12] / scale[scale > 1e-12]
    if x.shape[1] <= len(x):
        return x
    squares, vectors = np.linalg.eigh(x @ x.T)
    return vectors * np.sqrt(np.maximum(squares, 0))


@small_algebra()
def ridge(x: np.ndarray, y: np.ndarray, folds: Sequence[Fold]) -> list[np.ndarray]:
    """Predict each fold's held-out rows of many maps by ridge regression.

    The penalty of each map is the one with the least squared error over the inner folds. From
    one singular value decomposition of the training rows, ``x = u s v'``, follow the fits of
    all maps and penalties, ``v s / (s^2 + penalty) u' y`` (Hastie, Tibshirani & Friedman 2009,
    The Elements of Statistical Learning, eq. 3.47), so that a thousand surrogate maps cost
    little more than one.

    Parameters
    ----------
    x : ndarray, shape (n, p)
        See `standardised`.
    y : ndarray, shape (n, m)
        A map a column.
    folds : sequence of Fold

    Returns
    -------
    list of ndarray, shape (n_test, m)
        One a fold.
    """
    predictions = []
    for fold in folds:
        errors = np.zeros((len(_PENALTIES), y.shape[1]))
        for train, test in fold.inner:
            mean, scores, loadings, shrink = _decomposed(x, y, train, test)
            for error, factors in zip(errors, shrink, strict=True):
                residual = scores @ (factors[:, None] * loadings)
                residual += mean
                residual -= y[test]
                error += np.einsum("ij,ij->j", residual, residual)
        # At equal errors the larger penalty: it claims less.
        best = len(_PENALTIES) - 1 - errors[::-1].argmin(axis=0)
        mean, scores, loadings, shrink = _decomposed(x, y, fold.train, fold.test)
        predictions.append(mean + scores @ (shrink[best].T * loadings))
    return predictions


def _decomposed(
    x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return mean of y (m,), scores of the test rows (n, r), u'y (r, m), shrinkage (9, r)."""
    centre, mean = x[train].mean(axis=0), y[train].mean(axis=0)
    x_train = x[train] - centre
    if x_train.shape[1] <= len(x_train):
        u, s, vt = np.linalg.svd(x_train, full_matrices=False)
        kept = s > 1e-9 * max(s.max(initial=0), 1e-300)
        u, s = u[:, kept], s[kept]
        scores = (x[test] - centre) @ vt[kept].T
    else:
        squares, u = np.linalg.eigh(x_train @ x_train.T)
        kept = squares > 1e-12 * squares.max()
        u, s = u[:, kept], np.sqrt(squares[kept])
        scores = (x[test] - centre) @ (x_train.T @ u) / s
    penalties = _PENALTIES[:, None] * np.mean(s**2) if len(s) else _PENALTIES[:, None]
    return mean, scores, u.T @ y[train] - np.outer(u.sum(axis=0), mean), s / (s**2 + penalties)


def gradient_boosting(
    x: np.ndarray, y: np.ndarray, folds: Sequence[Fold], seed: int = 0
) -> list[np.ndarray]:
    """Predict each fold's held-out rows of one map by gradient-boosted trees of scikit-learn.

    Shallow trees with a small step on random halves of the rows (Friedman 2002,
    doi:10.1016/S0167-9473(01)00065-2); the number of trees is the one with the least squared
    error over the inner folds. Histograms of values replace exact splits from 1,000 training
    rows on: below, their bins and leaves are too coarse.

    Parameters
    ----------
    x : ndarray, shape (n, p)
    y : ndarray, shape (n,)
    folds : sequence of Fold
    seed : int

    Returns
    -------
    list of ndarray, shape (n_test,)
    """
    predictions = []
    for fold in folds:
        errors = np.zeros(_MAX_TREES)
        for train, test in fold.inner:
            model = _boosted(len(train), seed).fit(x[train], y[train])
            staged = np.stack(list(model.staged_predict(x[test])))
            errors += ((staged - y[test]) ** 2).sum(axis=1)
        model = _boosted(len(fold.train), seed).fit(x[fold.train], y[fold.train])
        stages = model.staged_predict(x[fold.test])
        predictions.append(next(p for i, p in enumerate(stages) if i == errors.argmin()))
    return predictions


def _boosted(n_rows: int, seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor

    if n_rows < _EXACT_ROWS:
        return GradientBoostingRegressor(
            n_estimators=_MAX_TREES,
            learning_rate=0.05,
            max_depth=2,
            subsample=0.5,
            min_samples_leaf=3,
            random_state=seed,
        )
    return HistGradientBoostingRegressor(
        max_iter=_MAX_TREES, learning_rate=0.05, early_stopping=False, random_state=seed
    )

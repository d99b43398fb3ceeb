"""Cells that the data lack, filled from training samples only."""

from dataclasses import replace

import numpy as np

from .expression import Expression


def filled_from(train: Expression, expression: Expression) -> Expression:
    """Return samples with what they lack set to each gene's mean over the training samples.

    On reading, an empty cell is filled with the mean over all samples, those that are held out
    later included. Here cells that were filled take no part in the mean.

    Parameters
    ----------
    train : Expression
        The samples that may be known.
    expression : Expression
        The samples to fill, of the same genes; may be `train` itself.

    Returns
    -------
    Expression
        `expression` itself where nothing was imputed. A gene that no training sample has is set
        to the mean of all training values.
    """
    if not len(expression.imputed):
        return expression
    columns = np.unique(expression.imputed[:, 1])
    known = np.asarray(train.values[:, columns], float)
    rows, lacking = train.imputed.T
    there = np.isin(lacking, columns)
    known[rows[there], np.searchsorted(columns, lacking[there])] = np.nan
    counts = np.isfinite(known).sum(axis=0)
    means = np.nansum(known, axis=0) / np.maximum(counts, 1)
    if not counts.all():
        means[counts == 0] = train.values[measured(train)].mean()
    values = np.array(expression.values)
    values[tuple(expression.imputed.T)] = means[np.searchsorted(columns, expression.imputed[:, 1])]
    return replace(expression, values=values)


def measured(expression: Expression) -> np.ndarray:
    """Return which cells are the data's own, bool, shape (n_samples, n_genes)."""
    own = np.ones(expression.values.shape, bool)
    own[tuple(expression.imputed.T)] = False
    return own


def imputed_note(expression: Expression) -> str:
    """Return in a sentence how held-out errors take cells that were filled; empty without any."""
    n = len(expression.imputed)
    if not n:
        return ""
    return (
        f"{n:,} empty cell(s) of {expression.name} are filled separately in each fold, with the "
        "gene's mean over the training samples, and left out of the errors"
    )

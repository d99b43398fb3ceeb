"""Cells that the data lack: refused, filled or left out on reading, and filled anew in folds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from .errors import UserError, listing
from .expression import Expression

IMPUTATIONS = ("gene_mean", "drop_genes")


def check_imputation(impute: str | None) -> None:
    """Raise a `UserError` where `impute` is not None or one of `IMPUTATIONS`."""
    if impute is not None and impute not in IMPUTATIONS:
        raise UserError(f"impute is {impute!r}; choose {' or '.join(IMPUTATIONS)}, or leave it out")


def without_missing(
    values: np.ndarray, genes: Sequence[str], where: Sequence[str], path: Path, impute: str | None
) -> tuple[np.ndarray, Sequence[str], str]:
    """Refuse, fill or drop single missing cells; every row here has some value."""
    missing = np.isnan(values)
    count, lacking = int(missing.sum()), np.flatnonzero(missing.any(axis=0))
    if impute is None:
        row, column = np.argwhere(missing)[0]
        raise UserError(
            f"{path.name} has no value in {where[row]}, gene {genes[column]} ({count} empty "
            f"cell(s) in {len(lacking)} gene(s)); fill them, or choose an imputation (gene_mean "
            "or drop_genes)"
        )
    if impute == "drop_genes":
        dropped = [genes[int(column)] for column in lacking]
        kept = np.flatnonzero(~missing.any(axis=0))
        note = (
            f"{len(dropped)} gene(s) with empty cells are left out ({listing(dropped)}); gene_mean "
            "(in the window: the forms Open expression volumes and table) would fill them"
        )
        return values[:, kept], [genes[int(column)] for column in kept], note
    empty = [genes[int(column)] for column in np.flatnonzero(missing.all(axis=0))]
    if empty:
        raise UserError(
            f"{path.name} has genes without any value ({listing(empty)}), which no mean can fill; "
            "remove them or choose drop_genes"
        )
    values = np.where(missing, np.nanmean(values, axis=0, dtype=np.float64), values)
    note = f"{count} empty cell(s) in {len(lacking)} gene(s) are filled with the gene's mean"
    return values, genes, note


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

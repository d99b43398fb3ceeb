"""From paired numbers to what may be said: what chance might have done is not decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

MARGIN = 0.05
"""R2 within which two methods count as alike."""
LEVEL = 0.05


@dataclass(frozen=True)
class Difference:
    """A mean difference of pairs; above 0 the first is better."""

    mean: float
    low: float
    high: float
    """`mean`, `low`, `high`: with the limits of its 95 % confidence interval."""
    p: float
    """Two-sided, of Student's t."""
    n: int = 0
    n_above: int = 0
    """`n`, `n_above`: pairs, and those above 0."""

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, or ``open`` where chance might have done it."""
        if not self.p <= LEVEL:
            return "open"
        return "better" if self.mean > 0 else "worse"

    @property
    def alike(self) -> bool:
        """True where the whole interval lies within `MARGIN`."""
        return self.low > -MARGIN and self.high < MARGIN


def paired(first: Sequence[float], second: Sequence[float], overlap: float = 0.0) -> Difference:
    """Return first minus second, pair by pair, with the interval of Student's t.

    Parameters
    ----------
    first, second : sequence of float
        The larger is the better.
    overlap : float
        Held-out samples by training samples, for pairs that are folds: they train on much the
        same samples, so that their spread says too little (Nadeau & Bengio 2003,
        doi:10.1023/A:1024068626366).
    """
    pairs = np.subtract(first, second)
    n = len(pairs)
    if n < 2:
        return Difference(float(pairs.mean()) if n else np.nan, -np.inf, np.inf, 1.0)
    found = _with_t(pairs.mean(), np.sqrt(pairs.var(ddof=1) * (1 / n + overlap)), n - 1)
    return replace(found, n=n, n_above=int((pairs > 0).sum()))


def jackknifed(whole: float, parts: Sequence[float]) -> Difference:
    """Return a number with its interval from what it is without each of some blocks.

    Delete-a-group jackknife (Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 11).
    """
    n, without = len(parts), np.asarray(parts)
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    return _with_t(whole, error, n - 1)


def _with_t(mean: float, error: float, freedom: int) -> Difference:
    from scipy.stats import t

    half = t.ppf(0.975, freedom) * error
    p = 2 * t.sf(abs(mean) / error, freedom) if error > 0 else float(mean == 0)
    return Difference(float(mean), float(mean - half), float(mean + half), float(p))


def holm(differences: Sequence[Difference]) -> list[Difference]:
    """Correct p-values for the number of comparisons (Holm 1979, Scand J Statist 6:65-70)."""
    found, least = list(differences), 0.0
    by_p = sorted(range(len(found)), key=lambda i: found[i].p)
    for rank, i in enumerate(by_p):
        least = max(least, min(1.0, (len(found) - rank) * found[i].p))
        found[i] = replace(found[i], p=least)
    return found


@dataclass(frozen=True)
class Verdict:
    """What may be said of a claim."""

    words: str
    """In full."""
    n: int = 0
    held: int = 0
    against: int = 0
    """`n`, `held`, `against`: comparisons, those in which it holds, and those in which the opposite
    does."""


NOT_MEASURED = Verdict("not measured")


def against_all(found: Mapping[str, Difference]) -> Verdict:
    """Say whether something beats all others, by name, corrected for their number.

    Examples
    --------
    >>> pca, nmf = Difference(0.1, 0.05, 0.15, 0.01), Difference(0.1, -0.1, 0.3, 0.3)
    >>> against_all({"PCA": pca, "NMF": nmf}).words
    'holds against PCA; not decided against NMF'
    """
    if not found:
        return NOT_MEASURED
    found = dict(zip(found, holm(list(found.values())), strict=True))
    of = {
        verdict: [name for name, difference in found.items() if difference.verdict == verdict]
        for verdict in ("better", "open", "worse")
    }
    words = {
        "better": "holds against",
        "open": "not decided against",
        "worse": "the opposite holds against",
    }
    said = [f"{words[verdict]} {', '.join(names)}" for verdict, names in of.items() if names]
    return Verdict("; ".join(said), len(found), len(of["better"]), len(of["worse"]))


def step(difference: Difference, claimed: str) -> str:
    """Say whether one step of a claimed order (``>`` or ``~``) holds.

    Examples
    --------
    >>> step(Difference(-0.1, -0.2, -0.05, 0.01), ">"), step(Difference(0, -0.01, 0.01, 1), "~")
    ('the opposite', 'holds')
    """
    if claimed == "~" and difference.alike:
        return "holds"
    if difference.verdict == "open":
        return "not decided"
    if claimed == "~":
        return "they differ"
    return "holds" if difference.verdict == "better" else "the opposite"


def order(steps: Sequence[str]) -> Verdict:
    """Say whether a whole order holds, from what `step` says of each of its steps."""
    if not steps:
        return NOT_MEASURED
    held, against = steps.count("holds"), sum(s in ("the opposite", "they differ") for s in steps)
    words = f"of {len(steps)} steps {held} held, {against} contradicted"
    return Verdict(words, len(steps), held, against)


def all_of(verdicts: Iterable[Verdict]) -> str:
    """Sum up verdicts on one claim.

    Examples
    --------
    >>> all_of([Verdict("", 4, 4), Verdict("", 4, 1, 2)])
    'holds in 5 of 8 comparisons, the opposite in 2, not decided in 1'
    """
    verdicts = list(verdicts)
    n, held, against = (
        sum(getattr(v, name) for v in verdicts) for name in ("n", "held", "against")
    )
    if not n:
        return "not measured"
    if held == n:
        return f"holds in all {n} comparisons"
    parts = [
        (held, "holds in"),
        (against, "the opposite in"),
        (n - held - against, "not decided in"),
    ]
    (first, words), *rest = [part for part in parts if part[0]]
    said = [f"{words} {first} of {n} comparisons", *(f"{w} {count}" for count, w in rest)]
    return ", ".join(said)


def by_group(values: Mapping[str, float], group: Mapping[str, str]) -> dict[str, float]:
    """Return the mean of each group: maps of one receptor are not independent."""
    members: dict[str, list[float]] = {}
    for name, value in values.items():
        members.setdefault(group[name], []).append(value)
    return {name: float(np.mean(of)) for name, of in members.items()}


def corrected(p: Sequence[float]) -> np.ndarray:
    """Return Benjamini and Hochberg's corrected p-values; NaN stays NaN."""
    from scipy.stats import false_discovery_control

    p = np.array(p, float)
    known = np.isfinite(p)
    if known.any():
        p[known] = false_discovery_control(p[known])
    return p

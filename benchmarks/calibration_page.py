"""The page of the false positives: counts, their intervals, and what they say."""

import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from napari_compressed_transcriptomics.core.provenance import versions

from .calibration import _MANY, LEVEL, SURROGATES, Job

Result = tuple[Job, dict[str, int]]

COLUMNS = {
    "now": "now",
    "unknown": "compartments not known",
    "before": "one field for the whole brain (before)",
}


def page(results: list[Result], n_missing: int = 0) -> str:
    """Return the whole page as Markdown; it says how many lines are not measured yet."""
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    of = {what: [r for r in results if r[0].what == what] for what in _PARTS}
    return "\n".join(
        [
            "# False positives\n",
            "How often p-values are at most 0.05 where there is nothing to find, and how often "
            "samples like the training data are called unlike it: both should be about 5 % of the "
            "time. Written by `make calibration` on "
            f"{datetime.now(UTC):%Y-%m-%d} ({used}; {platform.machine()}). In brackets are exact "
            f"95 % binomial intervals; each p-value is from {SURROGATES} surrogate maps.\n",
            *([f"Not measured yet: {n_missing} lines.\n"] if n_missing else []),
            *(line for what, part in _PARTS.items() if of[what] for line in part(of[what])),
        ]
    )


def interval(count: int, n: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share (Clopper & Pearson 1934)."""
    from scipy.stats import binomtest

    found = binomtest(count, n).proportion_ci()
    return float(found.low), float(found.high)


def verdict(count: int, n: int) -> str:
    """Say whether a share of false positives is what it should be.

    Examples
    --------
    >>> [verdict(count, 200) for count in (0, 10, 40)]
    ['conservative', '', '**too many**']
    """
    low, high = interval(count, n)
    return "**too many**" if low > LEVEL else "conservative" if high < LEVEL else ""


def _prediction(results: list[Result]) -> Iterator[str]:
    yield "## Prediction of maps\n"
    yield (
        "Maps that are related to nothing are predicted from 8 components of PCA, by ridge, blocks "
        "of space held out (five folds, drawn once). Each map is a Gaussian field (or its "
        "exponential: lognormal) of one of three forms of covariance and three lengths, symmetric "
        "(twins alike to 95 %) or not; a step, up or down by chance, sets each other compartment "
        "apart from the cortex, in standard deviations of the cortex; spread is the standard "
        "deviation of these compartments, in that of the cortex. Places are the regions of two "
        "atlases, and voxels of the synthetic brain. Compartments are known from the names of "
        "regions, or from the synthetic anatomy. *Before* is the null that this project had: one "
        "field of one smoothness for the whole brain.\n"
    )
    cells = [(job, counts) for job, counts in results if job.size != _MANY]
    verdicts = [verdict(counts["now"], counts["n"]) for _, counts in cells]
    many, few = verdicts.count("**too many**"), verdicts.count("conservative")
    yield (
        f"Of {len(cells)} kinds of maps the interval lies above 5 % in {many}, and below it in "
        f"{few} (by chance about {0.025 * len(cells):.0f} each). Together, by what sets them "
        "apart:\n"
    )
    yield from _table(["", "maps", *COLUMNS.values()], list(_pooled(cells)))
    large = [(job, counts) for job, counts in results if job.size == _MANY]
    if large:
        yield f"{_MANY} voxels of the synthetic brain, more than smoothness is fitted to:\n"
        yield from _table(["", "maps", "now", ""], [_cell(*one, ("now",)) for one in large])
    yield "All kinds of maps:\n"
    yield from _table(
        ["", "maps", *COLUMNS.values(), ""], [_cell(*one, tuple(COLUMNS)) for one in cells]
    )


def _pooled(cells: list[Result]) -> Iterator[list[str]]:
    keys: list[Callable[[Job], str]] = [
        lambda job: f"`{job.data}`, step {job.kind.step:g} SD",
        lambda job: f"{job.kind.shape}, {job.kind.length_mm:g} mm",
        lambda job: "symmetric" if job.kind.symmetric else "not symmetric",
        lambda job: "lognormal" if job.kind.lognormal else "normal",
        lambda job: f"spread {job.kind.spread:g}",
    ]
    for key in keys:
        for name in dict.fromkeys(key(job) for job, _ in cells):
            yield [name, *_sums([counts for job, counts in cells if key(job) == name])]
    yield ["all", *_sums([counts for _, counts in cells])]


def _sums(of: list[dict[str, int]]) -> list[str]:
    row = [f"{sum(counts['n'] for counts in of):,}"]
    for name in COLUMNS:
        there = [counts for counts in of if name in counts]
        row.append(_share(sum(c[name] for c in there), sum(c["n"] for c in there)))
    return row


def _cell(job: Job, counts: dict[str, int], columns: tuple[str, ...]) -> list[str]:
    kind = job.kind
    name = f"`{job.data}`, {kind.shape} {kind.length_mm:g} mm, step {kind.step:g}"
    name += "" if kind.symmetric else ", not symmetric"
    name += ", lognormal" if kind.lognormal else ""
    name += f", spread {kind.spread:g}" if kind.spread != 1 else ""
    shares = [_share(counts[c], counts["n"]) if c in counts else "" for c in columns]
    return [name, str(counts["n"]), *shares, verdict(counts["now"], counts["n"])]


def _coherence(results: list[Result]) -> Iterator[str]:
    yield "## Anatomical coherence\n"
    yield (
        "Tables of 60 genes, made of a dozen symmetric fields (exponential, 30 mm, a step of 2 SD "
        "between compartments) that have nothing to do with the regions, are compressed into 2 "
        "or 8 components; regions are the lobes of the Desikan-Killiany atlas and the 7 networks "
        "of Schaefer's. *Together* is the measure of all components at once, *each* is that of "
        "one. *Now*, surrogates have the spatial patterns of the components with other signs. "
        "*Before*, surrogates of all components together were drawn one component at a time, "
        "though components correlate. Moran's I and the correlation of hemispheres are "
        "descriptions and have no p-value.\n"
    )
    rows = []
    for job, c in results:
        rows.append(
            [
                f"`{job.data}`, {job.method}, k = {job.size}",
                str(c["n"]),
                _share(c["now"], c["n"]),
                _share(c["before"], c["n"]),
                _share(c["now each"], c["n each"]),
                _share(c["before each"], c["n each"]),
                verdict(c["now"], c["n"]),
            ]
        )
    header = ["latents", "tables", "together, now", "before", "each, now", "before", "together"]
    yield from _table(header, rows)


def _novelty(results: list[Result]) -> Iterator[str]:
    yield "## Distance to the training data\n"
    yield (
        "Each fifth of the samples (at random) is held out in turn, a codec is fitted to the rest, "
        "and the share of held-out samples that it calls outside is counted; about 5 % are meant "
        "to be. Samples of one brain are not independent, so the intervals are too narrow.\n"
    )
    yield from _table(
        ["codec", "held-out samples", "outside", ""],
        [
            [
                f"`{job.data}`, {job.method}, k = {job.size}",
                str(c["n"]),
                _share(c["now"], c["n"]),
                verdict(c["now"], c["n"]),
            ]
            for job, c in results
        ],
    )


_PARTS = {"prediction": _prediction, "coherence": _coherence, "novelty": _novelty}


def _share(count: int, n: int) -> str:
    if not n:
        return ""
    low, high = interval(count, n)
    return f"{count / n:.1%} ({low:.1%} to {high:.1%})"


def _table(header: list[str], rows: list[list[str]]) -> Iterator[str]:
    for row in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""

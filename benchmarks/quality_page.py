"""The tables of `benchmarks.quality`: one page, and a short one for the site."""

import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.core.provenance import versions

if TYPE_CHECKING:
    from .quality import Data

HERE = Path(__file__).parent
SHORT, PAGE = HERE.parent / "docs" / "explanation" / "quality.md", HERE / "quality.md"
SIZES = (2, 4, 8, 16, 32)
TITLES = {
    "autoencoder": "published recipe",
    "residual": "residual (default)",
    "pca": "PCA",
    "nmf": "NMF",
    "kernel-pca": "kernel PCA",
}
METHODS = tuple(TITLES)
_SPLITS = ("random", "blocks")
TARGETS = dict(zip(SIZES, (0.91, 0.85, 0.88, 0.95, 0.99), strict=True))
"""Of default / PCA on tables of the human brain, random folds."""
NEAR_BEST = 1.005

Found = dict[tuple[int, str], np.ndarray]
"""RMSE of each fold, (FOLDS,), by latent size and method; NaN where it is not there."""


def write_pages(sets: "dict[str, Data]", found: dict[str, dict[str, Found]]) -> None:
    """Write `quality.md`, and the table of the explanation between its marks.

    Parameters
    ----------
    sets : dict
        Data sets by name.
    found : dict
        Errors by name and split.
    """
    tables = "\n".join(line for name in sets for line in _tables(sets[name], found[name]))
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    head = (
        "RMSE on samples that were not used in fitting: mean ± standard deviation over five "
        "folds; the lowest is bold. In brackets are the least and the largest ratio of a fold. All "
        "choices (epochs, kernel width, ridge) are made inside the training folds.\n\n"
        f"{about_folds(sets)}\n\n"
        f"Made by `make quality` on {datetime.now(UTC):%Y-%m-%d} with {used}; "
        f"{platform.machine()}, one thread a fit."
    )
    PAGE.write_text(f"# Quality\n\n{head}\n{tables}\n", encoding="utf-8")
    write_between(SHORT, "quality", f"{summary(found)}\n\n{about_folds(sets)}")
    print(tables)


def about_folds(sets: "dict[str, Data]") -> str:
    """Return what random folds leave in training, and what blocks do not."""
    twins = [[data.twins_in_training(split) for data in sets.values()] for split in _SPLITS]
    away = [[np.median(data.distances(split)) for data in sets.values()] for split in _SPLITS]
    buffers = [data.buffer_mm for data in sets.values()]
    return (
        f"Random folds leave the twin of a held-out sample in the other hemisphere in training for "
        f"{_span(twins[0], '.0%')} of them; the nearest training sample or mirror image is "
        f"{_span(away[0], '.0f')} mm away (median). Blocks are contiguous fifths of the brain with "
        f"their mirror image and a buffer of {_span(buffers, '.0f')} mm, where the correlation of "
        f"samples has fallen to one half (less where under half of the samples would be left to "
        f"train on): twins are in training for {_span(twins[1], '.0%')}, and the nearest training "
        f"sample is {_span(away[1], '.0f')} mm away."
    )


def _span(numbers: list[float], how: str) -> str:
    ends = list(dict.fromkeys(format(end, how) for end in (min(numbers), max(numbers))))
    return " to ".join(ends)


def summary(found: dict[str, dict[str, Found]]) -> str:
    """Return a short table of RMSE over that of PCA, random folds and blocks side by side."""
    text = [
        "RMSE over that of PCA, on random samples held out / on blocks held out:",
        "",
        "| data | method | " + " | ".join(f"k = {size}" for size in SIZES) + " |",
        "|" + "---|" * (len(SIZES) + 2),
    ]
    for name, of in found.items():
        for method in ("residual", "autoencoder", "kernel-pca", "nmf"):
            cells = [
                " / ".join(_ratio(of[split], size, method) for split in _SPLITS) for size in SIZES
            ]
            if any(cell != "– / –" for cell in cells):
                text.append(f"| {name} | {TITLES[method]} | {' | '.join(cells)} |")
    return "\n".join(text)


def _ratio(of: Found, size: int, method: str) -> str:
    ratio = of[size, method].mean() / of[size, "pca"].mean()
    return "–" if np.isnan(ratio) else f"{ratio:.2f}"


def _tables(data: "Data", found: dict[str, Found]) -> Iterator[str]:
    """Yield the tables of one data set."""
    n, genes = data.expression.values.shape
    yield f"\n### {data.expression.name} ({n:,} x {genes:,})"
    for split, of in found.items():
        away = data.distances(split)
        sizes = [len(train) for train, _ in data.folds[split]]
        buffer = f" with a buffer of {data.buffer_mm:.1f} mm" if split == "blocks" else ""
        yield (
            f"\n{split.capitalize()}{buffer}: {_span(sizes, ',')} samples train; the nearest of "
            f"them is {away.min():.0f} mm away or more, {np.median(away):.0f} mm in the middle.\n"
        )
        yield from lines(of, TARGETS if n < 1000 and split == "random" else {})


def lines(found: Found, targets: dict[int, float]) -> Iterator[str]:
    """Yield a table of errors; `targets` are of default / PCA by latent size."""
    yield (
        "| k | " + " | ".join(TITLES[method] for method in METHODS) + " | default / PCA | target |"
    )
    yield "|" + "---|" * (len(METHODS) + 3)
    for size in SIZES:
        of = {method: found[size, method] for method in METHODS}
        whole = {method: rmse.mean() for method, rmse in of.items() if np.isfinite(rmse).all()}
        best = min(whole.values(), default=np.nan)
        cells = [cell(rmse, rmse.mean() == best) for rmse in of.values()]
        each = of["residual"] / of["pca"]
        ratio = of["residual"].mean() / of["pca"].mean()
        others = min((rmse for name, rmse in whole.items() if name != "residual"), default=np.nan)
        reached = of["residual"].mean() <= NEAR_BEST * others
        target = "not above the best + 0.5 %"
        if size in targets:
            reached &= ratio <= targets[size]
            target = f"{targets[size]:.2f}"
        verdict = "not measured" if np.isnan(ratio) else "reached" if reached else "NOT reached"
        yield (
            f"| {size} | {' | '.join(cells)} | {ratio:.3f} ({each.min():.3f} to {each.max():.3f}) "
            f"| {target}: {verdict} |"
        )


def cell(rmse: np.ndarray, is_best: bool) -> str:
    """Return mean and spread over the folds that were measured, and how many if not all."""
    there = rmse[np.isfinite(rmse)]
    if len(there) < len(rmse):
        mean = f"{there.mean():.4f}, " if len(there) else ""
        return f"({mean}{len(there)} of {len(rmse)} folds)"
    bold = "**" if is_best else ""
    return f"{bold}{there.mean():.4f}{bold} ± {there.std(ddof=1):.4f}"


def write_between(path: Path, mark: str, text: str) -> None:
    """Replace what stands between two comments in a Markdown file."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    page = path.read_text(encoding="utf-8")
    before, rest = page.split(begin)
    path.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")

"""Measure how well each method gives back samples it has not seen, and write the table.

Every method is fitted to four fifths of the samples and measured on the fifth left out, five
times; whatever a method chooses (when to stop, how to regularise), it chooses within the four
fifths. Results are kept one by one in `benchmarks/.quality`, so a run that was interrupted goes on.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.core.codec import codec_class
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.progress import finish
from napari_compressed_transcriptomics.core.provenance import array_sha256, versions
from napari_compressed_transcriptomics.core.recipes import recipe_settings
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain

HERE = Path(__file__).parent
ROOT = HERE.parent
CACHE = HERE / ".quality"
DATA = Path(os.environ.get("CT_TEST_DATA", ROOT.parent / "shared" / "data")) / "expr"

FILES = {
    "ahba_dk82": "ahba_dk82_r0.6.csv",
    "ahba_schaefer100": "ahba_schaefer100_r0.6.csv",
    "ahba_schaefer200": "ahba_schaefer200_r0.6.csv",
}
SIZES = (2, 4, 8, 16, 32)
FOLDS, SEED = 5, 0
METHODS = ("published", "default", "pca", "nmf", "kernel-pca")
TITLES = {
    "published": "published recipe",
    "default": "residual (default)",
    "pca": "PCA",
    "nmf": "NMF",
    "kernel-pca": "kernel PCA",
}
TARGETS = dict(zip(SIZES, (0.91, 0.85, 0.88, 0.95, 0.99), strict=True))
NEAR_BEST = 1.005


def load(name: str) -> Expression:
    """Return a data set; leave with one sentence where it is absent."""
    if name == "synthetic_brain":
        return synthetic_brain()
    import pandas as pd

    path = DATA / FILES[name]
    if not path.exists():
        sys.exit(f"{path} is absent; set CT_TEST_DATA to the folder of the real data")
    table = pd.read_csv(path, index_col=0).dropna(how="all")
    return of_rows(table.to_numpy(np.float32), tuple(table.columns), name)


def of_rows(values: np.ndarray, genes: tuple[str, ...], name: str) -> Expression:
    """Make an Expression without anatomy, which no method here looks at."""
    parcellation = Parcellation.from_mask(np.ones((len(values), 1, 1), bool), np.eye(4))
    return Expression(values, genes, tuple(map(str, range(len(values)))), parcellation, name)


def folds(n: int) -> list[np.ndarray]:
    """Return the rows left out in each fold."""
    return np.array_split(np.random.default_rng(SEED).permutation(n), FOLDS)


def fitted_and_measured(data: Expression, size: int, fold: int, method: str) -> dict:
    """Fit to all folds but one; return the RMSE on that one, and what it took."""
    left_out = folds(data.n_samples)[fold]
    learned = np.delete(np.arange(data.n_samples), left_out)
    train = of_rows(data.values[learned], data.genes, data.name)
    test = np.asarray(data.values[left_out])
    recipe = method in ("published", "default")
    codec_id, settings = recipe_settings(method) if recipe else (method, {})
    begun = time.perf_counter()
    steps = codec_class(codec_id).fit_steps(train, size, seed=SEED, device="cpu", **settings)
    codec = finish(steps)
    seconds = time.perf_counter() - begun
    error = codec.decode(codec.encode(test)).astype(float) - test
    return {
        "rmse": float(np.sqrt(np.square(error).mean())),
        "seconds": seconds,
        "epochs": codec.training.get("epochs"),
        "best_epoch": codec.training.get("best_epoch"),
    }


def result(data: Expression, size: int, fold: int, method: str, measure: bool = True) -> float:
    """Return the RMSE of one fit, from the cache if it is there; NaN if it may not be measured."""
    about = {"data": array_sha256(np.asarray(data.values)), "seed": SEED}
    path = CACHE / f"{data.name}_{size}_{fold}_{method}.json"
    if path.exists():
        kept = json.loads(path.read_text())
        if kept["about"] == about:
            return kept["rmse"]
    if not measure:
        return float("nan")
    made = {"about": about, **fitted_and_measured(data, size, fold, method)}
    CACHE.mkdir(exist_ok=True)
    path.write_text(json.dumps(made))
    print(f"{path.stem}: {made['rmse']:.5f} in {made['seconds']:.1f} s", flush=True)
    return made["rmse"]


def lines(name: str, found: "Found", shape: str) -> Iterator[str]:
    """Yield the table of one data set from the RMSE of each (size, method), (FOLDS,) each."""
    yield f"\n### {name} ({shape})\n"
    yield (
        "| k | " + " | ".join(TITLES[method] for method in METHODS) + " | default / PCA | target |"
    )
    yield "|" + "---|" * (len(METHODS) + 3)
    for size in SIZES:
        of = {method: found[size, method] for method in METHODS}
        whole = {method: rmse for method, rmse in of.items() if np.isfinite(rmse).all()}
        best = min(rmse.mean() for rmse in whole.values())
        cells = [cell(rmse, rmse.mean() == best) for rmse in of.values()]
        ratio = of["default"].mean() / of["pca"].mean()
        each = of["default"] / of["pca"]
        others = min(rmse.mean() for method, rmse in whole.items() if method != "default")
        reached = of["default"].mean() <= NEAR_BEST * others
        target = "not above the best + 0.5 %"
        if name in FILES:
            reached &= ratio <= TARGETS[size]
            target = f"{TARGETS[size]:.2f}"
        yield (
            f"| {size} | {' | '.join(cells)} | {ratio:.3f} ({each.min():.3f} to {each.max():.3f}) "
            f"| {target}: {'reached' if reached else 'NOT reached'} |"
        )


def cell(rmse: np.ndarray, is_best: bool) -> str:
    """Return mean and spread over the folds that were measured, and how many if not all."""
    there = rmse[np.isfinite(rmse)]
    if len(there) < len(rmse):
        mean = f"{there.mean():.4f}, " if len(there) else ""
        return f"({mean}{len(there)} of {len(rmse)} folds)"
    bold = "**" if is_best else ""
    return f"{bold}{there.mean():.4f}{bold} ± {there.std(ddof=1):.4f}"


Found = dict[tuple[int, str], np.ndarray]
"""RMSE of each fold, (FOLDS,), by latent size and method."""


def measured(data: Expression, methods: list[str], measure: bool) -> Found:
    """Return the errors on a data set, measuring what is not there yet if so told."""
    return {
        (size, method): np.array(
            [result(data, size, fold, method, measure) for fold in range(FOLDS)]
        )
        for method, size in product(methods, SIZES)
    }


def summary(found: dict[str, Found]) -> str:
    """Return a short table of RMSE over that of PCA, for the README."""
    text = [
        "| data | method | " + " | ".join(f"k = {size}" for size in SIZES) + " |",
        "|" + "---|" * (len(SIZES) + 2),
    ]
    for name, of in found.items():
        for method in ("default", "published", "kernel-pca", "nmf"):
            ratios = [of[size, method].mean() / of[size, "pca"].mean() for size in SIZES]
            cells = ["" if np.isnan(ratio) else f"{ratio:.2f}" for ratio in ratios]
            if any(cells):
                text.append(f"| {name} | {TITLES[method]} | {' | '.join(cells)} |")
    return "\n".join(text)


def write_between(path: Path, mark: str, text: str) -> None:
    """Replace what stands between two comments in a Markdown file."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    page = path.read_text(encoding="utf-8")
    before, rest = page.split(begin)
    path.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    every = [*FILES, "synthetic_brain"]
    parser.add_argument("--data", nargs="+", choices=every, default=every)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--fresh", action="store_true", help="measure all anew")
    parser.add_argument("--as-is", action="store_true", help="write what was measured so far")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.fresh:
        for name, method in product(given.data, given.methods):
            for path in CACHE.glob(f"{name}_*_{method}.json"):
                path.unlink()
    sets = {name: replace(load(name), name=name) for name in given.data}
    found = {name: measured(data, given.methods, not given.as_is) for name, data in sets.items()}
    if given.data != every or given.methods != list(METHODS):
        return  # a part of the measurements, for the cache
    tables = "\n".join(
        line
        for name, data in sets.items()
        for line in lines(name, found[name], f"{data.n_samples:,} x {data.n_genes:,}")
    )
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    head = (
        "RMSE on samples that were not used in fitting: mean ± standard deviation over five "
        "folds; the lowest is bold. In brackets are the least and the largest ratio of a fold. All "
        "choices (epochs, kernel width, ridge) are made inside the training folds.\n\n"
        f"Made by `make quality` on {datetime.now(UTC):%Y-%m-%d} with {used}; "
        f"{platform.machine()}, one thread."
    )
    write_between(ROOT / "README.md", "quality", summary(found))
    (HERE / "quality.md").write_text(f"# Quality\n\n{head}\n{tables}\n", encoding="utf-8")
    print(tables)


if __name__ == "__main__":
    main()

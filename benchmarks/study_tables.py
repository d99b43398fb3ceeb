"""The tables and figures of the study's page, of one data set."""

from collections.abc import Callable, Iterator

import numpy as np

from .study_claims import (
    ANATOMICAL,
    AUTOENCODERS,
    MEASURES,
    SIGNIFICANT,
    TITLES,
    Found,
    beyond_chance,
    r2,
    reconstruction,
    rmse,
    sizes_of,
    sizes_predicted,
    steps,
)
from .study_rules import Difference, step

HOW = {"blocks": "blocks of space held out", "random": "random samples held out"}


def tables(found: Found) -> Iterator[str]:
    name = found.data.name
    if found.errors:
        yield f"![Error on held-out samples]({name}/comparison.png)\n"
    for split, how in HOW.items():
        if errors := rmse(found, split):
            yield f"Held-out RMSE, {how}: mean ± standard deviation over folds.\n"
            yield from _rmse_table(errors)
    for method in AUTOENCODERS:
        if reconstruction(found, "blocks", method):
            yield (
                f"RMSE of the {TITLES[method]} over that of each other, blocks held out (geometric "
                "mean of folds, 95 % interval).\n"
            )
            yield from _ratio_table(found, method)
    if found.coherence:
        yield f"![Anatomical coherence]({name}/coherence.png)\n"
        yield (
            "Coherence of the components: median (and of how many regions explain more than of "
            f"maps as smooth and as symmetric, p <= {SIGNIFICANT}). Moran's I and the correlation "
            "of hemispheres describe: any smooth symmetric map has them. Regions are "
            f"{found.regions}; the subcortex is in none of them.\n"
        )
        yield from _coherence_table(found)
    if found.scores:
        yield f"![Prediction of maps]({name}/prediction.png)\n"
        yield (
            f"Prediction of {len({s.target for s in found.scores})} maps: out-of-sample R2 by "
            f"ridge. {found.n_subcortical} of the {found.n_targets} targets have values in the "
            "subcortex, too, the others in the cortex only. The last two columns are other means: "
            "by gradient boosting (one map of each measure, folds drawn once), and by ridge with "
            "random folds.\n"
        )
        yield from _prediction_table(found)
        yield (
            "Steps of the published order: difference of R2 (95 % interval over measures), and "
            "what that says after correction for the number of steps.\n"
        )
        yield from _step_table(found)


def _rmse_table(errors: dict[tuple[str, int], np.ndarray]) -> Iterator[str]:
    sizes = sizes_of(errors)
    best = {k: min(e.mean() for (_, size), e in errors.items() if size == k) for k in sizes}

    def cell(method: str, size: int) -> str:
        if (method, size) not in errors:
            return ""
        of = errors[method, size]
        bold = "**" if of.mean() == best[size] else ""
        return f"{bold}{of.mean():.4f}{bold} ± {of.std(ddof=1):.4f}"

    rows = dict.fromkeys(method for method, _ in errors)
    yield from _table(
        ["method", *(f"k = {k}" for k in sizes)],
        [[TITLES[method], *(cell(method, k) for k in sizes)] for method in rows],
    )


def _ratio_table(found: Found, method: str) -> Iterator[str]:
    sizes = [k for k in sizes_of(rmse(found, "blocks")) if (method, k) in rmse(found, "blocks")]
    columns = [reconstruction(found, "blocks", method, k) for k in (*sizes, None)]
    yield from _table(
        [TITLES[method] + " /", *(f"k = {k}" for k in sizes), "all k", "lower in"],
        [
            [
                TITLES[other],
                *(_ratio(c[other]) if other in c else "" for c in columns),
                f"{all_k.n_above} of {all_k.n} folds",
            ]
            for other, all_k in columns[-1].items()
        ],
    )


def _ratio(difference: Difference) -> str:
    low, high = np.exp(-difference.high), np.exp(-difference.low)
    return f"{np.exp(-difference.mean):.2f} ({low:.2f} to {high:.2f})"


def _coherence_table(found: Found) -> Iterator[str]:
    def cell(key: tuple[str, int], measure: str) -> str:
        passed, n = beyond_chance(found, *key)
        median = f"{found.coherence[key]['medians'][measure]:.2f}"
        return f"{median} ({passed} of {n})" if measure == ANATOMICAL else median

    yield from _table(
        ["method", "k", *MEASURES.values()],
        [
            [TITLES[key[0]], str(key[1]), *(cell(key, measure) for measure in MEASURES)]
            for key in found.coherence
        ],
    )


def _prediction_table(found: Found) -> Iterator[str]:
    def mean(of: dict, keep: Callable[[str], bool] = bool, how: Callable = np.mean) -> str:
        values = [score.r2 for target, score in of.items() if keep(target)]
        return f"{how(values):.2f}" if values else ""

    rows = []
    ridge = [s for s in found.scores if (s.regressor, s.split) == ("ridge", "blocks")]
    for method, size in dict.fromkeys((s.method, s.latent_size) for s in ridge):
        blocks = r2(found, method, size)
        known = [score.p_fdr for score in blocks.values() if np.isfinite(score.p_fdr)]
        passed = sum(p <= SIGNIFICANT for p in known)
        rows.append(
            [
                TITLES[method],
                str(size),
                mean(blocks),
                mean(blocks, how=np.median),
                mean(blocks, lambda target: not target.startswith("pet/")),
                mean(blocks, lambda target: target.startswith("pet/")),
                f"{passed} of {len(known)}" if known else "",
                mean(r2(found, method, size, "trees")),
                mean(r2(found, method, size, "ridge", "random")),
            ]
        )
    yield from _table(
        ["method", "k", "mean R2", "median R2", "tables", "volumes", f"p_fdr <= {SIGNIFICANT}",
         "gradient boosting", "ridge, random folds"],
        rows,
    )  # fmt: skip


def _step_table(found: Found) -> Iterator[str]:
    rows = []
    for size in sizes_predicted(found):
        for method in AUTOENCODERS:
            chain = steps(found, method, size)
            for first, sign, second, difference in chain:
                if method != "autoencoder" and first != method:
                    continue  # the rest of the order is the same
                claimed = f"{TITLES[first]} {sign} {TITLES[second]}"
                rows.append([claimed, str(size), _difference(difference), step(difference, sign)])
    yield from _table(["step", "k", "difference of R2", ""], rows)


def _difference(difference: Difference) -> str:
    return f"{difference.mean:+.2f} ({difference.low:+.2f} to {difference.high:+.2f})"


def _table(header: list[str], rows: list[list[str]]) -> Iterator[str]:
    for row in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""

"""The page of the study: tables, what holds and what does not, and what to bear in mind.

Each sentence with a number or a judgement is made from the numbers by `study_rules`.
"""

import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from napari_compressed_transcriptomics.core.provenance import versions
from napari_compressed_transcriptomics.study.regressors import REGRESSORS

from .study_claims import (
    AUTOENCODERS,
    SIGNIFICANT,
    TITLES,
    Found,
    all_genes,
    anatomical,
    beyond_chance,
    named,
    others,
    r2,
    reconstruction,
    rmse,
    sizes_of,
    sizes_predicted,
    steps,
)
from .study_rules import MARGIN, NOT_MEASURED, Verdict, against_all, all_of, order, step
from .study_tables import HOW, tables


def page(found: list[Found]) -> str:
    """Return the whole page as Markdown."""
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    text = [
        "# The published claims on real data\n",
        "[Ruffle et al. 2024](https://doi.org/10.1002/hbm.26795) report that deep autoencoders "
        "beat PCA, NMF, kernel PCA, UMAP and t-SNE in reconstruction, anatomical coherence and "
        "prediction. Here these claims are put to two small public tables of the Allen Human "
        "Brain Atlas: "
        f"{' and '.join(_shape(one) for one in found)}. The residual autoencoder is this project's "
        "own default, about which nothing has been published. Written by `make study` on "
        f"{datetime.now(UTC):%Y-%m-%d}, the sentences, too, from the numbers ({used}; "
        f"{platform.machine()}).\n",
    ]
    for one in found:
        text += [f"## {one.data.name}\n", *tables(one)]
    text += ["## What holds and what does not on such data\n", *_claims(found)]
    text += ["## What to bear in mind\n", *_caveats(found)]
    text += ["## Targets\n", *_targets(found)]
    return "\n".join(text) + "\n"


def _shape(found: Found) -> str:
    return f"`{found.data.name}` ({found.data.n_samples} regions x {found.data.n_genes:,} genes)"


def _claims(found: list[Found]) -> Iterator[str]:
    yield (
        "Against each other method a claim holds, or its opposite, where the paired difference has "
        "p <= 0.05 by Student's t, corrected for the number of methods in the sentence (Holm). All "
        "else is not decided, which is not the same as equal. t-SNE cannot reconstruct, and UMAP "
        "decodes from its nearest training samples.\n"
    )
    for method in AUTOENCODERS:
        for split, how in HOW.items():
            yield from _claim(
                f"The {TITLES[method]} reconstructs better than PCA, NMF, kernel PCA and UMAP "
                f"({how}, mean over numbers of components)",
                found,
                lambda one, m=method, s=split: {"": against_all(named(reconstruction(one, s, m)))},
            )
    yield from _claim(
        "Two components of the published autoencoder already show anatomy (regions explain more of "
        f"both than of maps as smooth and as symmetric, p <= {SIGNIFICANT})",
        found,
        lambda one: {"": _anatomy(one)},
    )
    for method in AUTOENCODERS:
        yield from _claim(
            f"Regions explain more of the components of the {TITLES[method]} than of the others'",
            found,
            lambda one, m=method: {
                f"k = {k}": against_all(named(anatomical(one, m, k)))
                for k in sizes_of(one.coherence)
            },
        )
    for method in AUTOENCODERS:
        for regressor, title in REGRESSORS.items():
            yield from _claim(
                f"From the {TITLES[method]} maps are predicted better than from the others "
                f"({title})",
                found,
                lambda one, m=method, r=regressor: {
                    f"k = {k}": against_all(named(others(one, m, k, r)))
                    for k in sizes_predicted(one)
                },
            )
    yield from _claim(
        "For reference, all genes predict maps better than the components of each method (ridge)",
        found,
        lambda one: {
            f"k = {k}": against_all(named(all_genes(one, k))) for k in sizes_predicted(one)
        },
    )
    yield from _claim(
        "Prediction ranks published autoencoder > t-SNE > UMAP > kernel PCA ~ PCA > NMF (alike: "
        f"the whole interval within ± {MARGIN:g} of R2)",
        found,
        lambda one: {f"k = {k}": _order(one, k) for k in sizes_predicted(one)},
    )


def _claim(
    claim: str, found: list[Found], decide: Callable[[Found], dict[str, Verdict]]
) -> Iterator[str]:
    said = {one.data.name: decide(one) for one in found}
    verdicts = [verdict for of in said.values() for verdict in of.values()]
    yield f"**{claim}: {all_of(verdicts)}.**\n"
    for name, of in said.items():
        told = {label: verdict for label, verdict in of.items() if verdict.n}
        words = (f"{label}: {v.words}" if label else v.words for label, v in told.items())
        yield f"- `{name}`: {'. '.join(words) or 'not measured'}."
    yield ""


def _anatomy(found: Found) -> Verdict:
    passed, n = beyond_chance(found, "autoencoder", 2)
    if not n:
        return NOT_MEASURED
    pca, of = beyond_chance(found, "pca", 2)
    return Verdict(f"{passed} of {n} components (PCA: {pca} of {of})", n, passed)


def _order(found: Found, size: int) -> Verdict:
    verdict = order([step(d, sign) for _, sign, _, d in steps(found, "autoencoder", size)])
    means = {}
    for method in TITLES:
        if method != "genes" and (scores := r2(found, method, size)):
            means[method] = np.mean([score.r2 for score in scores.values()])
    ranking = sorted(means, key=lambda method: -means[method])
    measured = ", ".join(f"{TITLES[method]} {means[method]:.2f}" for method in ranking)
    return replace(verdict, words=f"{verdict.words} (mean R2: {measured})") if ranking else verdict


def _caveats(found: list[Found]) -> Iterator[str]:
    n = [one.data.n_samples for one in found]
    yield (
        f"- Small data: {min(n)} to {max(n)} regions, each the mean of its tissue samples, of six "
        "donors of whom four gave the left hemisphere only. The published system learned from "
        "thousands of voxels and 15,633 genes. What holds here may not hold there, and the "
        "other way round."
    )
    for one in found:
        blocks, random = rmse(one, "blocks"), rmse(one, "random")
        both = [key for key in blocks if key in random]
        if both:
            ratio = np.exp(
                np.mean([np.log(blocks[k]).mean() - np.log(random[k]).mean() for k in both])
            )
            yield (
                "- Contiguous blocks of space are held out, each with its mirror image (and, in "
                "reconstruction, a buffer), as neighbours and twins would give the answer "
                "away. On "
                f"`{one.data.name}` "
                f"the error is {ratio:.2f} times that with random folds (geometric mean over "
                "methods and k)."
            )
    yield (
        "- Folds share most of their training samples; the intervals allow for that (Nadeau & "
        "Bengio 2003), and of five folds they are wide. In none of them is what another seed would "
        "give: each codec for coherence and prediction was fitted once."
    )
    yield (
        "- In prediction codecs have seen the expression of all regions, though no target: only "
        "the regression is held out. p-values are those of ridge with blocks, against "
        "surrogate maps as smooth and as symmetric, with the same steps between cortex and "
        "subcortex (how many are [false positives](../calibration.md) was counted); "
        "corrected for the number of targets, not for the number of methods."
    )
    yield (
        "- Target maps are of other people than the expression, and means of them. Several are of "
        "one receptor: they count as one in the intervals (the mean of their R2). What is left is "
        "not independent either."
    )
    yield (
        "- t-SNE and UMAP are meant for two or three components: what is said against them at more "
        "says little."
    )
    reach = " and ".join(f"{one.n_subcortical} of {one.n_targets}" for one in found)
    yield (
        f"- {reach} targets have values in the subcortex, where many receptors are either dense or "
        "absent: a good part of their R2 may be cortex against subcortex, which p-values do not "
        "count."
    )
    yield (
        "- The intervals of coherence are a jackknife over blocks of space: the median over "
        "components, with the same latents."
    )
    yield (
        "- `seconds` in `comparison.csv` is the time of a fit in one thread, on a machine that may "
        "have had other work."
    )
    n_families = sum(_n_families(one) for one in found)
    yield (
        f"- {n_families} sets of comparisons were decided on this page. Each is corrected for the "
        "comparisons in it, but not for the other sets: where there is nothing, one set in twenty "
        "says something all the same.\n"
    )


def _n_families(found: Found) -> int:
    sizes, predicted = sizes_of(found.coherence), sizes_predicted(found)
    every = [
        *(reconstruction(found, split, m) for m in AUTOENCODERS for split in HOW),
        *(anatomical(found, m, k) for m in AUTOENCODERS for k in sizes),
        *(others(found, m, k, r) for m in AUTOENCODERS for k in predicted for r in REGRESSORS),
        *(all_genes(found, k) for k in predicted),
        *(steps(found, "autoencoder", k) for k in predicted),
    ]
    return sum(bool(one) for one in every)


def _targets(found: list[Found]) -> Iterator[str]:
    for one in found:
        yield f"`{one.data.name}`: {one.n_targets} targets.\n"
        yield from (f"- {note}" for note in one.notes)
        yield ""

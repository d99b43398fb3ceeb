"""The study says no more than its numbers do: regions, targets, and the rules that judge."""

import numpy as np
import pytest
from benchmarks.study_claims import Found
from benchmarks.study_data import (
    LOBES,
    group_of,
    groups,
    is_circular,
    measure_of,
    n_subcortical,
    without_copies,
)
from benchmarks.study_page import page
from benchmarks.study_rules import (
    Difference,
    against_all,
    all_of,
    by_group,
    corrected,
    holm,
    jackknifed,
    order,
    paired,
    step,
)

from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.study import compare_score, predict
from small import small_expression

BETTER, WORSE = Difference(0.2, 0.1, 0.3, 0.001), Difference(-0.2, -0.3, -0.1, 0.001)
OPEN = Difference(0, -1, 1, 1)
METHODS = ("autoencoder", "tsne", "umap", "kernel-pca", "pca", "nmf", "residual")


def test_every_region_of_desikan_and_killiany_has_its_lobe():
    lobes = list(LOBES.values())
    assert {lobe: lobes.count(lobe) for lobe in lobes} == {
        "frontal": 11, "parietal": 5, "temporal": 9, "occipital": 4, "cingulate": 4, "insula": 1
    }  # fmt: skip
    assert group_of("R_posteriorcingulate") == group_of("rh.isthmuscingulate") == "cingulate"


def test_groups_are_networks_or_lobes_and_leave_the_subcortex_out():
    found = groups(["7Networks_LH_SalVentAttn_Med_1", "7Networks_RH_Vis_2", "Lthal", "L_cuneus"])
    assert found.names == ("SalVentAttn", "Vis", "occipital")
    assert found.of_sample.tolist() == [0, 1, -1, 2]


def test_targets_that_are_gene_expression_are_known():
    assert is_circular("dk68_hansen/gene_pc1")
    assert is_circular("microarch_schaefer100_dev/Neuro-Ex")
    assert not is_circular("ucsf_dk/5HT1a_dk_ave")


def test_targets_that_reach_the_subcortex_are_counted_by_their_values():
    samples = ("L_cuneus", "Lthal", "R_insula")
    maps = ([1, np.nan, 2], [1, 2, 3], [np.nan, 0, np.nan], [np.nan, np.nan, 1])
    assert n_subcortical([Target(str(m), np.array(m, float)) for m in maps], samples) == 2


def test_tracers_of_one_receptor_are_one_measure():
    assert measure_of("pet/SERT_DASB_HC30") == measure_of("ucsf_dk/5HTT_dk_ave") == "5HTT"
    assert measure_of("dk68_hansen/t1t2") == measure_of("ucsf_dk/myl_dk_ave")
    assert measure_of("pet/D1_SCH23390_c11") != measure_of("pet/D2_RACLOPRIDE_c11")
    assert by_group({"a": 1, "b": 3, "c": 5}, {"a": "x", "b": "x", "c": "y"}) == {"x": 2, "y": 5}


def test_a_map_that_is_there_twice_counts_once():
    one = np.random.default_rng(0).normal(size=30)
    elsewhere = np.where(np.arange(30) < 3, np.nan, one)
    targets = [Target("one", one), Target("scaled", 2 * one + 1), Target("less", elsewhere)]
    left, notes = without_copies(targets)
    assert [target.name for target in left] == ["one", "less"]
    assert "scaled (as one)" in notes[0]


def test_interval_of_pairs_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    draws = [paired(rng.normal(0.3, 1, 12), np.zeros(12)) for _ in range(600)]
    assert np.mean([d.low < 0.3 < d.high for d in draws]) == pytest.approx(0.95, abs=0.03)
    a, b = rng.normal(size=5), rng.normal(size=5)
    alone, folds = paired(a, b), paired(a, b, overlap=1 / 4)
    assert folds.high - folds.low == pytest.approx(1.5 * (alone.high - alone.low))


def test_one_pair_decides_nothing():
    assert paired([1.0], [0.0]).verdict == "open"
    assert paired([], []).verdict == "open"


def test_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).normal(size=20)
    without = [np.delete(values, i).mean() for i in range(20)]
    found = jackknifed(values.mean(), without)
    exact = paired(values, np.zeros(20))
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high))


def test_better_than_all_is_said_only_where_it_is_so():
    found = against_all({"PCA": BETTER, "NMF": OPEN, "UMAP": WORSE})
    assert found.words == (
        "holds against PCA; not decided against NMF; the opposite holds against UMAP"
    )
    assert (found.n, found.held, found.against) == (3, 1, 1)
    assert against_all({"PCA": BETTER, "NMF": BETTER}).words == "holds against PCA, NMF"
    assert against_all({}).n == 0


def test_more_comparisons_need_more_evidence():
    close = Difference(0.2, 0.01, 0.39, 0.04)
    assert against_all({"PCA": close}).held == 1
    assert against_all({"PCA": close, "NMF": close}).held == 0
    assert [d.p for d in holm([OPEN, BETTER, close])] == pytest.approx([1, 0.003, 0.08])


def test_alike_needs_a_narrow_interval():
    assert step(OPEN, "~") == "not decided"
    assert step(Difference(0.01, -0.03, 0.04, 0.5), "~") == "holds"
    assert step(Difference(0.02, 0.01, 0.04, 0.01), "~") == "holds"
    assert step(BETTER, "~") == "they differ"
    assert [step(d, ">") for d in (BETTER, WORSE, OPEN)] == ["holds", "the opposite", "not decided"]


def test_steps_of_an_order_and_all_verdicts_are_counted():
    found = order(["holds", "not decided", "the opposite", "they differ"])
    assert (found.n, found.held, found.against) == (4, 1, 2)
    assert all_of([found, order([])]) == (
        "holds in 1 of 4 comparisons, the opposite in 2, not decided in 1"
    )
    assert all_of([order(["holds"] * 3)]) == "holds in all 3 comparisons"
    assert all_of([order(["not decided"] * 2)]) == "not decided in 2 of 2 comparisons"
    assert all_of([]) == "not measured"


def test_p_values_are_corrected_and_unknown_ones_stay_so():
    np.testing.assert_allclose(corrected([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])


def found(rank):
    """Return made-up results in which methods differ by their rank: 0 is the best."""
    rng = np.random.default_rng(0)
    errors, scores = [], []
    for method in METHODS:
        for fold in range(1, 6):
            for split in ("blocks", "random"):
                rmse = 0.1 * 1.2 ** rank(method) * rng.uniform(0.99, 1.01)
                errors.append(compare_score.Score(method, 2, split, fold, rmse, 0.5, 1.0))
        for i in range(12):
            r2 = 0.8 - 0.1 * rank(method) + rng.uniform(-0.01, 0.01)
            row = (f"pet/{chr(97 + i)}", method, 2, "ridge", "blocks", r2, 0.0, 1.0, 0.01, 0.02)
            scores.append(predict.Score(*row))
    return Found(small_expression(), errors=errors, scores=scores, n_targets=12)


def verdicts(text):
    return [line for line in text.splitlines() if line.startswith("**")]


def claim(text, *words):
    return next(line for line in verdicts(text) if all(word in line for word in words))


def test_page_says_that_claims_hold_where_they_do():
    ranks = dict(zip(METHODS, (0, 1, 2, 3, 3, 4, 0), strict=True))
    text = page([found(ranks.get)])
    assert claim(text, "published autoencoder reconstructs", "blocks").endswith("holds in all 5 "
        "comparisons.**")  # fmt: skip
    assert claim(text, "Prediction ranks").endswith("holds in all 5 comparisons.**")
    assert "12 of 12" in text


def test_page_on_other_numbers_says_the_opposite():
    ranks = dict(zip(METHODS, (5, 4, 3, 2, 1, 0, 5), strict=True))
    text = page([found(ranks.get)])
    for line in verdicts(text):
        assert "the opposite in" in line or "not measured" in line
        assert "holds" not in line
    assert "the opposite holds against" in text


def test_only_regions_show_anatomy():
    """Any smooth symmetric map has the other measures: nothing is claimed of them."""
    rows = [
        {"component": k, "measure": measure, "value": 0.9, "p": p}
        for k, p_regions in (("1", 0.01), ("2", 0.3), ("all", 0.01))
        for measure, p in (("regions", p_regions), ("moran", 0.001), ("symmetry", 0.001))
    ]
    medians = {"regions": 0.4, "moran": 0.2, "symmetry": 0.9}
    made = {"rows": rows, "medians": medians, "without": [medians] * 10}
    data = Found(small_expression(), coherence={("autoencoder", 2): made, ("pca", 2): made})
    text = page([data])
    assert claim(text, "already show anatomy").endswith("holds in 1 of 2 comparisons, "
        "not decided in 1.**")  # fmt: skip
    assert "1 of 2 components (PCA: 1 of 2)" in text
    assert "| 0.40 (1 of 2) | 0.20 | 0.90 |" in text
    assert not any("Moran" in line or "hemispheres" in line for line in verdicts(text))


def test_page_decides_nothing_where_all_are_alike():
    text = page([found(lambda method: 0)])
    for words in ("published autoencoder reconstructs", "better than from the others (ridge)"):
        assert claim(text, words).endswith("not decided in 5 of 5 comparisons.**")


def test_page_without_measurements_claims_nothing():
    text = page([Found(small_expression())])
    assert all(line.endswith("not measured.**") for line in verdicts(text))

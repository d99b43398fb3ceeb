"""False positives of every p-value, on fewer maps than `make calibration` has, in wide bands."""

from functools import partial

import numpy as np
import pytest
from benchmarks.calibration import Job, jobs, measured, prediction_p, surrogates
from benchmarks.calibration_data import Kind, maps, places
from benchmarks.calibration_page import interval, page, verdict
from benchmarks.stationary_null import stationary_maps


@pytest.fixture(scope="module")
def at():
    """Voxels of the synthetic brain, of all its compartments."""
    found = places("synthetic_brain", 100, voxel_mm=16)
    assert np.bincount(found.compartment).min() >= 2
    return found


@pytest.mark.parametrize(
    "kind",
    [
        Kind(step=3.0),
        Kind(step=3.0, shape="gaussian", length_mm=20, lognormal=True),
        Kind(shape="matern", symmetric=False),
    ],
    ids=["step", "lognormal", "not symmetric"],
)
def test_maps_related_to_nothing_are_predicted_as_often_as_p_says(at, kind):
    p = prediction_p(at, maps(at, kind, 60, seed=0), partial(surrogates, at))
    assert (p <= 0.05).mean() <= 0.14  # 99.9 % binomial limit of 5 % in 60


def test_the_null_before_called_steps_a_relation(at):
    before = partial(stationary_maps, positions=at.positions)
    p = prediction_p(at, maps(at, Kind(step=6.0), 60, seed=0), before)
    assert (p <= 0.05).mean() > 0.25  # 0.4


def test_intervals_are_those_of_clopper_and_pearson():
    assert interval(10, 200) == pytest.approx((0.0242, 0.0900), abs=1e-4)
    assert interval(0, 50) == pytest.approx((0, 0.0711), abs=1e-4)
    assert [verdict(n, 200) for n in (0, 3, 10, 16, 18)] == [
        "conservative", "conservative", "", "", "**too many**"
    ]  # fmt: skip


def test_page_tells_what_is_wrong():
    kind = Kind("matern", 10.0, 3.0, symmetric=False, lognormal=True)
    text = page(
        [
            (Job("prediction", "ahba_dk82", kind), {"n": 200, "now": 9, "before": 80}),
            (Job("prediction", "ahba_dk82"), {"n": 200, "now": 30, "before": 80, "unknown": 60}),
            (
                Job("coherence", "ahba_dk82", method="umap"),
                {"n": 100, "now": 4, "before": 20, "n each": 800, "now each": 41, "before each": 9},
            ),
            (Job("novelty", "ahba_dk82", method="kernel-pca", size=2), {"n": 80, "now": 12}),
        ]
    )
    assert "Of 2 kinds of maps the interval lies above 5 % in 1, and below it in 0" in text
    row = next(line for line in text.splitlines() if "not symmetric, lognormal |" in line)
    assert "`ahba_dk82`, matern 10 mm, step 3" in row
    assert "4.5% (2.1% to 8.4%)" in row
    assert "40.0%" in row
    assert "| all | 400 | 9.8%" in text
    assert "`ahba_dk82`, kernel-pca, k = 2 | 80 | 15.0%" in text
    assert text.count("**too many**") == 2


def test_counts_are_kept_until_the_code_changes(monkeypatch, tmp_path):
    from benchmarks import calibration

    calls = []
    monkeypatch.setattr(calibration, "CACHE", tmp_path / "kept")
    monkeypatch.setattr(calibration, "predicted", lambda job: calls.append(job) or {"n": 1})
    job = Job("prediction", "ahba_dk82")
    assert measured(job) == measured(job) == {"n": 1}
    assert len(calls) == 1
    monkeypatch.setattr(calibration, "_sources", lambda what: "other")
    measured(job)
    assert len(calls) == 2


def test_every_job_has_a_file_of_its_own():
    every = jobs()
    assert len({job.path for job in every}) == len(every)
    assert {job.what for job in every} == {"prediction", "coherence", "novelty"}
    assert {job.kind.step for job in every} == {0, 1, 2, 3}

"""The quality benchmark: folds of both kinds, results kept one by one and never mixed."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.quality import Data

from benchmarks import quality, quality_page
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.study.compare_request import CompareRequest, Fit


@pytest.fixture
def data(monkeypatch, tmp_path):
    """Two hemispheres of 60 smooth voxels each, every one with a twin."""
    monkeypatch.setattr(quality, "CACHE", tmp_path)
    affine = np.diag([12.0, 12, 12, 1])
    affine[0, 3] = -18
    parcellation = Parcellation.from_mask(np.ones((4, 10, 3), bool), affine)
    places = np.abs(parcellation.centroids) / 30
    rng = np.random.default_rng(0)
    values = np.cos(places @ rng.normal(size=(3, 20)) + rng.uniform(0, 6, 20))
    genes, names = (tuple(map(str, range(n))) for n in (20, 120))
    expression = Expression(values.astype(np.float32), genes, names, parcellation, "twins")
    return Data(CompareRequest(expression, ("pca",), (2,), quality.SPLITS, 5))


def test_twins_are_in_training_of_random_folds_only(data):
    train, test = data.folds["random"][0]
    assert len(train) + len(test) == 120
    assert 0.7 < data.twins_in_training("random") < 0.9
    assert data.twins_in_training("blocks") == 0
    assert data.distances("random").min() == 0  # of the mirror image
    assert data.distances("blocks").min() >= data.buffer_mm > 0


def test_it_goes_on_and_never_takes_results_of_other_folds(data, capsys):
    fits = [Fit("pca", 2, split, fold) for split in quality.SPLITS for fold in (1, 2)]
    quality.measure(data, fits[:1] + fits[2:3], 1)
    assert [np.isnan(data.kept(fit)) for fit in fits] == [False, True, False, True]
    before = data.kept(fits[0])
    capsys.readouterr()
    quality.measure(data, fits, 1)
    assert "2 of 2" in capsys.readouterr().out
    assert data.kept(fits[0]) == before
    other = Data(replace(data.request, buffer=1.0))
    assert [np.isnan(other.kept(fit)) for fit in fits] == [False, False, True, True]


def test_tables_show_both_kinds_of_folds_side_by_side(data):
    found = {
        split: {
            (size, method): np.full(5, rmse * (2 if method == "residual" else 4))
            for size in quality_page.SIZES
            for method in quality_page.METHODS
        }
        for split, rmse in (("random", 0.1), ("blocks", 0.2))
    }
    found["blocks"][2, "residual"] = np.full(5, 0.6)
    found["blocks"][4, "residual"] = np.full(5, np.nan)
    table = quality_page.summary({"twins": found}).splitlines()
    assert table[4].startswith(
        "| twins | residual (default) | 0.50 / 0.75 | 0.50 / – | 0.50 / 0.50"
    )
    page = "\n".join(quality_page._tables(data, found))
    assert f"Blocks with a buffer of {data.buffer_mm:.1f} mm" in page
    assert "0.500 (0.500 to 0.500) | 0.91: reached" in page
    assert "(0 of 5 folds)" in page
    sentence = quality_page.about_folds({"twins": data})
    assert f"in training for {data.twins_in_training('random'):.0%} of them" in sentence

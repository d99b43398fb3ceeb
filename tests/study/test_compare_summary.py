"""The scores of a comparison in short."""

import pytest

from napari_compressed_transcriptomics.study.compare_score import Score
from napari_compressed_transcriptomics.study.compare_summary import Mean, summarize


def test_means_over_the_folds_that_are_done():
    scores = [
        Score("nmf", 2, "random", 1, 0.4, 0.1, 3.0),
        Score("pca", 4, "blocks", 1, 0.1, 0.9, 1.0),
        Score("pca", 2, "blocks", 1, 0.2, 0.5, 1.0),
        Score("pca", 2, "blocks", 2, 0.3, 0.7, 2.0),
    ]
    first, second = summarize(scores)
    assert first[:2] == ("blocks", "pca")
    assert first.means[2] == (pytest.approx(0.25), pytest.approx(0.6), 2)
    assert first.means[4] == Mean(0.1, 0.9, 1)
    assert first.seconds == 4.0
    assert second == ("random", "nmf", {2: Mean(0.4, 0.1, 1)}, 3.0)
    assert summarize([]) == []

"""A comparison that was made without a folder, and is put into one later."""

import json

import pandas as pd
import pytest

from napari_compressed_transcriptomics.core.compare import CompareProgress, compare_steps
from napari_compressed_transcriptomics.core.compare_request import CompareRequest
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import finish
from napari_compressed_transcriptomics.io.comparison import save_comparison, saved_comparison_steps
from small import small_expression

DATA = small_expression()


def asked(**settings):
    usual = {"methods": ("pca",), "latent_sizes": (2,), "splits": ("random",), "n_folds": 3}
    return CompareRequest(DATA, **(usual | {"n_jobs": 1} | settings))


def measured(steps):
    """Return how many fits were made, and the comparison."""
    seen = []
    comparison = finish(steps, seen.append)
    return sum(isinstance(p, CompareProgress) and p.score is not None for p in seen), comparison


def test_what_is_saved_is_gone_on_with(tmp_path):
    request = asked()
    comparison = finish(compare_steps(request))
    save_comparison(comparison, tmp_path)
    assert (tmp_path / "comparison.png").stat().st_size > 5000
    assert json.loads((tmp_path / "comparison.json").read_text())["complete"] is True
    assert measured(saved_comparison_steps(request, tmp_path))[0] == 0

    more = finish(compare_steps(asked(methods=("kpca",)), {s.fit: s for s in comparison.scores}))
    save_comparison(more, tmp_path)  # with scores of a method that was not asked for this time
    both = asked(methods=("pca", "kpca"))
    assert measured(saved_comparison_steps(both, tmp_path))[0] == 0
    assert len(pd.read_csv(tmp_path / "comparison.csv")) == 6


def test_scores_that_are_known_are_kept_in_a_folder_given_later(tmp_path):
    known = finish(compare_steps(asked())).scores
    request = asked(methods=("pca", "kpca"))
    n_fits, comparison = measured(saved_comparison_steps(request, tmp_path, known))
    assert n_fits == 3
    assert set(known) < set(comparison.scores)
    assert len(pd.read_csv(tmp_path / "comparison.csv")) == 6


def test_scores_there_already_are_told_at_the_beginning(tmp_path):
    comparison = finish(compare_steps(asked()))
    save_comparison(comparison, tmp_path)
    seen = []
    finish(saved_comparison_steps(asked(methods=("pca", "kpca")), tmp_path), seen.append)
    told = [p.known for p in seen if isinstance(p, CompareProgress) and p.known]
    assert [len(known) for known in told] == [3]


def test_a_folder_of_something_else_stays_as_it_is(tmp_path):
    save_comparison(finish(compare_steps(asked())), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    other = finish(compare_steps(asked(seed=1)))
    with pytest.raises(UserError, match="another seed"):
        save_comparison(other, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before

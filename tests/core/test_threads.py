"""With how many threads numbers are computed, and that results do not tell."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.streamed_pca import principal_components, scores_of
from napari_compressed_transcriptomics.core import threads
from napari_compressed_transcriptomics.core.progress import Cancelled
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import small_expression


def _blas():
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


@pytest.mark.parametrize("codec", ["residual", "autoencoder", "nmf"])
def test_regions_give_the_same_model_with_any_number_of_threads(codec):
    data = small_expression(n_samples=80, n_genes=1600)
    models = []
    for number in (1, 2):
        torch.set_num_threads(number)
        with threadpool_limits(number):
            models.append(fit_codec(codec, data, 4, max_epochs=3))
        assert torch.get_num_threads() == number
    first, second = (model.encode(data.values) for model in models)
    np.testing.assert_array_equal(first, second)


def test_every_library_has_one_thread_and_then_as_many_as_before():
    def counts():
        return [library["num_threads"] for library in threadpool_info()]

    with threadpool_limits(2):
        before = counts()
        assert set(before) == {2}
        for _ in range(2):
            with threads.one_thread():
                assert set(counts()) == {1}
            assert counts() == before


def test_who_leaves_first_does_not_end_the_limit_of_others():
    with threadpool_limits(2):
        first, second = threads.one_thread_of_blas(), threads.one_thread_of_blas()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert _blas() == {1}
        second.__exit__(None, None, None)
        assert _blas() == {2}


def test_each_thread_limits_blas_whoever_did_before_and_lives_on():
    seen = []

    def limit():
        with threads.one_thread():
            seen.append(_blas())
        seen.append(_blas())

    with threadpool_limits(2), ThreadPoolExecutor(1) as pool:
        limit()
        pool.submit(limit).result()
        limit()
        assert seen == [{1}, {2}] * 3


def test_a_limit_ends_with_the_last_thread_that_wants_it_though_the_first_lives_on():
    first, second = threads.one_thread_of_blas(), threads.one_thread_of_blas()
    with ThreadPoolExecutor(1) as pool:
        both = pool.submit(threadpool_limits, 2).result()
        pool.submit(first.__enter__).result()
        second.__enter__()
        pool.submit(first.__exit__, None, None, None).result()
        assert _blas() == {1}
        second.__exit__(None, None, None)
        assert _blas() == {2}
        pool.submit(both.__exit__, None, None, None).result()


@pytest.mark.parametrize("work", [reconstruct, scores_of])
def test_work_that_was_cancelled_leaves_blas_as_it_was(work):
    data, seen = small_expression(n_samples=80, n_genes=1600), []
    given = {
        reconstruct: (fit_codec("pca", data, 4), data),
        scores_of: (data.values, principal_components(data.values, 4)),
    }

    def cancel(progress):
        seen.append(_blas())
        raise Cancelled

    with threadpool_limits(2):
        with pytest.raises(Cancelled) as kept:
            work(*given[work], device="cpu", report=cancel)
        assert kept.tb  # and so all that was in work
        assert seen == [{1}]
        assert _blas() == {2}


def test_a_limit_holds_though_one_that_began_before_was_overruled():
    with threads.one_thread_of_blas(), threadpool_limits(2), threads.one_thread_of_blas():
        assert _blas() == {1}


def test_libraries_are_looked_for_again_where_more_was_imported(monkeypatch):
    found = threads._libraries()
    assert threads._libraries() is found
    monkeypatch.setitem(sys.modules, "another_of_these", sys)
    assert threads._libraries() is not found

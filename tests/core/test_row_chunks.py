"""Blocks of rows: several at a time on a CPU, in memory that is used again, the sums in order."""

import os
import sys
import threading
import time

import numpy as np
import pytest
import torch

from napari_compressed_transcriptomics.core.lazy_values import LazyValues, row_blocks
from napari_compressed_transcriptomics.core.row_chunks import MOST_THREADS, each_block, rows_at_once

VALUES = np.random.default_rng(0).normal(size=(250, 4)).astype(np.float32)


class Stored:
    """A matrix that reads into memory that it is given; see `core.lazy_values.Matrix`."""

    name, sha256, limits, rows_together = "stored", "", None, 60

    def __init__(self):
        self.shape, self.memory = VALUES.shape, set()

    def read_rows(self, first, last, into=None):
        found = np.empty((last - first, 4), np.float32) if into is None else into
        found[...] = VALUES[first:last]
        self.memory.add(found.__array_interface__["data"][0])
        return found


@pytest.fixture(params=[1, 3])
def n_threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("start", [0, 70, 240])
@pytest.mark.parametrize("rows", [20, 25, 60, 150])
def test_rows_come_in_order_and_so_many_at_a_time(start, rows):
    found = [
        (first, last, values.copy())
        for first, last, values in LazyValues(Stored()).in_order(start, rows)
    ]

    assert [first for first, _, _ in found] == list(range(start, 250, rows))
    for first, last, values in found:
        np.testing.assert_array_equal(values, VALUES[first : min(first + rows, 250)])
        assert last == first + len(values)


def test_memory_is_used_again():
    matrix = Stored()
    for _ in row_blocks(LazyValues(matrix)):
        pass

    assert len(matrix.memory) == 2  # of 5 blocks


@pytest.mark.parametrize("values", [VALUES, LazyValues(Stored())], ids=["array", "lazy"])
def test_sums_are_the_same_in_any_number_of_threads(n_threads, values):
    total, order, threads = np.zeros(4), [], set()

    def step(first, last, block):
        time.sleep(0.001 * (first % 3))  # not all end in order
        threads.add((threading.get_ident(), torch.get_num_threads()))
        found = block.sum(0).numpy()

        def add():
            total[:] += found
            order.append(first)

        return add

    ends = list(each_block(values, 0, 10, "cpu", step))

    expected = np.zeros(4)
    for first in range(0, 250, 10):
        expected += torch.tensor(VALUES[first : first + 10]).sum(0).numpy()
    np.testing.assert_array_equal(total, expected)
    assert order == list(range(0, 250, 10))
    assert ends == list(range(10, 260, 10))
    assert len(threads) == n_threads
    assert {n for _, n in threads} == {1}


@pytest.mark.parametrize("n_threads", [9], indirect=True)
@pytest.mark.parametrize("values", [VALUES, LazyValues(Stored())], ids=["array", "lazy"])
def test_few_threads_compute_on_what_is_read(n_threads, values):
    meet = threading.Barrier(MOST_THREADS if isinstance(values, LazyValues) else n_threads)
    threads = set()

    def step(first, last, block):
        if first < 10 * meet.parties:  # else one could do all of them
            meet.wait(30)
        threads.add(threading.get_ident())

    list(each_block(values, 0, 10, "cpu", step))

    assert len(threads) == meet.parties


@pytest.mark.parametrize("n_threads", [2], indirect=True)
def test_a_slow_block_does_not_keep_the_others_waiting(n_threads):
    reached = threading.Event()

    def step(first, last, block):
        if first == 10 * n_threads:
            reached.set()
        return None if first or reached.wait(30) else pytest.fail("the third waits for the first")

    list(each_block(VALUES, 0, 10, "cpu", step))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only processes have a priority")
def test_computing_gives_way_to_reading(n_threads):
    found = set()

    def nice():
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    usual = nice()
    list(each_block(VALUES, 0, 10, "cpu", lambda *_: found.add(nice()) or None))

    assert found == ({usual} if n_threads == 1 else {min(usual + 10, 19)})
    assert nice() == usual


@pytest.mark.parametrize(("about", "rows"), [(25, 30), (22, 20), (45, 60), (11, 12), (200, 200)])
def test_blocks_end_where_rows_that_are_read_at_once_do(about, rows):
    values, row = LazyValues(Stored()), 4 * VALUES.shape[1]
    assert rows_at_once(values, about * row) == rows
    assert rows_at_once(VALUES, about * row) == about


def test_rows_that_must_not_be_parted_are_not():
    values, row = LazyValues(Stored()), 4 * VALUES.shape[1]
    assert rows_at_once(values, 40 * row, together=4) == 60


def test_threads_that_others_make_compute_as_before(n_threads):
    list(each_block(VALUES, 0, 10, "cpu", lambda first, last, block: None))
    found = []
    other = threading.Thread(
        target=lambda: found.extend([torch.ones(9).sum(), torch.get_num_threads()])
    )
    other.start()
    other.join()

    assert found[1] == torch.get_num_threads() == n_threads


def test_a_step_that_fails_ends_it_after_those_before(n_threads):
    done = []

    def step(first, last, block):
        if first == 40:
            raise RuntimeError("faulty")
        return lambda: done.append(first)

    with pytest.raises(RuntimeError, match="faulty"):
        list(each_block(VALUES, 0, 10, "cpu", step))

    assert done == [0, 10, 20, 30]

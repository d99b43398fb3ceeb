"""Lazy values read what is asked for, and no more than lies together."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.lazy_values import KeepingValues, LazyValues, row_blocks


class Counted:
    """A matrix that remembers which rows were read; see `core.lazy_values.Matrix`."""

    name, sha256, limits, rows_together = "counted", "", None, 100

    def __init__(self, values):
        self.values, self.shape, self.read = values, values.shape, []

    def read_rows(self, first, last, into=None):
        self.read.append((first, last))
        return self.values[first:last].copy()

    def read_columns(self, columns):
        return self.values[:, columns]


@pytest.fixture
def matrix():
    return Counted(np.arange(250 * 4, dtype=np.float32).reshape(250, 4))


def test_single_samples_are_read_without_those_beside_them(matrix):
    values = LazyValues(matrix)

    np.testing.assert_array_equal(values[120], matrix.values[120])
    np.testing.assert_array_equal(values[[240, 5, 8]], matrix.values[[240, 5, 8]])

    assert matrix.read == [(120, 121), (5, 9), (240, 241)]


def test_a_block_that_is_there_is_not_read_again(matrix):
    values = LazyValues(matrix)
    values[100:150]
    before = sorted(matrix.read)

    np.testing.assert_array_equal(values[120], matrix.values[120])

    assert (100, 200) in before
    assert (120, 121) not in matrix.read


def test_kept_rows_are_not_read_again(matrix):
    values = LazyValues(matrix).select([3, 0, -1], np.float32([0, 0, 7]))
    rows = np.array([3, 99, 100, 249])
    kept = KeepingValues(values, rows)
    before = kept[rows]
    for _ in row_blocks(kept):
        pass
    matrix.read.clear()

    np.testing.assert_array_equal(kept[rows], before)

    assert not matrix.read
    np.testing.assert_array_equal(before[:, 0], matrix.values[rows, 3])
    np.testing.assert_array_equal(kept[rows[:2]], before[:2])
    assert matrix.read == [(3, 100)]

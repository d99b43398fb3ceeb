"""One rule for the ends of all colour scales."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.display_range import (
    display_range,
    error_range,
    symmetric_range,
)


def test_one_in_a_hundred_lies_beyond_either_end():
    values = np.random.default_rng(0).permutation(np.r_[np.arange(101.0), np.nan, np.inf])
    assert display_range(values) == (1, 99)
    assert error_range(values) == (0, 99)


def test_signed_values_keep_their_middle_in_the_middle():
    columns = np.stack([np.arange(101.0), 7 * np.ones(101)], axis=1)
    centers, reach = symmetric_range(columns)
    assert centers == pytest.approx([50, 7])
    assert reach == pytest.approx([49.5, 1], abs=0.6)
    centers, reach = symmetric_range(columns[:, 0], center=0)
    assert (centers, reach) == (0, 99)


@pytest.mark.parametrize(
    ("values", "ends"), [([3, 3], (2.5, 3.5)), ([], (0, 1)), ([np.nan], (0, 1))]
)
def test_what_has_no_range_has_one_all_the_same(values, ends):
    assert display_range(np.array(values, float)) == ends


def test_errors_that_are_all_zero_have_a_range():
    assert error_range(np.zeros(3)) == error_range(np.zeros(0)) == (0, 1)
    assert error_range(np.array([3.0, 3.0])) == (0, 3)

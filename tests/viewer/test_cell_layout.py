"""Nothing lies over anything else, for 1 to 12 cells on canvases of all sizes."""

from itertools import combinations

import pytest

from napari_compressed_transcriptomics.viewer.cells.arrangement import arrange
from napari_compressed_transcriptomics.viewer.cells.layout import (
    brain_height,
    lay_out,
    lay_out_cell,
)

AXIAL = 182 / 218


def inside(outer, inner):
    return (
        outer.x - 1e-6 <= inner.x
        and outer.y - 1e-6 <= inner.y
        and inner.x + inner.width <= outer.x + outer.width + 1e-6
        and inner.y + inner.height <= outer.y + outer.height + 1e-6
    )


def overlap(one, other):
    """Whether two share more than an edge."""
    return (
        min(one.x + one.width, other.x + other.width) - max(one.x, other.x) > 1e-6
        and min(one.y + one.height, other.y + other.height) - max(one.y, other.y) > 1e-6
    )


@pytest.mark.parametrize("even", [False, True], ids=["2-D", "3-D"])
@pytest.mark.parametrize("n", range(1, 13))
def test_nothing_overlaps_and_all_is_there(n, even):
    for width in (400, 600, *range(700, 2501, 150)):  # the smaller ones beside docks
        for height in (400, 600, 900, 1400):
            for aspect in (AXIAL, 1.0, 1.25):
                canvas = (width, height)
                order, shape = arrange([None] * n, canvas, aspect, even=even)
                assert sorted(order) == list(range(n))
                assert shape[0] * shape[1] >= n
                cells = lay_out(canvas, shape, aspect, even=even)
                assert len(cells) == shape[0] * shape[1]
                for one, other in combinations([cell.cell for cell in cells], 2):
                    assert not overlap(one, other)
                (parts, cell) = dict(cells[-1].parts()), cells[-1].cell
                wanted = {"title", "brain", "bar", "numbers", "left", "right", "top", "bottom"}
                assert wanted <= set(parts)
                for one, other in combinations(parts.values(), 2):
                    assert not overlap(one, other)
                assert all(inside(cell, part) for part in parts.values())


def test_the_bar_goes_where_the_brain_is_larger():
    low, high = lay_out_cell(600, 250, AXIAL), lay_out_cell(250, 600, AXIAL)
    assert low.bar.height > low.bar.width
    assert high.bar.width > high.bar.height
    assert low.brain.height > 0.65 * 250


def test_what_turns_in_3d_turns_about_the_middle_of_its_cell():
    cell = lay_out_cell(400, 300, 1.2, even=True)
    assert cell.brain.middle == pytest.approx(cell.cell.middle)


def test_a_tiny_cell_keeps_its_brain_only():
    cell = lay_out_cell(60, 40, AXIAL)
    assert cell.bar is None
    assert cell.caption is None
    assert brain_height(cell.brain, AXIAL) > 20


def test_rows_are_results_and_columns_quantities():
    expression, first, second = None, "first", "second"
    cells = [expression, first, first, second, second]
    order, shape = arrange(cells, (1100, 800), AXIAL)
    assert shape == (2, 3)
    assert [cells[i] for i in order] == [first, first, expression, second, second]
    assert order == [1, 2, 0, 3, 4]  # of each result the same quantity first
    assert arrange([first] * 3 + [second] * 3, (900, 700), AXIAL)[1] == (2, 3)
    # one result has nothing to be in line with
    assert arrange([expression, first, first], (1100, 500), AXIAL) == ([0, 1, 2], (1, 3))


def test_cells_fill_the_canvas():
    """Brains are as large as any number of columns allows."""
    for n in range(1, 13):
        _, (rows, columns) = arrange([None] * n, (1600, 900), AXIAL)
        size = brain_height(lay_out_cell(1600 / columns, 900 / rows, AXIAL).brain, AXIAL)
        for other in range(1, n + 1):
            cell = lay_out_cell(1600 / other, 900 / -(-n // other), AXIAL)
            assert cell.bar is None or brain_height(cell.brain, AXIAL) <= size

"""Which cell shows what: rows are results, columns are quantities, and brains are large."""

from collections.abc import Hashable, Sequence

from .layout import brain_height, lay_out_cell

_CLEARLY = 1.3
"""So much larger must brains be for results not to stay in their rows."""


def arrange(
    results: Sequence[Hashable | None],
    canvas: tuple[float, float],
    aspect: float = 1.0,
    *,
    even: bool = False,
) -> tuple[list[int], tuple[int, int]]:
    """Return the order in which cells are shown, row by row, and rows and columns of the grid.

    Each result has a row of its own, or several results share one where all have as many cells:
    the same quantities stand below each other. What is of no result (the expression, a
    difference) stands where a row has room left, or in the last row. Where brains are clearly
    larger otherwise, cells follow each other as they come.

    Parameters
    ----------
    results : sequence
        What each cell is of; None for no result. Cells of a result have one order of quantities.
    canvas : (width, height)
        In pixels.
    aspect : float
        Width over height of what is shown, in mm.
    even : bool
        As in `layout.lay_out_cell`.
    """
    n = len(results)
    if n == 0:
        return [], (1, 1)

    def size(columns: int) -> float:
        rows = -(-n // columns)
        cell = lay_out_cell(canvas[0] / columns, canvas[1] / rows, aspect, even=even)
        # A brain without its colour bar says little.
        return brain_height(cell.brain, aspect) if cell.bar is not None else 0.0

    free = max(range(1, n + 1), key=size)
    if len({result for result in results if result is not None}) > 1:
        tables = [(c, order) for c in range(1, n + 1) if (order := _rows(results, c))]
        columns, order = max(tables, key=lambda table: size(table[0]), default=(free, []))
        if order and size(columns) * _CLEARLY >= size(free):
            return order, (-(-n // columns), columns)
    return list(range(n)), (-(-n // free), free)


def _rows(results: Sequence[Hashable | None], columns: int) -> list[int]:
    """Return the order of cells in which each result has rows of its own; empty if there is none.

    Cells are filled one after another, so only the last row may be short.
    """
    groups: dict[Hashable, list[int]] = {}
    for i, result in enumerate(results):
        if result is not None:
            groups.setdefault(result, []).append(i)
    others = [i for i, result in enumerate(results) if result is None]
    sizes = {len(group) for group in groups.values()}
    most = max(sizes, default=columns)
    if columns % most == 0 and columns > most and len(sizes) > 1:
        return []
    order: list[int] = []
    a_row = columns // most if len(sizes) == 1 else 1
    if not a_row:
        return []
    in_line = sorted(groups.values(), key=len, reverse=True)
    for start in range(0, len(in_line), a_row):
        row = [i for group in in_line[start : start + a_row] for i in group]
        is_last = start + a_row >= len(in_line)
        room = columns - len(row)
        if len(others) < room and not is_last:
            return []
        order += row + others[:room]
        others = others[room:]
    return order + others

"""How a table names its rows: names win, and a column that only counts is no column of ids."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.io.files.text import integer, number

from .region_names import with_sides
from .table_header import SIDE_COLUMNS, column_of, shown

# Headers of columns of atlas ids; pandas and R write their counters under others.
_SAYS_IDS = re.compile(
    r"(atlas|label|region|parcel|roi)[ _.]?(id|number|index)|id|label|region|parcel|roi"
)


@dataclass(frozen=True)
class Rows:
    """How a table names its rows: by names, by whole numbers, or by both."""

    path: Path
    ids: tuple[int, ...] | None
    """Numbers that may be atlas ids."""
    names: tuple[str, ...] | None
    id_column: str = ""
    """Header of the numbers."""
    trust: Literal["chosen", "said", "doubtful"] = "said"
    """Why the numbers are thought to be atlas ids: the user says so, their header says so, or
    nothing does."""
    lines: Sequence[int] = ()
    """Line of each row in the file; empty where the file has no lines."""

    def __len__(self) -> int:
        return len(self.ids or self.names or ())

    def where(self, row: int) -> str:
        """Say which row of the file this is."""
        name = self.names[row] if self.names else (self.ids or ())[row]
        return f"row {name} (line {self.lines[row]})" if self.lines else f"row {name}"

    @property
    def how_to_choose(self) -> str:
        """What to type where the numbers are atlas ids."""
        return f'--ids "{self.id_column or "Unnamed: 0"}"'

    def only_count(self) -> bool:
        """Tell whether the numbers count the rows: from 0 or 1, or what a filter left of that."""
        if self.ids is None or self.trust == "chosen":
            return False
        steps = np.diff(self.ids)
        if self.ids[:1] in ((0,), (1,)) and (steps == 1).all():
            return True
        return self.trust == "doubtful" and (0 in self.ids or bool((steps > 0).all()))

    def refuse_doubtful_ids(self, regions: Collection[int]) -> None:
        """Raise a `UserError` where mere counting could have given these numbers.

        They are surely ids only if they are the atlas's own and keep clear of the numbers
        between them that the atlas does not have.
        """
        if self.ids is None or self.trust != "doubtful":
            return
        first, last = min(self.ids), max(self.ids)
        has_gaps = sum(first <= region <= last for region in regions) < last - first + 1
        if has_gaps and set(self.ids) <= set(regions):
            return
        lack = (
            "no names of regions" if self.names is None else "names of regions but no label table"
        )
        raise UserError(
            f"{self.path.name} has {lack}, and its {shown(self.id_column)} may hold "
            f"row numbers or atlas ids ({listing(self.ids, 3)}); give each row its region name, or "
            f"choose that column as the atlas ids ({self.how_to_choose})"
        )

    def check_ids(
        self, row_of: Mapping[int, int], known: Mapping[int, str], label_table: str
    ) -> None:
        """Raise a `UserError` where the numbers contradict the names.

        Parameters
        ----------
        row_of : mapping
            Atlas id to row, from the names.
        known : mapping
            Atlas id to name, from the label table.
        label_table : str
            Its name.
        """
        regions_of: dict[int, list[int]] = {}
        for region, row in row_of.items():
            regions_of.setdefault(row, []).append(region)
        for row, region in enumerate(self.ids or ()):
            right = regions_of.get(row)
            if right and region not in right:
                means = f"calls {known[region]}" if region in known else "does not have"
                raise UserError(
                    f"{self.path.name} contradicts itself: {self.where(row)} has "
                    f"{self.id_column or 'the id'} {region}, which {label_table} {means} (there "
                    f"{known[right[0]]} is {listing(right, 2)}); fix the "
                    f"{shown(self.id_column)}, or remove it"
                )


def values_left_out(describing: Mapping[str, list[str]]) -> list[str]:
    """Return which columns describe rows by their headers but hold values, as those of genes do."""
    return [
        header
        for header, cells in list(describing.items())[1:]
        if cells
        and all(number(cell) is not None for cell in cells)
        and any(integer(cell) is None for cell in cells)
    ]


def says_ids(header: str) -> bool:
    """Tell whether a column's header says that it holds atlas ids."""
    return bool(_SAYS_IDS.fullmatch(header.lower()))


def _whole_numbers(cells: Collection[str]) -> tuple[int, ...]:
    """Return what a column holds where all of it is whole numbers, else nothing."""
    found: list[int] = []
    for cell in cells:
        if (whole := integer(cell)) is None:  # most are names: the first cell tells
            return ()
        found.append(whole)
    return tuple(found)


def rows_of(
    path: Path,
    describing: Mapping[str, list[str]],
    ids: str | None = None,
    lines: Sequence[int] = (),
) -> Rows:
    """Find what names the rows among the columns that describe them.

    Parameters
    ----------
    path : Path
    describing : mapping
        Header to cells.
    ids : str, optional
        Header of the column of atlas ids, where the user says so.
    lines : sequence of int
        Line of each row.

    Raises
    ------
    UserError
        Nothing names the rows; there is no such column of ids, or it holds other than whole
        numbers.
    """
    names: tuple[str, ...] | None = None
    sides: list[str] | None = None
    numbered: dict[str, tuple[int, ...]] = {}
    for header, cells in describing.items():
        kind = header.lower()
        if kind in SIDE_COLUMNS:
            sides = cells
        elif kind in {"structure", "network"}:
            continue
        elif whole := _whole_numbers(cells):
            numbered[header] = whole
        elif names is None and any(number(cell) is None for cell in cells):
            names = tuple(cells)
    if names is not None and sides is not None:
        names = tuple(with_sides(names, sides))
    if ids is not None:
        headers = list(describing)
        column = headers[column_of(path, headers, ids)]
        if column not in numbered:
            row = next((i for i, c in enumerate(describing[column]) if integer(c) is None), None)
            there = "no rows" if row is None else f"{describing[column][row][:20]!r}"
            line = f" in line {lines[row]}" if row is not None and lines else ""
            raise UserError(
                f"{path.name} has {there}{line} in its {shown(column)} where atlas ids are whole "
                "numbers; choose another column"
            )
        return Rows(path, numbered[column], names, column, "chosen", lines)
    found = [
        Rows(path, n, names, h, "said" if says_ids(h) else "doubtful", lines)
        for h, n in numbered.items()
    ]
    if found:  # what its header says is best, then what does not only count
        return min(found, key=lambda rows: (rows.trust != "said", rows.only_count()))
    if names is None:
        raise UserError(f"{path.name} has no first column with region ids or names; add one")
    return Rows(path, None, names, lines=lines)

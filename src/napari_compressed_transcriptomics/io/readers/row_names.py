"""The names of the rows of a table that has none: from a list in the same order."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.io.files.files import suffix
from napari_compressed_transcriptomics.io.files.text import DelimitedText, number

from .region_names import read_region_names, region_key, with_sides
from .xlsx import read_xlsx

_NAMES = ("label", "name", "region", "roi", "parcel", "region_name", "roi_name", "full_name")
_SIDES = ("hemisphere", "hemi", "side")


@dataclass(frozen=True)
class RowNames:
    """Region names in the order of a table's rows."""

    path: Path
    names: tuple[str, ...]
    cortical: tuple[str, ...]
    """Those of the cortex, as far as the list tells; many tables hold only these."""

    def of(self, n_rows: int, table: Path) -> tuple[str, ...]:
        """Return the names of so many rows: all, or the cortical ones.

        Raises
        ------
        UserError
            There are neither so many names nor so many of the cortex.
        """
        for names in (self.names, self.cortical):
            if len(names) == n_rows:
                return names
        raise UserError(
            f"{table.name} has {n_rows} rows and {self.path.name} names {len(self.names)} regions "
            f"({len(self.cortical)} of the cortex); use the list that belongs to this table"
        )


def read_row_names(path: str | Path) -> RowNames:
    """Read region names in the order of rows.

    Understood are tables with a header (a column ``label``, ``name`` or ``region``, where given
    also ``hemisphere`` and ``structure``) as text or .xlsx, and label tables of an atlas.

    Raises
    ------
    UserError
        The file has no such column.
    """
    path = Path(path)
    lines = _lines(path)
    titles = next(lines, [])
    header = [cell.strip().lower() for cell in titles]
    wanted = {n: header.index(n) for n in (*_NAMES, *_SIDES, "structure") if n in header}
    columns: dict[str, list[str]] = {name: [] for name in wanted}
    n_named = max((i for i, title in enumerate(header, 1) if title), default=0)
    ragged = ""
    for row, cells in enumerate(lines, 2):
        whole = n_named <= len(cells) <= len(header) or suffix(path, (".xlsx",))
        if not whole and not ragged:
            ragged = f"{len(cells)} cells in row {row} where its header has {len(header)}"
        for name, index in wanted.items():
            columns[name].append(cells[index].strip() if index < len(cells) else "")
    candidates = [columns[name] for name in _NAMES if name in columns]
    if candidates and not candidates[0]:
        raise UserError(f"{path.name} has a header and no rows; choose a list of region names")
    texts = [c for c in candidates if c and all(cell and number(cell) is None for cell in c)]
    if texts and ragged:
        raise UserError(f"{path.name} has {ragged}; fix it")
    if texts:
        # Schaefer's lists hold short names without sides beside the full ones.
        names = max(texts, key=lambda cells: sum(bool(region_key(cell)[0]) for cell in cells))
        if side := next((name for name in _SIDES if name in columns), None):
            names = with_sides(names, columns[side])
    elif suffix(path, (".xlsx",)):
        raise UserError(
            f"{path.name} has no column of region names (label, name or region); its columns are "
            f"{listing(titles) or 'none'}"
        )
    else:
        for cells in candidates:
            if any(number(cell) is None and cell for cell in cells):
                odd = next(cell for cell in cells if not cell or number(cell) is not None)
                raise UserError(f"{path.name} has {odd!r} where a region's name is needed; fix it")
        names, columns = list(read_region_names(path).values()), {}
    if "structure" in columns:
        structure = [cell.lower() for cell in columns["structure"]]
        cortical = [n for n, s in zip(names, structure, strict=True) if s in ("cortex", "cortical")]
    else:
        cortical = [name for name in names if "networks:" in region_key(name)[1]]
    return RowNames(path, tuple(names), tuple(cortical))


def _lines(path: Path) -> Iterator[list[str]]:
    """Yield the cells of each line that has some."""
    if suffix(path, (".xlsx",)):
        yield from (row for row in read_xlsx(path) if any(cell.strip() for cell in row))
    else:
        text = DelimitedText(path)
        yield text.header
        yield from (cells for _, cells in text.rows())

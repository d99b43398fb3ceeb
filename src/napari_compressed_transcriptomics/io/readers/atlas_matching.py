"""Which row of a table lies where in an atlas: by id or by name, never by mere position."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.io.files.text import integer

from .atlas import Atlas, check_sides, nameless_note, shared_note
from .region_names import match_names, region_key, rows_of_several
from .table_header import shown
from .table_rows import Rows

# Below these shares another parcellation is likelier than a table with gaps.
_MIN_ROWS = 0.5
_MIN_IDS = 1 / 3  # one hemisphere without the midline is a bit under one half
_MIN_NUMBERED = 2 / 3


@dataclass(frozen=True)
class Placed:
    """Rows that have a place."""

    rows: np.ndarray
    """The table's rows that have a place, in the table's order. Of int."""
    samples: tuple[str, ...]
    """Their names."""
    labels: np.ndarray
    """``i + 1`` where the i-th of `rows` lies. Of int32, shape (x, y, z)."""
    excluded: tuple[str, ...]
    """Names of rows without a place."""
    notes: tuple[str, ...]


def place(
    rows: Rows,
    columns: Sequence[str],
    atlas: Atlas,
    names: dict[int, str] | None,
    label_table: str = "the label table",
) -> Placed:
    """Find the place of each row in the atlas.

    Parameters
    ----------
    rows : Rows
    columns : sequence of str
        Gene symbols; where these match the atlas instead, the table is transposed.
    atlas : Atlas
    names : dict or None
        Atlas id to name, from a label table.
    label_table : str
        Name of that table, for messages.

    Raises
    ------
    UserError
        Rows and atlas do not belong together: too few match, the numbered names are of
        another parcellation, the atlas is mirrored, the table is transposed. Both sides'
        unmatched names are listed. Or ids contradict names, or may be mere row numbers.
    """
    known = names or {}
    regions = sorted({*map(int, atlas.ids), *known})
    by_id = _placed_by_id(rows, names)
    row_of = _by_id(rows, regions) if by_id else _by_name(rows, atlas, names, columns)
    matched = set(row_of.values())
    unmatched = [row for row in range(len(rows)) if row not in matched]
    if len(matched) < _MIN_ROWS * len(rows) and _look_like_regions(columns, regions, known):
        raise UserError(
            f"{rows.path.name} has genes in its rows and regions in its columns; transpose it"
        )
    notes = list(atlas.notes) + _checked_ids(rows, by_id, row_of, regions, known, label_table)
    called = [_name(rows, row, known, row_of) for row in range(len(rows))]
    without_row = [r for r in regions if r not in row_of]
    _refuse_other_parcellation(rows, by_id, called, unmatched, without_row, regions, atlas, known)

    present = set(map(int, atlas.ids))
    with_voxels = {row for region, row in row_of.items() if region in present}
    kept = np.array(sorted(with_voxels), int)
    new_row = {int(row): i for i, row in enumerate(kept)}
    labels = atlas.rows({r: new_row[row] for r, row in row_of.items() if row in new_row})
    samples = [called[row] for row in kept]
    lost = [called[row] for row in sorted(matched - with_voxels)]
    strangers = [called[row] for row in unmatched]
    if strangers:
        notes.append(
            f"{len(strangers)} row(s) of {rows.path.name} have no region in {atlas.path.name} "
            f"({listing(strangers)}) and are left out"
        )
    if lost:
        notes.append(
            f"{len(lost)} region(s) have no voxel in {atlas.path.name} ({listing(lost)}) and are "
            "left out"
        )
    notes += nameless_note(atlas, known, label_table)
    if not by_id and (several := rows_of_several(called, row_of, known)):
        notes.append(f"Row(s) of {rows.path.name} are shown in several regions each ({several})")
    if rows.names is None:
        notes += shared_note(atlas, known.values())
    if without_row:
        empty = listing(known.get(region, str(region)) for region in without_row)
        notes.append(
            f"{len(without_row)} region(s) of {atlas.path.name} have no row in {rows.path.name} "
            f"({empty}) and are shown as no data"
        )
    if samples:
        notes += check_sides(atlas.parcellation(labels), samples, atlas.path.name)
    return Placed(kept, tuple(samples), labels, (*strangers, *lost), tuple(notes))


def _placed_by_id(rows: Rows, names: dict[int, str] | None) -> bool:
    """Tell how rows are placed: by names, unless there are none, or the user or need says ids."""
    if rows.ids is None or rows.names is None:
        return rows.names is None
    return rows.trust == "chosen" or (names is None and not rows.only_count())


def _checked_ids(
    rows: Rows,
    by_id: bool,
    row_of: dict[int, int],
    regions: list[int],
    known: dict[int, str],
    label_table: str,
) -> list[str]:
    """Refuse ids that are doubtful or contradict the names; return notes on what they are."""
    if rows.ids is None:
        return []
    column = shown(rows.id_column)
    if by_id:
        rows.refuse_doubtful_ids(regions)
        if rows.names is not None and known:
            rows.check_ids(match_names(rows.names, known, rows.path), known, label_table)
        if rows.trust == "chosen" or (rows.trust == "said" and not rows.only_count()):
            return []
        return [f"Rows of {rows.path.name} are placed by the atlas ids in its {column}"]
    if rows.only_count():
        return [f"Rows of {rows.path.name} are placed by name; its {column} only counts them"]
    rows.check_ids(row_of, known, label_table)
    return []


def _by_id(rows: Rows, regions: list[int]) -> dict[int, int]:
    assert rows.ids is not None
    row_of: dict[int, int] = {}
    for row, region in enumerate(rows.ids):
        if row_of.setdefault(region, row) != row:
            raise UserError(f"{rows.path.name} has two rows with the id {region}; keep one")
    if 0 in row_of:
        raise UserError(
            f"{rows.path.name} has a row with the id 0, which is an atlas's background: its rows "
            "seem to be counted rather than named; give each row its atlas id or region name"
        )
    return {region: row_of[region] for region in regions if region in row_of}


def _by_name(
    rows: Rows, atlas: Atlas, names: dict[int, str] | None, columns: Sequence[str]
) -> dict[int, int]:
    assert rows.names is not None
    if names is None:
        if _look_like_regions(columns, [int(i) for i in atlas.ids], {}):
            raise UserError(
                f"{rows.path.name} has genes in its rows and regions in its columns; transpose it"
            )
        ids = f", or the column of atlas ids ({rows.how_to_choose})" if rows.ids else ""
        raise UserError(
            f"{rows.path.name} names its rows ({listing(rows.names, 3)}) and {atlas.path.name} has "
            f"only ids; give the atlas's label table{ids}"
        )
    return match_names(rows.names, names, rows.path)


def _look_like_regions(columns: Sequence[str], regions: list[int], known: dict[int, str]) -> bool:
    ids = {integer(column) for column in columns} & set(regions)
    keys = {region_key(name) for name in known.values()}
    by_name = sum(region_key(column) in keys for column in columns)
    return max(len(ids), by_name) > 0.5 * len(columns)


def _name(rows: Rows, row: int, known: dict[int, str], row_of: dict[int, int]) -> str:
    if rows.names is not None:
        return rows.names[row]
    assert rows.ids is not None
    name = known.get(rows.ids[row], "")
    # A name that several ids share does not tell rows apart.
    shared = sum(other == name for other in known.values()) > 1
    return name if name and not shared else str(rows.ids[row])


def _refuse_other_parcellation(
    rows: Rows,
    by_id: bool,
    called: list[str],
    unmatched: list[int],
    without_row: list[int],
    regions: list[int],
    atlas: Atlas,
    known: dict[int, str],
) -> None:
    n_rows, n_regions = len(rows), len(regions)
    rows_fit, regions_fit = n_rows - len(unmatched), n_regions - len(without_row)
    too_few = rows_fit < max(1, _MIN_ROWS * n_rows)
    if by_id:
        too_few |= regions_fit < _MIN_IDS * n_regions
    if too_few or (not by_id and other_numbering(called, unmatched, without_row, known)):
        no_region = listing(called[row] for row in unmatched) or "none"
        no_row = listing(known.get(region, str(region)) for region in without_row) or "none"
        instead = (
            f", or choose its atlas ids ({rows.how_to_choose})" if rows.ids and not by_id else ""
        )
        raise UserError(
            f"{rows.path.name} does not fit {atlas.path.name}: {rows_fit} of {n_rows} rows have a "
            f"region (without: {no_region}) and {regions_fit} of {n_regions} regions have a row "
            f"(without: {no_row}); use the atlas and label table that this table was made with"
            f"{instead}"
        )


def other_numbering(
    called: list[str], unmatched: list[int], without_row: list[int], known: dict[int, str]
) -> bool:
    """Tell Schaefer's parcellations apart.

    Their names are numbers within a network, so that ``7Networks_LH_Vis_1`` exists in every
    resolution and means another parcel in each. All such rows must be known, and they must
    cover most of the names of the hemispheres that they speak of.

    Parameters
    ----------
    called : list of str
        Names of the rows.
    unmatched : list of int
        Rows without a region.
    without_row : list of int
        Regions without a row.
    known : dict
        Names of the regions.
    """

    def numbered(names: list[str]) -> list[tuple[str, str]]:
        return [key for key in map(region_key, names) if "networks:" in key[1]]

    rows = numbered(called)
    if not rows:
        return False
    if numbered([called[row] for row in unmatched]):
        return True
    sides = {side for side, _ in rows}

    def count(names: list[str]) -> int:
        return sum(side in sides for side, _ in numbered(names))

    known_names = count(list(known.values()))
    covered = known_names - count([known[region] for region in without_row if region in known])
    return covered < _MIN_NUMBERED * known_names

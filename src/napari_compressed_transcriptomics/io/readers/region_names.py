"""Names of brain regions: label tables, and telling that two spellings mean one region."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError, listing, shortened
from napari_compressed_transcriptomics.io.files.text import DelimitedText, integer, text_lines

_LONGEST_NAME = 256
_LONGEST_SHOWN = 24  # of a column's name: what is no label table may hold what is not to be told
_MAX_CHARACTERS = 4_000_000  # of a label table; that of FreeSurfer has 60,000

_SIDES = {"l": "L", "lh": "L", "left": "L", "r": "R", "rh": "R", "right": "R"}
_SIDE = "(lh|rh|left|right|l|r)"
_NETWORKS = re.compile(r"(?:[lr]h[_.-])?(\d+networks)_(lh|rh)_(.+)")
_PREFIX = re.compile(rf"(?:ctx[_.\- ]+)?{_SIDE}[_.\- ]+(.+)")
_SUFFIX = re.compile(rf"(.+)[_.\- ]+{_SIDE}")

# Subcortical structures as ENIGMA, abagen, FreeSurfer and Tian write them. Tian's two halves
# of the thalamus are one structure only where a table does not tell them apart itself.
_STRUCTURES = {
    spelling: structure
    for structure, spellings in {
        "thal": "thal thalamus thalamusproper tha ptha atha",
        "caud": "caud caudate cau caudatenucleus",
        "put": "put putamen",
        "pal": "pal pallidum globuspallidus gp",
        "accumb": "accumb accumbens accumbensarea nucleusaccumbens nac",
        "hippo": "hippo hippocampus hip",
        "amyg": "amyg amygdala amy",
    }.items()
    for spelling in spellings.split()
}


def region_key(name: str) -> tuple[str, str]:
    """Return (hemisphere, label) of a region's name: the spelling without its dress.

    The hemisphere is "L", "R" or, where the name tells none, "". Upper and lower case and
    separators do not count, except before a number (``Vis_11`` is not ``Vis_1_1``). The
    network count of Schaefer's names stays in the label: 7 and 17 networks are different
    parcellations.

    Examples
    --------
    >>> region_key("L_bankssts"), region_key("lh.bankssts"), region_key("7Networks_LH_Vis_1")
    (('L', 'bankssts'), ('L', 'bankssts'), ('L', '7networks:vis_1'))
    >>> region_key("Lthal"), region_key("HIP-rh"), region_key("G_Frontal_Sup-1-L")
    (('L', 'thal'), ('R', 'hip'), ('L', 'gfrontalsup_1'))
    """
    plain = name.strip().lower()
    if len(plain) > _LONGEST_NAME:  # no region's; to take it apart could last minutes
        return "", plain
    if match := _NETWORKS.fullmatch(plain):
        return _SIDES[match[2]], f"{match[1]}:{_squeezed(match[3])}"
    if match := _PREFIX.fullmatch(plain):
        return _SIDES[match[1]], _squeezed(match[2])
    if match := _SUFFIX.fullmatch(plain):
        return _SIDES[match[2]], _squeezed(match[1])
    for side in _SIDES:
        rest = _squeezed(plain.removeprefix(side))
        if plain.startswith(side) and rest in _STRUCTURES:
            return _SIDES[side], rest
    return "", _squeezed(plain)


def structure_key(name: str) -> tuple[str, str]:
    """Return `region_key` with the synonyms of subcortical structures made one.

    Examples
    --------
    >>> structure_key("L_thalamusproper"), structure_key("aTHA-lh")
    (('L', 'thal'), ('L', 'thal'))
    """
    side, label = region_key(name)
    return side, _STRUCTURES.get(label, label)


def _squeezed(label: str) -> str:
    label = re.sub(r"[\s_.\-]+(?!\d)", "", label)
    return re.sub(r"[\s_.\-]+", "_", label)


def match_names(rows: Sequence[str], names: dict[int, str], path: Path) -> dict[int, int]:
    """Match atlas regions to rows by name, exact spellings before synonyms.

    Parameters
    ----------
    rows : sequence of str
        Names of the table's rows.
    names : dict
        Atlas id to name. Several ids may share a name, or mean one structure
        (``pTHA-lh`` and ``aTHA-lh`` are the row ``Lthal``): they are one row.
    path : Path
        The table, for messages.

    Returns
    -------
    dict
        Atlas id to row number, for the ids that have a row.
    """
    row_of: dict[int, int] = {}
    for key in (region_key, structure_key):
        used = set(row_of.values())
        free: dict[tuple[str, str], int] = {}
        for row, name in enumerate(rows):
            if row in used:
                continue
            first = free.setdefault(key(name), row)
            if first != row:
                raise UserError(
                    f"{path.name} has two rows for one region ({rows[first]} and {name}); keep one"
                )
        for region, name in names.items():
            if region not in row_of and (found := free.get(key(name))) is not None:
                row_of[region] = found
    return row_of


def rows_of_several(rows: Sequence[str], row_of: dict[int, int], names: dict[int, str]) -> str:
    """Return which rows `match_names` gave to several ids, for a note; empty where none."""
    several: dict[int, list[str]] = {}
    for region, row in row_of.items():
        several.setdefault(row, []).append(f"{names[region]} ({region})")
    return listing(f"{rows[r]}: {', '.join(ids)}" for r, ids in several.items() if len(ids) > 1)


def unique_names(ids: Iterable[int], names: Mapping[int, str]) -> list[str]:
    """Return the name of each id: the id itself where none, with the id where several share one.

    Examples
    --------
    >>> unique_names([1, 2, 3, 4], {1: "hippo", 2: "hippo", 3: "amyg"})
    ['hippo (1)', 'hippo (2)', 'amyg', '4']
    """
    found = {region: names.get(region) or str(region) for region in map(int, ids)}
    count = Counter(found.values())
    return [f"{name} ({region})" if count[name] > 1 else name for region, name in found.items()]


def read_region_names(path: str | Path) -> dict[int, str]:
    """Read a label table: atlas id to region name.

    Understood are delimited tables with a header (``id,label,hemisphere,structure`` as
    abagen writes, ``index,name``, Glasser's ``regionName,...,regionID``), tables of two columns
    without one, FreeSurfer's and FSL's ``id name R G B A``, and Schaefer's and Tian's pairs of
    lines (the name, then ``id R G B A``). The background's id 0 is left out.

    Raises
    ------
    UserError
        The table has no column of ids or names, gives an id two names, or is no label table by
        its size.
    """
    path = Path(path)
    table = DelimitedText(path)
    lines = _cells_of_lines(table.path)
    pairs = _pairs_of_lines(lines) or _colour_table(path, lines) or _columns(table)
    names: dict[int, str] = {}
    for region, name in pairs:
        if name and names.setdefault(region, name) != name:
            raise UserError(
                f"{path.name} gives the id {region} two names ({names[region]} and {name}); fix it"
            )
    names.pop(0, None)
    if not names:
        raise UserError(f"{path.name} names no region; choose the atlas's label table")
    return names


def _cells_of_lines(path: Path) -> list[list[str]]:
    """Return the cells between blanks of each line that has some."""
    lines, n_characters = [], 0
    for _, line in text_lines(path):
        n_characters += len(line) + 1
        if n_characters > _MAX_CHARACTERS:
            raise UserError(f"{path.name} is too long for a label table; choose the atlas's own")
        if cells := line.split():
            lines.append(cells)
    return lines


def _is_whole(text: str, most: int = 2**31 - 1) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= most


def _pairs_of_lines(lines: list[list[str]]) -> list[tuple[int, str]]:
    colours = lines[1::2]
    if len(lines) % 2 or not all(len(c) == 5 and all(map(_is_whole, c)) for c in colours):
        return []
    if any(all(map(_is_whole, name)) for name in lines[::2]):
        return []
    return [(int(c[0]), " ".join(name)) for name, c in zip(lines[::2], colours, strict=True)]


def _colour_table(path: Path, lines: list[list[str]]) -> list[tuple[int, str]]:
    """Read ``id name R G B`` with or without A; what stands before the colours is the name."""
    lines = [cells for cells in lines if not cells[0].startswith("#")]
    n_colours = min((_n_colours(cells) for cells in lines), default=0)
    if n_colours < 3 or not all(_is_whole(cells[0]) for cells in lines):
        return []
    names = [" ".join(cells[1:-n_colours]) for cells in lines]
    opacities = {cells[-1] for cells in lines}
    with_four = [cells[-1] for cells in lines if _n_colours(cells) == 4]
    if n_colours == 3 and len(set(with_four)) == 1 and len(with_four) > len(lines) / 2:
        # These end in one opacity, so that a line with three colours lacks its name or one of them.
        lacking = next(cells for cells in lines if _n_colours(cells) == 3)
        raise UserError(
            f"{path.name} has no name for the id {lacking[0]}, or another number of colours there; "
            "fix that line"
        )
    if n_colours == 4 and len(set(names)) < len(names) and len(opacities) > 2:
        names = [" ".join(cells[1:-3]) for cells in lines]  # no opacity, but names with numbers
    return [(int(cells[0]), name) for cells, name in zip(lines, names, strict=True)]


def _n_colours(cells: list[str]) -> int:
    """Count the cells at the end, at most four, that can be a colour's; id and name come first."""
    last = cells[2:][-4:]
    while last and not all(_is_whole(cell, 255) for cell in last):
        last = last[1:]
    return len(last)


def _columns(table: DelimitedText) -> list[tuple[int, str]]:
    header = [cell.lower() for cell in table.header]
    rows = [(number, [cell.strip() for cell in cells]) for number, cells in table.rows()]
    if len(header) == 2 and integer(header[0]) is not None:  # no header: id, name
        rows.insert(0, (1, table.header))
        header = ["id", "label"]
    if twice := [name for name in dict.fromkeys(header) if name and header.count(name) > 1]:
        raise UserError(
            f"{table.path.name} has two columns {twice[0]!r}; remove or rename one of them"
        )
    for number, cells in rows:
        if len(cells) != len(header):
            raise UserError(
                f"{table.path.name} has {len(cells)} cells in line {number} where its header has "
                f"{len(header)}; fix the line"
            )

    def column(names: str, integers: bool) -> int | None:
        for name in names.split():
            if name in header:
                index = header.index(name)
                if all((integer(c[index]) is not None) == integers for _, c in rows):
                    return index
        return None

    if twice := [name for name, count in Counter(header).items() if name and count > 1]:
        raise UserError(f"{table.path.name} has two columns called {listing(twice[:1])}; keep one")
    ids = column("id index value key label number parcel roi regionid region_id", integers=True)
    label = column(
        "label name regionname region roi_name region_name full_name structure", integers=False
    )
    if ids is None or label is None:
        wanted = "ids (id, index or value)" if ids is None else "names (label, name or region)"
        # A single column is a line as it stands in a file that is no label table.
        shown = [shortened(name, _LONGEST_SHOWN) for name in table.header]
        has = f"its columns are {listing(shown)}" if len(shown) > 1 else "it has one column"
        raise UserError(f"{table.path.name} has no column of {wanted}; {has}")
    side = next((header.index(n) for n in ("hemisphere", "hemi", "side") if n in header), None)
    sides = [cells[side] if side is not None else "" for _, cells in rows]
    names = with_sides([cells[label] for _, cells in rows], sides)
    return [(integer(cells[ids]) or 0, name) for (_, cells), name in zip(rows, names, strict=True)]


def _with_side(label: str, side: str) -> str:
    """Put a hemisphere that stands in a column of its own into the name."""
    known = _SIDES.get(side.strip().lower())
    return f"{known}_{label}" if known and label and not region_key(label)[0] else label


def with_sides(labels: Sequence[str], sides: Sequence[str]) -> list[str]:
    """Join a column of labels with a column of hemispheres ("L", "R", "B") into names."""
    return [_with_side(label, side) for label, side in zip(labels, sides, strict=True)]

"""Changes of delimited text: tables, label tables, lists of genes and of regions."""

import gzip
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from random import Random

from .change import PLACES, VALUES, Change
from .mutate_raw import damaged, slipped

Grid = list[list[str]]

CELLS = (
    *(
        "",
        "nan",
        "NA",
        "inf",
        "-inf",
        "1e308",
        "1e39",
        "-1e400",
        "1e-400",
        "1_000",
        "\uff11\uff12",
        "\u0663",
    ),
    *("0x10", "1,5", "1.5.5", "--1", "+1", " 0.5 ", "0.5\u00a0", "TRUE", "=1+1", "#REF!", "1e"),
    *("\u22120.5", ".", "None", "0,5", "1 000", "½", '"0.5"', '"', "'0.5'", "0.5%", "\0", "²"),
    *("\ufeff", "\u200b0.5", "1e5", "0.625", "9" * 400, "x" * 200_000),
)
NAMES = (
    *("", "NA", "gene", "SST", "1", "1.5", "id", "label", "index", "structure", "a,b", '"', "²"),
    *("=cmd|' /C calc'!A0", "<script>alert(1)</script>", "\U0001f600", "e\u0301", "a\tb", "nul\0"),
    *("../../etc/passwd", "\x1b[31mred", "$\\alpha$", "\u202eabc", "2-Sep", "x" * 100_000),
)
_COUNTERS = ("", "index", "Unnamed: 0", "id", "row", "X")
_NAMES = frozenset({"name"})


def _read(path: Path) -> tuple[str, str]:
    """Return text and separator."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.name.endswith(".gz") else data).decode("utf-8")
    first = text.split("\n", 1)[0]
    return text, next((sep for sep in ",;\t" if sep in first), " " if " " in text else ",")


def _write(path: Path, text: str | bytes) -> None:
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    path.write_bytes(gzip.compress(data, 1, mtime=0) if path.name.endswith(".gz") else data)


def _dressed(path: Path, rng: Random) -> Change:
    """Write the same text otherwise."""
    text, sep = _read(path)
    said, changed = rng.choice(
        (
            ("a byte-order mark", "\ufeff" + text),
            ("UTF-16 with a mark", text.encode("utf-16")),
            ("UTF-16 without a mark", text.encode(rng.choice(("utf-16-le", "utf-16-be")))),
            ("UTF-32", text.encode("utf-32")),
            ("CR LF", text.replace("\n", "\r\n")),
            ("CR", text.replace("\n", "\r")),
            ("CR CR LF", text.replace("\n", "\r\r\n")),
            ("no newline at the end", text.rstrip("\n")),
            ("blank lines", "\n\n" + text.replace("\n", "\n \n")),
            ("semicolons", text.replace(sep, ";")),
            ("semicolons and decimal commas", text.replace(sep, ";").replace(".", ",")),
            ("decimal commas", text.replace(".", ",")),
            ("bars", text.replace(sep, "|")),
            ("blanks", text.replace(sep, " ")),
            ("a comment first", "# a comment\n" + text),
            ("Ctrl-Z at the end", text + "\x1a"),
            ("every line ends in a separator", text.replace("\n", f"{sep}\n")),
        )
    )
    _write(path, changed)
    # In a single column nothing tells a decimal comma from two columns.
    unseen = VALUES if "comma" in said and sep not in text.split("\n", 1)[0] else frozenset()
    harmless = said in ("CR LF", "no newline at the end")
    return Change(said, unseen, must="equal" if harmless else "")


def _quoted(path: Path, rng: Random) -> Change:
    text, sep = _read(path)
    lines = [sep.join(f'"{cell}"' for cell in line.split(sep)) for line in text.split("\n")[:-1]]
    _write(path, "\n".join(lines) + "\n")
    return Change("all cells in quotes")


def _slip(path: Path, rng: Random) -> Change:
    text, _ = _read(path)
    changed, said = slipped(text.encode(), rng)
    _write(path, changed)
    return Change(f"text: {said}", VALUES | _NAMES, most=2, renames=True)


def _bytes(path: Path, rng: Random) -> Change:
    """Damage packed files below their checksum, plain ones as they are."""
    data = path.read_bytes()
    changed, said = damaged(data, rng)
    path.write_bytes(changed)
    if path.name.endswith(".gz"):
        return Change(f"packed: {said}")
    in_last_line = data.startswith(changed) and b"\n" not in data[len(changed) : -1]
    if ("deleted" in said or "cut" in said) and not in_last_line:  # a list may be shorter
        return Change(f"text: {said}", _NAMES, renames=True)
    return Change(f"text: {said}", VALUES | _NAMES, most=2, renames=True)


def _bomb(path: Path, rng: Random) -> Change:
    said, text, data = rng.choice(_bombs())
    path.write_bytes(data if path.name.endswith(".gz") else text)
    return Change(said, must="refuse" if path.name.endswith(".gz") else "")


@lru_cache
def _bombs() -> tuple[tuple[str, bytes, bytes], ...]:
    """Return what is said, small text, and far more of it packed: members of one MB each."""
    bombs = []
    for said, block in (
        ("one endless line", b"a" * (1 << 20)),
        ("one line of endless cells", b"G,a" * (1 << 18)),
        ("blank lines", b"\n" * (1 << 20)),
    ):
        member = gzip.compress(block, 1, mtime=0)
        bombs.append((said, b"label" + block, gzip.compress(b"label", mtime=0) + member * 300))
    return tuple(bombs)


def _on_cells(edit: Callable[[Grid, Random], Change]) -> Callable[[Path, Random], Change]:
    def mutate(path: Path, rng: Random) -> Change:
        text, sep = _read(path)
        grid = [line.split(sep) for line in text.rstrip("\n").split("\n")]
        change = edit(grid, rng)
        _write(path, "\n".join(sep.join(row) for row in grid) + "\n")
        return change

    return mutate


def _cell(grid: Grid, rng: Random) -> Change:
    row = rng.randrange(1, len(grid))
    column = rng.randrange(len(grid[row]))
    value = rng.choice(CELLS)
    grid[row][column] = value
    said = f"cell {row}, {column} = {value[:20]!r}"
    # A region without a name is called by its id.
    return Change(said, VALUES | _NAMES, most=1, renames=True)


def _name(grid: Grid, rng: Random) -> Change:
    value = rng.choice(NAMES)
    in_header = rng.random() < 0.5
    row = 0 if in_header else rng.randrange(1, len(grid))
    column = rng.randrange(len(grid[0])) if in_header else 0
    grid[row][column] = value
    said = f"{f'column {column}' if in_header else f'row {row}'} is called {value[:30]!r}"
    unseen = VALUES if _is_headless(grid) else frozenset()
    return Change(said, unseen, most=1, renames=True, columns=in_header)


def _broken_cell(grid: Grid, rng: Random) -> Change:
    row = rng.randrange(len(grid))
    column = rng.randrange(len(grid[row]))
    cell = grid[row][column]
    said, grid[row][column : column + 1] = rng.choice(
        (
            ("removed", []),
            ("removed", []),
            ("doubled", [cell, cell]),
            ("after an empty one", ["", cell]),
            ("after a quote", [f'"{cell}']),
            ("before a line break in quotes", [f'"{cell}\nx"']),
            ("with a NUL", [f"{cell}\0"]),
            ("with a letter that is not UTF-8", [f"{cell}\udcff"]),
        )
    )
    return Change(f"cell {row}, {column} {said}")


def _header_cell_lost(grid: Grid, rng: Random) -> Change:
    column = rng.randrange(len(grid[0]))
    del grid[0][column]
    return Change(f"column {column} lost its name")


def _twice(grid: Grid, rng: Random) -> Change:
    """Name two columns or rows alike, or repeat one."""
    rows = rng.random() < 0.5 or len(grid[0]) < 3
    lines = grid if rows else _turned(grid)
    a, b = rng.sample(range(1, len(lines)), 2)
    name = lines[b][0]
    if rng.random() < 0.5:
        lines.insert(a, list(lines[b]))
    else:
        lines[a][0] = lines[b][0]
    if not rows:
        grid[:] = _turned(lines)
    if rows:
        return Change(f"row {a} like {b}", among=frozenset({name}))
    return Change(f"column {a} like {b}", _of_columns(grid), columns=True)


def _shuffled_rows(grid: Grid, rng: Random) -> Change:
    body = grid[1:]
    rng.shuffle(body)
    grid[1:] = body
    return Change("rows shuffled", reorders=True)


def _shuffled_columns(grid: Grid, rng: Random) -> Change:
    lines = _turned(grid)
    body = lines[1:]
    rng.shuffle(body)
    grid[:] = _turned([lines[0], *body])
    return Change("columns shuffled", _of_columns(grid), reorders=not _of_columns(grid))


def _swapped_names(grid: Grid, rng: Random) -> Change:
    rows = rng.random() < 0.5
    lines = grid if rows or len(grid[0]) < 3 else _turned(grid)
    a, b = rng.sample(range(1, len(lines)), 2)
    names = frozenset((lines[a][0], lines[b][0]))
    lines[a][0], lines[b][0] = lines[b][0], lines[a][0]
    if lines is not grid:
        grid[:] = _turned(lines)
    return Change(f"names {a} and {b} swapped", PLACES | _NAMES, among=names)


def _lost(grid: Grid, rng: Random) -> Change:
    """Leave out a row or a column."""
    if rng.random() < 0.5 and len(grid[0]) > 1:
        column = rng.randrange(len(grid[0]))
        name, unseen = grid[0][column], _of_columns(grid)
        for row in grid:
            del row[column : column + 1]
        among = frozenset() if unseen else frozenset({name})
        return Change(f"column {name} left out", VALUES | unseen, among=among, columns=True)
    del grid[rng.randrange(len(grid))]
    return Change("a row left out", _NAMES, renames=True)


def _counter(grid: Grid, rng: Random) -> Change:
    """Number the rows, before or after all columns."""
    start, name, first = rng.choice((0, 1, 2)), rng.choice(_COUNTERS), rng.random() < 0.7
    for i, row in enumerate(grid):
        row.insert(0 if first else len(row), name if not i else str(i - 1 + start))
    said = f"a {'first' if first else 'last'} column {name!r} counts from {start}"
    return Change(said, _of_columns(grid), columns=not first or bool(_of_columns(grid)))


def _dates(grid: Grid, rng: Random) -> Change:
    column = rng.randrange(len(grid[0]))
    grid[0][column] = rng.choice(("2-Sep", "1-Mar", "2023-09-02", "Sep-02"))
    return Change(f"column {column} is a date", columns=True)


def _is_headless(grid: Grid) -> bool:
    return any(cell.replace(".", "").isdigit() for cell in grid[0])


def _of_columns(grid: Grid) -> frozenset[str]:
    """Return what nobody sees of a change of columns: without a header any could be the names."""
    return _NAMES if _is_headless(grid) else frozenset()


def _turned(grid: Grid) -> Grid:
    width = max(map(len, grid))
    padded = [[*row, *[""] * (width - len(row))] for row in grid]
    return [list(column) for column in zip(*padded, strict=True)]


def _transposed(grid: Grid, rng: Random) -> Change:
    grid[:] = _turned(grid)
    return Change("transposed")


def _cut(grid: Grid, rng: Random) -> Change:
    said, grid[:] = rng.choice((("no header", grid[1:]), ("only a header", grid[:1])))
    return Change(said, _NAMES)


MUTATORS = (
    *[_dressed] * 4,
    _quoted,
    *[_slip] * 2,
    *[_bytes] * 2,
    _bomb,
    *(
        _on_cells(edit)
        for edit in (
            *[_cell] * 4,
            *[_name] * 3,
            *[_broken_cell] * 3,
            _header_cell_lost,
            *[_twice] * 2,
            _shuffled_rows,
            _shuffled_columns,
            _swapped_names,
            *[_lost] * 2,
            *[_counter] * 3,
            _dates,
            _transposed,
            _cut,
        )
    ),
)

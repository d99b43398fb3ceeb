"""Changes of Parquet tables."""

import datetime
import decimal
import io
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from .change import PLACES, VALUES, Change
from .mutate_raw import of_bytes

_METADATA = (b"{}", b"[]", b"x", b'{"index_columns": ["nope"]}', b"\xff", b"null")
_METADATA_ODD = (b'{"index_columns": 5, "columns": []}', b'{"index_columns": [], "columns": 1}')


_bytes = of_bytes(VALUES, renames=True)  # pages have no checksum, unless one was asked for


def _column(path: Path, rng: Random) -> Change:
    """Put another type of column in the place of a gene's."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    n = table.num_rows
    at = rng.randrange(table.num_columns)
    name = table.column_names[at]
    day = datetime.datetime(2020, 1, 1)
    said, column, numbers = rng.choice(
        (
            ("lists", [[1.0]] * n, False),
            ("structures", [{"a": 1}] * n, False),
            ("times", [day + datetime.timedelta(days=i) for i in range(n)], False),
            ("dates", [(day + datetime.timedelta(days=i)).date() for i in range(n)], False),
            ("durations", [datetime.timedelta(seconds=i) for i in range(n)], False),
            ("decimals", [decimal.Decimal("0.5")] * n, True),
            ("bytes", [b"0.5"] * n, True),
            ("text", ["0.5"] * n, True),
            ("booleans", [bool(i % 2) for i in range(n)], True),
            ("nothing", pa.nulls(n), False),
            ("categories", pa.array(["a", "b"] * (n // 2)).dictionary_encode(), False),
            ("large integers", [2**63 - 1 - i for i in range(n)], True),
            ("1e308", [1e308] * n, False),
            ("infinity", [float("inf")] * n, False),
            ("halves", pa.array(np.full(n, 0.5, np.float16)), True),
        )
    )
    column = column if isinstance(column, pa.Array) else pa.array(column)
    pq.write_table(table.set_column(at, name, column), path)
    unseen = VALUES if numbers else frozenset()
    return Change(f"column {name} of {said}", unseen, among=frozenset({name}), renames=True)


def _frame(path: Path, rng: Random) -> Change:
    """Change what pandas would: the index, names, rows."""
    import pandas as pd

    frame = pd.read_parquet(path)
    n = len(frame)
    shuffled = rng.sample(range(n), n)
    columns = rng.sample(list(frame.columns), len(frame.columns))
    many = pd.MultiIndex.from_arrays([frame.index, range(n)], names=["label", "k"])
    above = pd.MultiIndex.from_product([["a"], frame.columns])
    said, frame = rng.choice(
        (
            ("no rows", frame.iloc[:0]),
            ("no columns", frame.iloc[:, :0]),
            ("no names of rows", frame.reset_index(drop=True)),
            ("names in a column", frame.reset_index()),
            ("counted from 1", frame.reset_index().set_index(pd.RangeIndex(1, n + 1))),
            ("a counter before the names", frame.reset_index().reset_index()),
            ("two levels of rows", frame.set_index(many)),
            ("two levels of columns", frame.set_axis(above, axis=1)),
            ("an index called like a gene", frame.rename_axis(index=frame.columns[0])),
            ("filtered", frame.iloc[1:].reset_index()),
            ("rows shuffled", frame.iloc[shuffled]),
            ("columns shuffled", frame[columns]),
        )
    )
    frame.to_parquet(path)
    harmless = said in ("names in a column", "rows shuffled", "columns shuffled")
    return Change(f"frame: {said}", must="equal" if harmless else "")


def _names(path: Path, rng: Random) -> Change:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    names = list(table.column_names)
    at = rng.randrange(len(names))
    names[at] = rng.choice((names[at - 1], "", "x" * 10_000, "a\0b", "\x1b[31m", "2-Sep", "1.5"))
    pq.write_table(table.rename_columns(names), path)
    return Change(f"column {at} is called {names[at][:20]!r}", renames=True)


def _metadata(path: Path, rng: Random) -> Change:
    import pyarrow.parquet as pq

    metadata = rng.choice((*_METADATA, *_METADATA_ODD))
    pq.write_table(pq.read_table(path).replace_schema_metadata({b"pandas": metadata}), path)
    return Change(f"pandas metadata {metadata!r}", PLACES if metadata == b"{}" else frozenset())


def _bomb(path: Path, rng: Random) -> Change:
    said, data = rng.choice(_bombs())
    path.write_bytes(data)
    return Change(said, must="refuse")


@lru_cache
def _bombs() -> tuple[tuple[str, bytes], ...]:
    import pyarrow as pa

    n = 1 << 20
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array(["L_x"]))
    rows = pa.table({"label": text, **{f"G{i}": pa.nulls(n, pa.float64()) for i in range(6)}})
    cell = pa.ListArray.from_arrays(pa.array([0, n], pa.int32()), pa.nulls(n, pa.int8()))
    lists = pa.table({"label": ["L_x"], "SST": cell})
    return ("2 million rows", _repeated(rows, 2)), ("lists of a million", _repeated(lists, 60))


def _repeated(table: Any, times: int) -> bytes:
    import pyarrow.parquet as pq

    file = io.BytesIO()
    with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
        for _ in range(times):
            writer.write_table(table)
    return file.getvalue()


MUTATORS = (*[_bytes] * 4, *[_column] * 4, *[_frame] * 4, *[_names] * 2, *[_metadata] * 2, _bomb)

"""Changes of JSON sidecars and records."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from .change import Change
from .mutate_raw import damaged, of_bytes, slipped

_DOCUMENTS = (
    b"",
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"NaN",
    b"{}",
    b"\xff\xfe{}",
    b"9" * 10_000,
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"a": "\\ud800"}',
    b"[" * 100_000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
    b'{"genes": [' + b"[]," * 1_000_000 + b"[]]}",
)
# Types, numbers and names that a field is not meant to have.
ODD: tuple[Any, ...] = (
    *(None, 0, -1, 1, 3.5, 1e308, float("nan"), float("inf"), True, False, 10**30, 2**63),
    *("", "x", "x" * 5000, "\ud800", "a\0b", "<script>alert(1)</script>", "\x1b[31mred", "~"),
    *("../../../../etc/passwd", "/dev/zero", "/etc/passwd", "http://127.0.0.1:9/x.nii.gz", ".."),
    *([], {}, [[]], [None], {"a": 1}, ["a", 1], ["x"] * 10),
)
_RECORD = frozenset({"record", "density"})


_bytes, _slip = (of_bytes(_RECORD, renames=True, how=how) for how in (damaged, slipped))


def _document(path: Path, rng: Random) -> Change:
    document = rng.choice(_DOCUMENTS)
    path.write_bytes(document)
    return Change(f"{document[:20]!r} of {len(document)} bytes", _RECORD)


def _field(path: Path, rng: Random) -> Change:
    content = json.loads(path.read_text("utf-8"))
    places = list(_places(content))
    top = [place for place in places if len(place) == 1]
    place = rng.choice(top if rng.random() < 0.5 else places)
    holder = content
    for step in place[:-1]:
        holder = holder[step]
    if rng.random() < 0.2:
        del holder[place[-1]]
        said = f"{place} removed"
    else:
        holder[place[-1]] = rng.choice(ODD)
        said = f"{place} = {str(holder[place[-1]])[:40]!r}"
    path.write_text(json.dumps(content), "utf-8")
    return Change(said, _RECORD, renames=True)


def _places(content: Any, place: tuple = ()) -> Iterator[tuple]:
    """Yield the way to each field, lists not beyond their first 20 entries."""
    if place:
        yield place
    if isinstance(content, dict):
        for key in content:
            yield from _places(content[key], (*place, key))
    elif isinstance(content, list):
        for i in range(min(len(content), 20)):
            yield from _places(content[i], (*place, i))


MUTATORS = (_bytes, _slip, _document, *[_field] * 6)

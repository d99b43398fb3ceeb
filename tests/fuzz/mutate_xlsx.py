"""Changes of Excel workbooks."""

import zipfile
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from random import Random

from .change import Change
from .mutate_raw import of_bytes

_SHEET, _STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
_NAMES = frozenset({"name"})
_LEAST = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
_END = b"</sheetData></worksheet>"


def _part(path: Path, rng: Random) -> Change:
    """Change the XML of a part."""
    parts = _parts(path)
    sheet, strings = parts[_SHEET], parts[_STRINGS]
    doctype = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    encoding = rng.choice((b"latin-1", b"x-none", b"cp037", b"utf-7", b"UTF-32"))
    cell = rng.choice((b"XFD2", b"ZZZZZ2", b"b2", b"-2", b"A2", b"", b"B", b"B999999999999"))
    edits = (
        ("no sheet", _SHEET, None),
        ("no strings", _STRINGS, None),
        ("an empty sheet", _SHEET, b""),
        ("another sheet before it", "xl/worksheets/sheet0.xml", b"<x/>"),
        ("a DOCTYPE", _SHEET, doctype + sheet),
        ("UTF-16", _SHEET, sheet.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
        ("entities in UTF-16", _SHEET, _entities(sheet)),
        ("a string before the first", _SHEET, sheet.replace(b"<v>0</v>", b"<v>-1</v>", 1)),
        ("a string after the last", _SHEET, sheet.replace(b"<v>1</v>", b"<v>99999</v>", 1)),
        ("a string that is no number", _SHEET, sheet.replace(b"<v>1</v>", b"<v>x</v>", 1)),
        (f"the cell B2 called {cell!r}", _SHEET, sheet.replace(b'"B2"', b'"%s"' % cell)),
        (f"encoding {encoding!r}", _SHEET, sheet.replace(b"UTF-8", encoding)),
        ("deep XML", _SHEET, b"<a>" * 100_000 + b"</a>" * 100_000),
        ("a name twice", _STRINGS, strings.replace(b"L_bankssts", b"R_bankssts")),
        ("a name emptied", _STRINGS, strings.replace(b"L_bankssts", b"")),
        ("formulas", _SHEET, sheet.replace(b"<v>", b"<f>1+1</f><v>", 3)),
        ("a row less", _SHEET, sheet[: sheet.rindex(b"<row")] + _END),
    )
    said, name, content = rng.choice(edits)
    if content is None:
        del parts[name]
    else:
        parts[name] = content
    _write(path, parts)
    another = ("a name twice", "a row less", "a string before the first")  # counted from the end
    unseen = _NAMES if said in another or "called" in said else frozenset()
    return Change(f"workbook: {said}", unseen)


def _packing(path: Path, rng: Random) -> Change:
    """Pack otherwise, or say that it is encrypted."""
    parts = _parts(path)
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    _write(path, parts, method)
    if rng.random() < 0.5:
        return Change(f"packed by method {method}")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    return Change(f"packed by method {method}, flagged as encrypted")


def _bomb(path: Path, rng: Random) -> Change:
    said, sheet = rng.choice(_bombs())
    _write(path, {**_parts(path), _SHEET: sheet})
    return Change(f"workbook: {said}", must="refuse")


@lru_cache
def _bombs() -> tuple[tuple[str, bytes], ...]:
    row = b'<row><c r="XFD1"/></row>'
    text = b'<row><c r="A1" t="inlineStr"><is><t>%s</t></is></c></row>' % (b"x" * 1000)
    return (
        ("200,000 rows of 16,384 cells", _LEAST + row * 200_000 + _END),
        ("30 MB of text", _LEAST + text * 30_000 + _END),
        ("many cells in a row", _LEAST + b"<row>" + b"<c/>" * 2_000_000 + b"</row>" + _END),
    )


def _entities(sheet: bytes) -> bytes:
    """Return a sheet whose one cell unpacks to 10 GB, where entities are unpacked."""
    body = sheet.decode().split("?>", 1)[1].replace("<v>", "<v>&h;", 1)
    names = "abcdefgh"
    tens = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise(names))
    doctype = f'<!DOCTYPE w [<!ENTITY a "{"A" * 1000}">{tens}]>'
    return f'<?xml version="1.0" encoding="UTF-16"?>{doctype}{body}'.encode("utf-16")


def _parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def _write(path: Path, parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in parts.items():
            file.writestr(zipfile.ZipInfo(name), content, method)


MUTATORS = (*[of_bytes()] * 8, *[_part] * 10, *[_packing] * 2, _bomb)
OF_ANY_ZIP = (*[of_bytes()] * 4, _packing)

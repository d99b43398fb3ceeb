"""Excel workbooks of one sheet, made of their XML."""

import zipfile
from pathlib import Path

_OF_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_OF_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def _relations(folder: str, **targets: str) -> str:
    links = "".join(
        f'<Relationship Id="{i}" Type="{_OF_DOCUMENT}/{kind}" Target="{folder}{target}"/>'
        for i, (kind, target) in enumerate(targets.items())
    )
    return f'{HEAD}<Relationships xmlns="{_OF_PACKAGE}/relationships">{links}</Relationships>'


_PARTS = {
    "[Content_Types].xml": (
        f'{HEAD}<Types xmlns="{_OF_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/{SHEET}" ContentType="{_KIND}.worksheet+xml"/>'
        f'<Override PartName="/{STRINGS}" ContentType="{_KIND}.sharedStrings+xml"/></Types>'
    ),
    "_rels/.rels": _relations("xl/", officeDocument="workbook.xml"),
    "xl/workbook.xml": (
        f'{HEAD}<workbook {SPACE} xmlns:r="{_OF_DOCUMENT}">'
        '<sheets><sheet name="regions" sheetId="1" r:id="0"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": _relations(
        "", worksheet="worksheets/sheet1.xml", sharedStrings="sharedStrings.xml"
    ),
}


def write_workbook(
    path: Path, sheet: str | bytes, strings: str, compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    """Write a workbook of a sheet and its shared strings, the same to the byte each time."""
    with zipfile.ZipFile(path, "w") as file:
        for name, part in (_PARTS | {SHEET: sheet, STRINGS: strings}).items():
            file.writestr(zipfile.ZipInfo(name), part, compression)
    return path

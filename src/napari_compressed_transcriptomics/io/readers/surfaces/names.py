"""Which hemisphere and which gene a file is of, from its name."""

import re
from dataclasses import dataclass
from pathlib import Path

GIFTI = (".gii", ".gii.gz")
MGH = (".mgh", ".mgz")
ANNOT = (".annot",)
MAPS = GIFTI + MGH
_KINDS = re.compile(r"\.(func|shape|surf|label|metric|dscalar)$", re.IGNORECASE)
_SIDE = re.compile(r"(?:^|(?<=[._-]))(?:hemi-)?(lh|rh|L|R|left|right)(?=[._-]|$)")
_ID = re.compile(r"^(?:gene|entrez)_?ID[_-](?=\d)", re.IGNORECASE)
_DESCRIPTION = re.compile(r"(?:^|_)desc-([^_]+)")

_NO_GENES = ("surf", "label", "sulc", "curv", "thickness", "area", "white", "pial", "inflated",
             "sphere", "midthickness")  # fmt: skip
"""Words in names of files that lie beside maps and are none."""


@dataclass(frozen=True)
class SurfaceFile:
    """A map of one hemisphere."""

    gene: str
    path: Path
    side: str
    """Empty where the name does not tell. One of "left", "right", ""."""


def side_of(path: Path) -> str:
    """Return the hemisphere that a name tells: ``lh.``, ``_hemi-L``, ``.L.``; else nothing."""
    found = _SIDE.search(_plain(path))
    return "" if found is None else "left" if found[1][0].lower() == "l" else "right"


def surface_file(path: Path) -> SurfaceFile:
    """Read gene and hemisphere from a file's name.

    Examples
    --------
    >>> surface_file(Path("lh.CALB1.gii")).gene, surface_file(Path("lh.CALB1.gii")).side
    ('CALB1', 'left')
    >>> surface_file(Path("CALB1_hemi-R.func.gii")).gene
    'CALB1'
    >>> surface_file(Path("rh.geneID_793.mgh")).gene
    '793'
    """
    name = _plain(path)
    described = _DESCRIPTION.search(name)
    rest = described[1] if described else _SIDE.sub("", name, count=1).strip("._-")
    return SurfaceFile(_ID.sub("", rest), path, side_of(path))


def is_no_gene(path: Path) -> bool:
    """Tell by its name that a file is a surface, labels or anatomy, not the map of a gene."""
    return bool(set(path.name.lower().replace("_", ".").split(".")) & set(_NO_GENES))


def is_surface(path: Path) -> bool:
    """Tell by its name that a file is a surface: where vertices lie."""
    return path.name.lower().endswith((".surf.gii", ".surf.gii.gz"))


def is_surface_atlas(path: str | Path) -> bool:
    """Tell whether a file holds labels of vertices, by its name."""
    return str(path).lower().endswith((*ANNOT, ".label.gii", ".label.gii.gz"))


def other_side(path: Path) -> Path | None:
    """Return how the file of the other hemisphere would be called; None where no side is told."""
    swap = {"lh": "rh", "rh": "lh", "L": "R", "R": "L", "left": "right", "right": "left"}
    found = _SIDE.search(path.name)
    if found is None:
        return None
    start, end = found.span(1)
    return path.with_name(path.name[:start] + swap[found[1]] + path.name[end:])


def _plain(path: Path) -> str:
    """Return a name without its ending."""
    name = path.name
    for end in sorted(MAPS + ANNOT, key=len, reverse=True):
        if name.lower().endswith(end):
            name = name[: -len(end)]
            break
    return _KINDS.sub("", name)

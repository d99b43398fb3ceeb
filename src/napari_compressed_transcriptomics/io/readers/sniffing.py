"""A cheap peek into a file, for readers that are asked about every file that is dropped."""

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.genes.hgnc import gene_table
from napari_compressed_transcriptomics.io.files.files import (
    H5AD,
    MODELS,
    NIFTI,
    PARQUET,
    SESSION,
    STORE,
    TEXT_TABLE,
    atlas_of,
    suffix,
)
from napari_compressed_transcriptomics.io.files.text import (
    beginning,
    number,
    separator_of,
    split_line,
    value_of,
)
from napari_compressed_transcriptomics.io.files.zarr_store import is_remote, is_store
from napari_compressed_transcriptomics.io.files.zip_member import ZIP

from .gene_volumes.names import gene_file, volumes_in
from .surfaces.names import ANNOT, MAPS, is_no_gene, is_surface, is_surface_atlas, side_of

# A table without an atlas is claimed only if it looks like expression, not like a table of
# points or results: so many numeric columns at least, none of them named like those.
_MIN_GENES = 10
_FOREIGN = ("axis-", "component_", "vertex-")

# Folders of others hold volumes, too. Names that end in _mRNA are told; plain ones must all be
# numbers, or symbols that HGNC approves, or many that look like symbols, as T1, T2 and FLAIR do.
_MIN_FILES, _MIN_SYMBOLS = 2, 10
_SYMBOL = re.compile(r"[A-Z][A-Za-z0-9.-]*")
_SAVED = {
    "result": ("summary.json", "latents.nii.gz", "gene_error.csv", "sample_error.csv"),
    "comparison": ("comparison.json", "comparison.csv", "comparison.png"),
    "prediction": ("prediction.json", "prediction.csv", "predicted_samples.csv"),
}
"""Names in a folder of work that was saved here: two tell, as the rest may have been lost."""
_MODEL_START = 1 << 20  # bytes of a model file in which its header tells what it is
_PEEK = 2000  # names of a folder
_PEEK_INTO = 3  # folders and zips in it


def sniff(path: str | Path | Sequence[str | Path]) -> str | None:
    """Say what a file, a folder or several files seem to hold, from names and first bytes.

    It never raises.

    Returns
    -------
    {"expression", "vertices", "gene_volumes", "table", "table_without_atlas", "volume", "latents",
    "result", "comparison", "prediction", "model", "session", None}
        "expression" is 4-D NIfTI or AnnData; "vertices" one GIFTI or MGH per gene, or surfaces and
        labels that belong to such; "gene_volumes" is one 3-D NIfTI per gene, in a folder
        or several files; "table" has its atlas beside it. None is not ours. A damaged NIfTI is
        still claimed, and so is a folder of saved work that lacks files, so that reading it says
        what is wrong. The last five are what was saved here.
    """
    try:
        if not isinstance(path, str | Path):
            if all(suffix(one, MAPS + ANNOT) for one in path):
                return "vertices"
            return "gene_volumes" if _are_maps([Path(one) for one in path]) else None
        if is_remote(path):  # only the name tells, as asking a server takes long
            return "expression" if suffix(path, STORE) else None
        return _sniff(Path(path))
    except Exception:  # a reader must not fail on a file that may be another's
        return None


def _sniff(path: Path) -> str | None:
    if suffix(path, STORE):
        return "expression" if is_store(path) else None
    if suffix(path, MAPS) and path.is_file():
        ours = side_of(path) and (not is_no_gene(path) or is_surface(path))
        return "vertices" if ours or is_surface_atlas(path) else None
    if suffix(path, ANNOT):
        return "vertices" if path.is_file() else None
    if saved := saved_here(path):
        return saved
    if path.is_dir():
        inside = _inside(path)
        if any(suffix(one, MAPS) and side_of(one) and not is_no_gene(one) for one in inside):
            return "vertices"
        into = [one for one in inside if one.is_dir()][:_PEEK_INTO]
        files = [one for one in inside if suffix(one, NIFTI + ZIP) and one not in into]
        files += [one for folder in into for one in _inside(folder)]
        return "gene_volumes" if _are_maps(files) else None
    if not path.is_file():
        return None
    if suffix(path, NIFTI):
        return _sniff_nifti(path)
    if suffix(path, H5AD):
        return "expression"
    if suffix(path, PARQUET):
        return "table" if _has_atlas(path) else "table_without_atlas"
    if suffix(path, TEXT_TABLE):
        return _sniff_text(path)
    return None


def saved_here(path: Path) -> str | None:
    """Tell folders and files of work that was saved here."""
    if path.is_dir():
        for kind, names in _SAVED.items():
            if sum((path / name).is_file() for name in names) > 1:
                return kind
        return None
    if suffix(path, MODELS) and path.is_file():
        with open(path, "rb") as file:
            start = file.read(_MODEL_START)
        return "model" if b"format_version" in start or start.startswith(b"PK") else None
    if suffix(path, SESSION) and path.is_file():
        return "session"
    return None


def _inside(folder: Path) -> list[Path]:
    """Return the first of what a folder holds, without what is hidden."""
    return [one for one in islice(folder.iterdir(), _PEEK) if not one.name.startswith(".")]


def _are_maps(paths: Sequence[Path]) -> bool:
    """Tell whether files are one map per gene each."""
    zips = [path for path in paths if suffix(path, ZIP)][:_PEEK_INTO]
    files = [path for path in paths if suffix(path, NIFTI)]
    files += [inner for path in zips for inner in volumes_in(path)]
    named = [gene_file(path) for path in files]
    if any(one.variant for one in named):
        return True
    if len(named) < (1 if zips else _MIN_FILES):
        return False
    like_genes = all(one.gene.isdecimal() for one in named)
    if not like_genes and all(_SYMBOL.fullmatch(one.gene) for one in named):
        approved = gene_table().rows
        like_genes = len(named) >= _MIN_SYMBOLS or all(one.gene in approved for one in named)
    return like_genes and _are_alike(files[:2])


def _are_alike(paths: Sequence[Path]) -> bool:
    """Tell whether files are 3-D images of one shape, and neither labels nor ours."""
    from napari_compressed_transcriptomics.io.files.nifti_header import read_header

    from .gene_volumes.plan import is_no_gene

    headers = [read_header(path) for path in paths]
    return len({header.shape for header in headers}) == 1 and all(
        len(header.shape) == 3 and not is_no_gene(header) for header in headers
    )


def _sniff_nifti(path: Path) -> str:
    from napari_compressed_transcriptomics.io.files.nifti_header import read_header

    try:
        header = read_header(path)
    except UserError:
        return "volume"
    if header.intent == "latents":
        return "latents"
    return "expression" if len(header.shape) == 4 else "volume"


def _sniff_text(path: Path) -> str | None:
    if _has_atlas(path):
        return "table"
    lines = beginning(path)
    separator = separator_of(lines[0])
    header, *row = (split_line(line, separator) for line in lines[:2])
    named_otherwise = any(name.strip().lower().startswith(_FOREIGN) for name in header)
    header_is_text = all(number(name) is None for name in header[1:])
    # The names of 20,000 genes fill what is read; then they tell, without a row of numbers.
    numeric = [_is_cell(cell) for cell in row[0][1:]] if row else [True] * (len(header) - 1)
    enough = len(numeric) >= _MIN_GENES and sum(numeric) >= 0.9 * len(numeric)
    return "table_without_atlas" if enough and header_is_text and not named_otherwise else None


def _has_atlas(path: Path) -> bool:
    """Tell whether a table's atlas is known; where its sidecar must not say, the user is asked."""
    try:
        return atlas_of(path)[0] is not None
    except UserError:
        return False


def _is_cell(text: str) -> bool:
    return value_of(text.replace(",", ".")) is not None

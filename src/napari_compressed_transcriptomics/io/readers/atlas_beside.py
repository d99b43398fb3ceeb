"""The atlas in a table's folder, to be proposed where none is named."""

from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import NIFTI, atlas_of, suffix

from .volume import read_volume

_MOST = 5  # files that are read


def atlas_beside(table: Path) -> tuple[Path | None, Path | None, bool]:
    """Return the atlas of a table, its label table, and whether it is only a proposal.

    It is one where nothing names the atlas, and of the few NIfTI files in the table's folder a
    single one holds several regions.

    Parameters
    ----------
    table : Path

    Returns
    -------
    atlas, labels : Path or None
        None where there is none.
    proposed : bool

    Raises
    ------
    UserError
        The table's sidecar names a file elsewhere.
    """
    atlas, labels = atlas_of(table)
    if atlas is not None or not table.is_file():
        return atlas, labels, False
    inside = [path for path in table.parent.iterdir() if suffix(path, NIFTI)]
    found = [path for path in inside if _holds_regions(path)] if len(inside) <= _MOST else []
    if len(found) != 1:
        return None, labels, False
    return *atlas_of(table, found[0]), True


def _holds_regions(path: Path) -> bool:
    try:
        volume = read_volume(path)
    except UserError:
        return False
    return volume.kind == "labels" and int(volume.data.max()) > 1  # else it is a mask

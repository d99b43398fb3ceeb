"""A label volume as regions, whatever grid it is on, and the one in a table's folder."""

from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.io.files.files import NIFTI, atlas_of, source_of, suffix

from .atlas import check_sides, read_atlas
from .region_names import read_region_names
from .volume import read_volume

_MOST = 5  # files that are read


def read_region_volume(path: str | Path) -> RegionVolume:
    """Read a label volume, with names where a label table lies beside it.

    Raises
    ------
    UserError
        The file is no label volume (see `atlas.read_atlas`), or mirrored, where names tell.
    """
    atlas = read_atlas(path)
    _, table = atlas_of(atlas.path, atlas=atlas.path)
    known = read_region_names(table) if table else {}
    notes = list(atlas.notes)
    if known:
        ids = [int(region) for region in atlas.ids]
        place = Parcellation(atlas.rows({region: i for i, region in enumerate(ids)}), atlas.affine)
        names = [known.get(region, str(region)) for region in ids]
        notes += check_sides(place, names, atlas.path.name)
    source = {"labels_volume": source_of(atlas.path)}
    if table:
        source["labels_volume names"] = source_of(table)
    return RegionVolume(atlas.labels, atlas.affine, known, atlas.path.name, tuple(notes), source)


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

"""A label volume as regions, whatever grid it is on."""

from pathlib import Path

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.io.files.files import atlas_of, source_of

from .atlas import check_sides, read_atlas
from .region_names import read_region_names


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

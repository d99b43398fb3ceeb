"""Files to expression and volumes, and results to files. No napari, no Qt.

Everything heavy is imported on first use.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Report, silent

from .files.files import H5AD, NIFTI, PARQUET, STORE, TEXT_TABLE, suffix
from .files.zip_member import ZIP
from .readers.volume import Volume

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression

    from .files.how_read import HowRead
    from .readers.surfaces.place import OnSurface

__all__ = ["SUFFIXES", "Volume", "read_expression", "read_volume", "sniff"]

_TABLES = TEXT_TABLE + PARQUET
SUFFIXES = NIFTI + TEXT_TABLE + PARQUET + H5AD + STORE


def read_expression(
    path: str | Path | Sequence[str | Path],
    atlas: str | Path | None = None,
    labels: str | Path | None = None,
    impute: str | None = None,
    ids: str | None = None,
    variant: str | None = None,
    report: Report = silent,
    lazy: bool = False,
    surface: Sequence[str | Path] = (),
    vertices_of: Sequence[str | Path] = (),
    hemisphere: str = "",
) -> "Expression":
    """Read expression of voxels, regions or vertices, whatever the format.

    Parameters
    ----------
    path : str, Path or sequence of them
        4-D NIfTI (``.nii``, ``.nii.gz``), a table (``.csv``, ``.tsv``, also packed with
        ``.gz``; ``.parquet``), AnnData (``.h5ad``) or a store that `convert` wrote (``.zarr``),
        which may lie on a server (``https://`` or ``s3://``); or a folder of one 3-D NIfTI per
        gene, also within folders or ``.zip`` files in it, or a list of such files. For vertices: a
        folder or list of one GIFTI or MGH per gene and hemisphere (``lh.GENE.gii``), or a table
        with a row per vertex.
    atlas : str or Path, optional
        Label volume: where a table's rows lie, or the regions to average voxels in; of vertices
        ``.annot`` or ``.label.gii``. Tables without it look beside themselves, see
        `files.atlas_of`.
    labels : str or Path, optional
        Label table that names the atlas's ids.
    impute : {None, "gene_mean", "drop_genes"}
        What to do with single missing cells; by default they are refused. Of one volume per gene,
        values far outside those of other genes count as missing, too.
    ids : str, optional
        Header of a table's column of atlas ids. By default rows are matched by their names, and
        where there are none by a column whose header says that it holds ids. Of AnnData it is
        ``obs_names``.
    variant : {None, "measured", "mirrored"}
        Which to read of one volume per gene, where there are both (``GENE_mRNA.nii`` and
        ``GENE_mirr_mRNA.nii``); by default both are refused.
    report : Report, optional
        Told how far the reading of one volume per gene has come.
    surface : sequence of path, optional
        GIFTI surfaces that say where vertices lie, one per hemisphere; fsaverage3 to fsaverage
        need none.
    vertices_of : sequence of path, optional
        Masks or labels of vertices, one per hemisphere: which of them have values, or are the rows
        of a table that has no medial wall.
    hemisphere : {"", "left", "right"}
        That of vertices whose file names do not say it.
    lazy : bool
        Leave the values of one volume per gene in their files, for a store to be made of them.

    Returns
    -------
    Expression
        With `notes` on what was excluded or unusual, and the files' hashes in `source`.

    Raises
    ------
    UserError
        One sentence on what is wrong with which file.
    """
    from napari_compressed_transcriptomics.core.imputation import check_imputation

    from .files.how_read import KEY, as_read
    from .readers.surfaces.place import OnSurface

    check_imputation(impute)
    how = as_read(
        path, surface, vertices_of, atlas=atlas, labels=labels, ids=ids, impute=impute,
        variant=variant, hemisphere=hemisphere,
    )  # fmt: skip
    on = OnSurface(tuple(surface), tuple(vertices_of), hemisphere)
    found = _read(path, how, on, report, lazy)
    return replace(found, source={**found.source, KEY: how.record()})


def _read(
    path: str | Path | Sequence[str | Path],
    how: "HowRead",
    on: "OnSurface",
    report: Report,
    lazy: bool,
) -> "Expression":
    from .readers.surfaces.place import UNSAID

    if maps := _surface_maps(path):
        return _read_surface_maps(maps, how, on, report)
    several = [path] if isinstance(path, str | Path) else list(path)
    if on != UNSAID and not (several and suffix(several[0], _TABLES)):
        raise UserError(
            "--surface, --vertices-of and --hemisphere are for vertices, and these data have "
            "none; leave them out"
        )
    if len(several) != 1:
        return _read_gene_volumes([Path(one) for one in several], how, report, lazy)
    (path,) = several  # perhaps an address, which is no path
    if suffix(path, STORE):
        from .readers.store import read_store

        return _in_regions(read_store(path), Path(path), how)
    path = Path(path)
    if path.is_dir() or suffix(path, ZIP):
        _refuse_saved(path)
        maps_in = path.absolute() if path.is_dir() else [path]
        return _read_gene_volumes(maps_in, how, report, lazy)
    return _read_file(path, how, on)


def _refuse_saved(path: Path) -> None:
    """Raise a `UserError` for a folder of what was made of expression: its maps are no genes."""
    from .readers.sniffing import saved_here

    if kind := saved_here(path):
        takers = ", or give this to report, page or figure" if kind == "result" else ""
        raise UserError(f"{path} is a saved {kind}; give the expression it was made of{takers}")


def _read_file(path: Path, how: "HowRead", on: "OnSurface") -> "Expression":
    if suffix(path, (".zarr.zip",)):
        raise UserError(f"{path.name} is a packed store; unpack it first")
    if how.variant is not None:
        raise UserError(f"{path.name} is not one volume per gene; leave variant (--variant) out")
    if suffix(path, NIFTI):
        from .readers.nifti_expression import read_nifti_expression

        if how.ids is not None:
            raise _no_ids(path)
        return _in_regions(read_nifti_expression(path, how.impute), path, how)
    if suffix(path, _TABLES):
        from .readers.table_expression import read_table_expression

        return read_table_expression(path, how.atlas, how.labels, how.impute, how.ids, on)
    if suffix(path, H5AD):
        from .readers.h5ad_read import read_h5ad

        return read_h5ad(path, how.atlas, how.labels, how.impute, how.ids)
    raise UserError(
        f"{path.name} is not a file type that can be read; choose a file that ends in {_kinds()}"
    )


def _surface_maps(path: str | Path | Sequence[str | Path]) -> list[Path]:
    """Return the maps of vertices among what is to be read; none where it is of another kind."""
    from .readers.surfaces.maps import surface_maps_in
    from .readers.surfaces.names import MAPS

    several = [path] if isinstance(path, str | Path) else list(path)
    if len(several) == 1 and Path(several[0]).is_dir():
        folder = Path(several[0])
        return [] if suffix(folder, STORE) else surface_maps_in(folder)
    return [Path(one) for one in several] if all(suffix(one, MAPS) for one in several) else []


def _in_regions(found: "Expression", path: Path, how: "HowRead") -> "Expression":
    """Return what was found at `path`, averaged over the regions of an atlas if there is one."""
    from .readers.regions import mean_over_regions

    return mean_over_regions(found, path, how.atlas, how.labels) if how.atlas else found


def _read_surface_maps(
    maps: list[Path], how: "HowRead", on: "OnSurface", report: Report
) -> "Expression":
    from .readers.surfaces.maps import read_surface_maps

    for name in ("ids", "variant"):
        if getattr(how, name) is not None:
            raise UserError(f"{maps[0].name} is a map of vertices, which takes no {name}")
    where = maps[0].parent if len(maps) > 1 else maps[0]
    return _in_regions(read_surface_maps(maps, on, how.impute, report), where, how)


def _read_gene_volumes(
    paths: Path | list[Path], how: "HowRead", report: Report, lazy: bool
) -> "Expression":
    from .readers.gene_volumes.names import common_folder
    from .readers.gene_volumes.read import read_gene_volumes

    if not paths:
        raise UserError("There is no file to read; choose one")
    folder = paths if isinstance(paths, Path) else common_folder(paths)
    if how.ids is not None:
        raise _no_ids(folder)
    voxels = read_gene_volumes(paths, how.variant, how.impute, report, lazy and not how.atlas)
    return _in_regions(voxels, folder, how)


def read_volume(path: str | Path) -> Volume:
    """Read a 3-D NIfTI as image or labels; see `volume.read_volume`."""
    from .readers.volume import read_volume

    return read_volume(path)


def sniff(path: str | Path | Sequence[str | Path]) -> str | None:
    """Say cheaply what a file, a folder or several files hold; see `sniffing.sniff`."""
    from .readers.sniffing import sniff

    return sniff(path)


def _no_ids(path: Path) -> UserError:
    return UserError(f"{path.name} is not a table with a column of atlas ids; leave ids out")


def _kinds() -> str:
    return ", ".join(SUFFIXES[:-1]) + f" or {SUFFIXES[-1]}"

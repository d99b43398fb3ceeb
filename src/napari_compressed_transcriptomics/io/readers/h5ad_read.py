"""Reading AnnData, ours and others': values, names, and where the samples lie; see `h5ad_write`."""

from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import recorded
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.io.files.files import atlas_of, source_of
from napari_compressed_transcriptomics.io.files.hdf5 import Hdf5, opened_hdf5

from .assemble import assemble
from .h5ad_elements import genes_of, names_of, shape_of, values_of
from .h5ad_places import stored_places
from .table import Table
from .table_expression import table_expression
from .voxel_grid import on_grid

_SPATIAL_KEYS = ("spatial", "X_spatial")


def read_h5ad(
    path: str | Path,
    atlas: str | Path | None = None,
    labels: str | Path | None = None,
    impute: str | None = None,
    ids: str | None = None,
) -> Expression:
    """Read expression from AnnData: its parcellation, else voxel positions, else an atlas.

    Rows are matched with the parcellation's samples by name. Positions are
    ``obsm["spatial"]``, RAS mm on a regular grid. Where ``var_names`` are ids, genes are named by
    symbols in ``var["feature_name"]`` or the like. A file without either is read as a table, its
    ``obs_names`` being the names of the rows (its atlas ids, where `ids` is "obs_names"). With an
    atlas, voxels are averaged over its regions.

    Raises
    ------
    UserError
        The file is damaged or no AnnData, or its samples have no place.
    """
    from .regions import mean_over_regions

    with opened_hdf5(path, "AnnData") as file:
        path = file.path
        if any(file.find(key) is None for key in ("X", "obs", "var")):
            raise UserError(f"{path.name} is HDF5 without X, obs and var; choose AnnData")
        n_samples, n_genes = shape = shape_of(file)
        samples = names_of(file, "obs", n_samples)
        genes, gene_notes, column = genes_of(file, n_genes)
        stored = stored_places(file)
        positions = positions_of(file, n_samples) if stored is None else None
        values = values_of(file, shape)
        source: dict[str, Any] = {"expression": source_of(path)}
        if column:
            source["genes"] = {"var": column}
    atlas_path, labels_path = atlas_of(path, atlas, labels)
    by_voxel = positions is not None or (stored is not None and stored.by_voxel)
    located = by_voxel or (stored is not None and stored.samples is not None)
    if atlas_path is not None and not by_voxel and (atlas or not located):
        table = Table(path, genes, {"obs_names": samples}, values, gene_notes)
        return table_expression(table, atlas_path, labels_path, impute, ids)
    excluded: list[str] = []
    if positions is not None:
        parcellation, note = on_grid(path, positions)
        notes = [note]
    elif stored is not None:
        parcellation, lost, notes = stored.of_rows(samples)
        excluded = [*stored.excluded, *lost]
        source |= recorded(stored.space)
    else:
        raise UserError(
            f"{path.name} does not say where its samples lie; add obsm['spatial'] (x, y, z in mm) "
            "or give an atlas"
        )
    expression = assemble(
        values,
        genes,
        samples,
        parcellation.labels,
        parcellation.affine,
        path=path,
        impute=impute,
        notes=[*gene_notes, *notes],
        excluded=excluded,
        source=source,
        place=parcellation,
    )
    return mean_over_regions(expression, path, atlas, labels) if atlas else expression


def positions_of(file: Hdf5, n_samples: int) -> np.ndarray | None:
    """Return ``obsm["spatial"]``, shape (n_samples, 3), None where there is none."""
    import h5py

    for key in _SPATIAL_KEYS:
        item = file.find(f"obsm/{key}")
        if not isinstance(item, h5py.Dataset):
            continue
        name, what = file.path.name, f"obsm['{key}']"
        dataset = file.numbers(item, what)
        if dataset.ndim != 2 or dataset.shape[1] != 3:
            n = dataset.shape[1] if dataset.ndim == 2 else dataset.ndim
            raise UserError(
                f"{name} has {n} coordinates per sample in {what} where x, y and z in mm are "
                "needed; a flat section has no place in the brain's volume"
            )
        positions = file.read(file.numbers(item, what, shape=(n_samples, 3)))
        with np.errstate(over="ignore", invalid="ignore"):
            return positions.astype(float)
    return None

"""Reading AnnData, ours and others': values, names, and where the samples lie; see `io.h5ad`."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.memory import require_memory

from .assemble import assemble
from .files import atlas_of, source_of
from .h5ad_elements import names_of, shape_of, values_of
from .hdf5 import Hdf5, opened_hdf5
from .table import Table, table_expression
from .voxel_grid import on_grid

_SPATIAL_KEYS = ("spatial", "X_spatial")


@dataclass(frozen=True)
class _Stored:
    """Where samples lie, as our writer stored it.

    ``i + 1`` stands in `labels` where the i-th of `samples` lies; these are None in files of
    older versions that hold regions, whose rows nothing ties to a place. `excluded` had no
    values when the file was written.
    """

    labels: np.ndarray
    affine: np.ndarray
    samples: list[str] | None
    by_voxel: bool
    excluded: list[str]


def read_h5ad(
    path: str | Path,
    atlas: str | Path | None = None,
    labels: str | Path | None = None,
    impute: str | None = None,
) -> Expression:
    """Read expression from AnnData: its parcellation, else voxel positions, else an atlas.

    Rows are matched with the parcellation's samples by name. Positions are
    ``obsm["spatial"]``, RAS mm on a regular grid. A file without either is read as a table, its
    ``obs_names`` being the names of the rows. With an atlas, voxels are averaged over its
    regions.

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
        samples, genes = names_of(file, "obs", n_samples), names_of(file, "var", n_genes)
        stored = _stored(file)
        positions = _positions(file, n_samples) if stored is None else None
        values = values_of(file, shape)
        source = {"expression": source_of(path)}
    atlas_path, labels_path = atlas_of(path, atlas, labels)
    by_voxel = positions is not None or (stored is not None and stored.by_voxel)
    located = by_voxel or (stored is not None and stored.samples is not None)
    if atlas_path is not None and not by_voxel and (atlas or not located):
        return table_expression(
            Table(path, genes, {"label": samples}, values), atlas_path, labels_path, impute
        )
    excluded: list[str] = []
    if positions is not None:
        parcellation, note = on_grid(path, positions)
        notes = [note]
    elif stored is not None:
        parcellation, lost, notes = _by_name(path, samples, stored)
        excluded = [*stored.excluded, *lost]
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
        notes=notes,
        excluded=excluded,
        source=source,
    )
    return mean_over_regions(expression, path, atlas, labels) if atlas else expression


def _stored(file: Hdf5) -> _Stored | None:
    """Return what our writer stored; a `UserError` where it is damaged."""
    name, place = file.path.name, "uns['parcellation']"
    found = {key: file.find(f"uns/parcellation/{key}") for key in ("labels", "affine", "samples")}
    if found["labels"] is None or found["affine"] is None:
        return None
    dataset = file.numbers(found["labels"], f"labels in {place}", "iu")
    if dataset.ndim != 3 or not dataset.size:
        raise UserError(f"{name} has labels of shape {dataset.shape} in {place}; they need x, y, z")
    require_memory(dataset.size * (dataset.dtype.itemsize + 12) + file.bytes_at_once(dataset), name)
    labels = file.read(dataset)
    affine = file.read(file.numbers(found["affine"], f"affine in {place}", shape=(4, 4)))
    affine = affine.astype(float)
    with np.errstate(all="ignore"):
        volume = abs(np.linalg.det(affine))
    if not 1e-9 < volume < 1e9 or not np.array_equal(affine[3], (0, 0, 0, 1)):
        raise UserError(f"{name} has an affine in {place} that places no voxel; write it anew")
    n = int(labels.max())
    samples = None
    if found["samples"] is not None:
        samples = file.texts(found["samples"], f"samples in {place}")
    # Their number is compared first, so that nothing grows with a label that is far too large.
    fits = labels.min() >= 0 and n <= labels.size and (samples is None or n == len(set(samples)))
    if fits:
        labels = labels.astype(np.int32)
        voxels = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    if not fits or not voxels.all() or (samples is not None and len(samples) != n):
        raise UserError(
            f"{name} has labels in {place} that are not 1 to the number of its samples, each once "
            "named; write it anew"
        )
    by_voxel = bool((voxels == 1).all())
    if samples is None and by_voxel:  # older versions named voxels by their place, if nothing else
        order = np.argsort(labels[labels > 0])
        samples = ["_".join(map(str, voxel)) for voxel in np.argwhere(labels)[order].tolist()]
    return _Stored(labels, affine, samples, by_voxel, _excluded(file))


def _by_name(
    path: Path, samples: list[str], stored: _Stored
) -> tuple[Parcellation, list[str], list[str]]:
    """Return the place of each row, the names of samples that have no row any more, and notes."""
    if stored.samples is None:
        raise UserError(
            f"{path.name} is of an older version that did not store which row lies where, and rows "
            "may have been reordered since; write it anew from its source, or give its atlas"
        )
    if repeated := [name for name, count in Counter(samples).items() if count > 1]:
        raise UserError(
            f"{path.name} has rows of the same name ({listing(repeated)}); name each once"
        )
    known = set(stored.samples)
    if unknown := [name for name in samples if name not in known]:
        raise UserError(
            f"{path.name} has {len(unknown)} row(s) ({listing(unknown)}) that are no sample of its "
            f"uns['parcellation'] ({listing(stored.samples, 3)}), and rows are placed by name; "
            "give them their old names"
        )
    row_of = {name: row for row, name in enumerate(samples, 1)}
    lookup = np.array([0, *(row_of.get(name, 0) for name in stored.samples)], np.int32)
    lost = [name for name in stored.samples if name not in row_of]
    notes = []
    if lost:
        notes.append(
            f"{len(lost)} sample(s) of uns['parcellation'] have no row in {path.name} any more "
            f"({listing(lost)}) and are shown as no data"
        )
    return Parcellation(lookup[stored.labels], stored.affine), lost, notes


def _excluded(file: Hdf5) -> list[str]:
    """Return the samples that had no values, as ``uns["provenance"]`` tells; none if it is odd."""
    import h5py

    item = file.find("uns/provenance")
    if not isinstance(item, h5py.Dataset) or item.shape != ():
        return []
    (text,) = file.texts(item, "uns['provenance']")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return []
    names = record.get("excluded") if isinstance(record, dict) else None
    if not isinstance(names, list):
        return []
    return [str(name).encode(errors="replace").decode() for name in names]


def _positions(file: Hdf5, n_samples: int) -> np.ndarray | None:
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
                f"{name} has {n} coordinates a sample in {what} where x, y and z in mm are needed; "
                "a flat section has no place in the brain's volume"
            )
        positions = file.read(file.numbers(item, what, shape=(n_samples, 3)))
        with np.errstate(over="ignore", invalid="ignore"):
            return positions.astype(float)
    return None

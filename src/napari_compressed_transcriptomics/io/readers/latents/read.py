"""Latents of one method from NIfTI, a table or AnnData, and where their samples lie."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import recorded
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.parcellation import Parcellation, voxel_names
from napari_compressed_transcriptomics.io.files.files import (
    H5AD,
    NIFTI,
    PARQUET,
    TEXT_TABLE,
    existing_file,
    source_of,
    stem,
    suffix,
)

from .components import read_components
from .names import latent_name

LATENT_FILES = NIFTI + TEXT_TABLE + PARQUET + H5AD
_RESULT = "latents.nii.gz"
_OBSM = "X_latent"


@dataclass(frozen=True, eq=False)
class Latents:
    """Latents as files have them."""

    values: np.ndarray
    """Finite. Of float32, shape (n_samples, k)."""
    parcellation: Parcellation
    samples: tuple[str, ...]
    name: str
    """Short, for layers and messages."""
    method: str = ""
    """As the files' names have it (``pca``, ``ae``), empty where they say none."""
    backgrounds: tuple[float | None, ...] = ()
    """Of each component of volumes, the constant around the brain; None where there is none."""
    notes: tuple[str, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
    """As `Expression.source`."""


def read_latents(paths: str | Path | Sequence[str | Path], **reading: Any) -> Latents:
    """Read the latents of one method.

    Parameters
    ----------
    paths : path or sequence of path
        NIfTI: one 3-D file per component, in the order of the numbers in their names
        (``abagen_ae0_8mm.nii.gz``), or one 4-D file of ours; or one table with a row per sample and
        a column per component; or AnnData with ``obsm["X_latent"]``; or a folder of results.
    **reading
        Of tables, see `io.read_expression`.

    Raises
    ------
    UserError
        A file is faulty, or they are not the components of one method on one grid.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    files = [_file(Path(path)) for path in given]
    if not files:
        raise UserError("There are no latents; choose at least one file")
    if all(suffix(path, NIFTI) for path in files):
        return _of_volumes(files)
    if len(files) > 1:
        raise UserError(
            f"{files[0].name} and {files[1].name} are not components of one set; give one table or "
            "AnnData file, or NIfTI files of one method"
        )
    (path,) = files
    if suffix(path, H5AD):
        return _of_anndata(path)
    if suffix(path, TEXT_TABLE + PARQUET):
        return _of_table(path, reading)
    raise UserError(
        f"{path.name} holds no latents that can be read; choose NIfTI, a table (CSV, TSV, Parquet) "
        "or AnnData"
    )


def _file(path: Path) -> Path:
    if path.is_dir():
        if not (path / _RESULT).is_file():
            raise UserError(f"{path} holds no {_RESULT}; choose a folder of results, or files")
        return path / _RESULT
    return existing_file(path)


def _of_volumes(files: list[Path]) -> Latents:
    names = {path: latent_name(path) for path in files}
    first = names[files[0]]
    odd = [path for path, name in names.items() if name.group != first.group]
    if odd:
        raise UserError(
            f"{files[0].name} and {odd[0].name} do not look like components of one method; "
            "give files whose names differ only in the component's number"
        )
    numbers = [name.component for name in names.values()]
    if len(set(numbers)) < len(numbers):
        raise UserError(f"{files[0].name} is given twice, or two files are the same component")
    files = sorted(files, key=lambda path: names[path].component or 0)
    read = read_components(files)
    there = np.isfinite(read.values).all(axis=1)
    inside = read.inside.copy()
    inside[inside] = there
    notes = list(read.notes)
    if not there.all():
        n = int((~there).sum())
        notes.append(f"{n:,} voxel(s) without a value in every component are left out")
    first = names[files[0]]
    of_one = first.component is not None
    return Latents(
        read.values[there],
        Parcellation.from_mask(inside, read.affine),
        voxel_names(inside),
        "_".join(filter(None, first.group)) if of_one else stem(files[0]),
        first.method if of_one else "",
        read.backgrounds,
        tuple(notes),
        {"latents" if len(files) == 1 else path.name: source_of(path) for path in files},
    )


def _of_table(path: Path, reading: dict[str, Any]) -> Latents:
    from napari_compressed_transcriptomics.io import read_expression

    read = read_expression(path, **reading)
    return Latents(
        np.asarray(read.values),
        read.parcellation,
        read.samples,
        read.name,
        notes=read.notes,
        source={("latents" if k == "expression" else k): v for k, v in read.source.items()},
    )


def _of_anndata(path: Path) -> Latents:
    from napari_compressed_transcriptomics.io.files.hdf5 import opened_hdf5
    from napari_compressed_transcriptomics.io.readers.h5ad_elements import names_of
    from napari_compressed_transcriptomics.io.readers.h5ad_places import stored_places
    from napari_compressed_transcriptomics.io.readers.h5ad_read import positions_of
    from napari_compressed_transcriptomics.io.readers.voxel_grid import on_grid

    with opened_hdf5(path, "AnnData") as file:
        item = file.find(f"obsm/{_OBSM}")
        if item is None:
            raise UserError(f"{path.name} has no obsm[{_OBSM!r}]; choose a file that has latents")
        numbers = file.numbers(item, f"obsm[{_OBSM!r}]")
        if numbers.ndim != 2:
            raise UserError(f"{path.name} has {numbers.ndim}-D latents; a row per sample is needed")
        values = file.read(numbers).astype(np.float32)
        samples = names_of(file, "obs", len(values))
        stored = stored_places(file)
        positions = positions_of(file, len(values)) if stored is None else None
    space: dict[str, str] = {}
    if positions is not None:
        parcellation, note = on_grid(path, positions)
        notes = [note]
    elif stored is not None and (stored.samples is not None or stored.by_voxel):
        parcellation, _, notes = stored.of_rows(samples)
        space = recorded(stored.space)
    else:
        raise UserError(
            f"{path.name} does not say where its samples lie; add obsm['spatial'] (x, y, z in mm), "
            "or give its latents as a table with an atlas"
        )
    return Latents(
        values,
        parcellation,
        tuple(samples),
        stem(path),
        notes=tuple(notes),
        source={"latents": source_of(path), **space},
    )

"""Results read back from the folder that `save_results` wrote."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import regions_of
from napari_compressed_transcriptomics.io.files.belonging import KEY, UNKNOWN, check_belonging
from napari_compressed_transcriptomics.io.files.files import atlas_of, existing_file, read_json
from napari_compressed_transcriptomics.io.files.text import DelimitedText, number
from napari_compressed_transcriptomics.io.readers.atlas import read_atlas
from napari_compressed_transcriptomics.io.readers.region_names import read_region_names
from napari_compressed_transcriptomics.io.readers.surfaces.recorded import recorded_mesh
from napari_compressed_transcriptomics.io.readers.volume import LATENTS, read_volume
from napari_compressed_transcriptomics.reconstruction.held_out_error import HELD_OUT
from napari_compressed_transcriptomics.reconstruction.joint_histogram import JointHistogram
from napari_compressed_transcriptomics.reconstruction.results import (
    MAX_COMPONENTS,
    Results,
    SampleErrors,
    samples_of,
)
from napari_compressed_transcriptomics.spatial.surface_place import SurfaceParcellation

from .results import FORMAT_VERSION, HELD_OUT_FILES, LACKING_FILES, RESULT_FILES

_MAX_BINS = 4096
_COUNTS = ("n_samples", "n_genes", "latent_size")
_LARGEST = 1e300  # what is larger is no error of anything, and may not be drawn
AGAIN = "save the results again"
_AXES = ("x_mm", "y_mm", "z_mm")


def read_results(
    directory: str | Path, atlas: str | Path | None = None, labels: str | Path | None = None
) -> Results:
    """Read what `save_results` wrote; files that older versions did not write may be missing.

    Parameters
    ----------
    directory : str or Path
    atlas : str or Path, optional
        Label volume that tells the regions of results of voxels.
    labels : str or Path, optional
        Label table that names the atlas's ids.

    Raises
    ------
    UserError
        The folder or a file in it is missing, cut or damaged, or files do not belong together, as
        the hashes in ``summary.json`` tell; or an atlas is given for results that are of regions
        already.
    """
    folder = Path(directory)
    record = read_summary(folder)
    n_samples, n_genes, k = (record[key] for key in _COUNTS)
    error = _volume(folder / "error.nii.gz", "rmse")
    latent_volume = _volume(folder / "latents.nii.gz", LATENTS)
    if latent_volume.data.shape != (*error.data.shape, k):
        raise _unlike(folder / "latents.nii.gz", latent_volume.data.shape, "volumes")
    columns = [f"component_{i + 1}" for i in range(k)]
    _, latents = read_table(folder / "latents.csv", columns, n_samples)
    measured = record.get("held_out") is not None
    more = [HELD_OUT] if measured else []
    genes, gene_errors = read_table(folder / "gene_error.csv", ["rmse", "r2", *more], n_genes)
    samples = _samples(folder / "sample_error.csv", n_samples, more)
    unseen = _volume(folder / HELD_OUT_FILES[0], HELD_OUT).data if measured else None
    if unseen is not None and unseen.shape != error.data.shape:
        raise _unlike(folder / HELD_OUT_FILES[0], unseen.shape, "volumes")
    inside = np.isfinite(error.data)
    if not inside.any():
        if record.get("rmse") is None:
            raise UserError(
                f"{folder} holds decoded latents, whose error is unknown; open it in napari or by "
                "open_result, or choose a folder that encode --out wrote"
            )
        raise UserError(f"{folder / 'error.nii.gz'} holds no value; save the results again")

    lacking = read_lacking(folder, record, error.data.shape)
    names = [*RESULT_FILES]
    names += HELD_OUT_FILES if measured else ()
    names += LACKING_FILES if lacking is not None else ()
    regions, files = None, [folder / name for name in names]
    if np.count_nonzero(inside) > n_samples:
        if atlas is not None:
            raise UserError(
                f"{folder} holds results of regions already; leave out the atlas {atlas}"
            )
        regions = samples
    elif atlas is not None:
        regions = _by_region(error.data, unseen, error.affine, Path(atlas), labels)
        files += [Path(atlas), *([Path(labels)] if labels else [])]
    density = read_density(folder / "density.csv", record)
    known = check_belonging(folder / "summary.json", record, AGAIN)  # after all is read
    results = Results(
        record=_with_inputs({key: part for key, part in record.items() if key != KEY}, folder),
        affine=error.affine,
        error_volume=error.data,
        latent_volume=latent_volume.data[..., :MAX_COMPONENTS],
        latents=latents.astype(np.float32),
        genes=genes,
        rmse_genes=gene_errors[:, 0],
        r2_genes=gene_errors[:, 1],
        held_out_genes=gene_errors[:, 2] if measured else None,
        held_out_volume=unseen,
        samples=samples,
        regions=regions,
        density=density,
        lacking=lacking,
        files=tuple(files),
        notes=() if known else (f"{UNKNOWN} ({folder})",),
    )
    if not isinstance(record.get("surface"), dict):
        return results
    centroids = None if samples is None else samples.centroids
    place = recorded_mesh(samples_of(results), record, centroids, folder / "summary.json")
    assert isinstance(place, SurfaceParcellation)
    return replace(results, mesh=place)


def read_summary(folder: Path) -> dict[str, Any]:
    """Return the ``summary.json`` of a folder of results, checked, with paths as written.

    Raises
    ------
    UserError
        There is none, it is damaged, or a newer version wrote it.
    """
    if not folder.is_dir():
        what = "is a file, not a folder of results" if folder.exists() else "does not exist"
        raise UserError(f"{folder} {what}; give the folder that encode --out wrote")
    path = folder / "summary.json"
    if not path.is_file():
        raise UserError(
            f"{folder} has no summary.json, which is written last: it is no whole result; give the "
            "folder that encode --out wrote"
        )
    record = read_json(path)
    version = record.get("format_version", 1)
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise UserError(
            f"{path} has format {version}, this program reads up to {FORMAT_VERSION}; update "
            "napari-compressed-transcriptomics"
        )
    for key in _COUNTS:
        value = record.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise UserError(
                f"{path} does not state {key} as a whole number; save the results again"
            )
    for key in ("rmse", "r2"):
        value = record.get(key)
        if value is not None and not (type(value) in (int, float) and abs(value) < _LARGEST):
            raise UserError(f"{path} does not state {key} as a number; save the results again")
    if record.get("held_out") is not None and not _is_held_out(record["held_out"]):
        raise UserError(f"{path} does not state held_out as numbers; save the results again")
    for key in ("filled", "excluded", "notes"):
        if not isinstance(record.get(key, []), list):
            raise UserError(f"{path} does not state {key} as a list; save the results again")
    return record


def _is_held_out(part: Any) -> bool:
    """Tell whether a record holds what `HeldOutError.summary` gives, as far as it is needed."""
    names = ("rmse", "n_folds", "buffer_mm")
    numbers = [part.get(name) for name in names] if isinstance(part, dict) else [None]
    ratio = part.get("ratio") if isinstance(part, dict) else None
    return all(
        type(value) in (int, float) and 0 <= value < _LARGEST
        for value in [*numbers, *([] if ratio is None else [ratio])]
    )


def _with_inputs(record: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a record whose sources have absolute paths where they are found from the folder."""
    source = record.get("source")
    if not isinstance(source, dict):
        return record
    found = {}
    for role, part in source.items():
        path = part.get("path") if isinstance(part, dict) else None
        if isinstance(path, str) and "\0" not in path and os.path.exists(folder / path):
            part = {**part, "path": os.path.abspath(folder / path)}
        found[role] = part
    return {**record, "source": found}


def read_lacking(folder: Path, record: dict[str, Any], shape: Sequence[int]) -> np.ndarray | None:
    """Return where the atlas has regions without data, bool (x, y, z); None for nowhere.

    Raises
    ------
    UserError
        The file that the record names is missing, or on another grid than `shape`.
    """
    known = record.get(KEY)
    if not isinstance(known, dict) or LACKING_FILES[0] not in known:
        return None
    lacking = read_volume(existing_file(folder / LACKING_FILES[0])).data > 0
    if lacking.shape != tuple(shape):
        raise _unlike(folder / LACKING_FILES[0], lacking.shape, "volumes")
    return np.asarray(lacking)


def _volume(path: Path, intent: str) -> Any:
    volume = read_volume(existing_file(path))
    if volume.intent != intent:
        raise UserError(f"{path} does not hold {intent}; save the results again")
    return volume


def _unlike(path: Path, found: object, where: str) -> UserError:
    return UserError(f"{path} ({found}) does not belong to the {where} next to it; save it again")


def read_table(
    path: Path, columns: Sequence[str], n_rows: int | None = None
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the first column, and the numbers of named ones as float64 (n_rows, n_columns).

    Raises
    ------
    UserError
        The table is cut short, damaged, or has not these columns or so many rows.
    """
    text = DelimitedText(path)
    if not path.read_bytes().endswith(b"\n"):
        raise UserError(f"{path} is cut short in its last line; save the results again")
    missing = [column for column in columns if column not in text.header]
    if missing:
        raise UserError(f"{path} has no column {missing[0]}; save the results again")
    at = [text.header.index(column) for column in columns]
    names, rows, width = [], [], len(text.header)
    for line, cells in text.rows():
        if len(cells) != width:
            raise _damaged(path, line)
        names.append(cells[0])
        rows.append([cells[i] for i in at])
    if n_rows is not None and len(rows) != n_rows:
        raise UserError(
            f"{path} has {len(rows):,} rows where summary.json says {n_rows:,}; save the results "
            "again"
        )
    try:
        if any("_" in cell for row in rows for cell in row):  # which Python takes for digits
            raise ValueError
        values = np.array([list(map(float, row)) for row in rows], float)
    except ValueError:
        lines = [
            line
            for (line, _), row in zip(text.rows(), rows, strict=True)
            if None in map(number, row)
        ]
        raise _damaged(path, lines[0]) from None
    return tuple(names), values.reshape(len(rows), len(at))


def _damaged(path: Path, line: int) -> UserError:
    return UserError(f"{path} is damaged in line {line}; {AGAIN}")


def _samples(path: Path, n_samples: int, more: list[str]) -> SampleErrors | None:
    if not path.exists():
        return None
    axes, placed = list(_AXES), placed_in(path)
    names, values = read_table(path, ["rmse", "r2", *more, *(axes if placed else [])], n_samples)
    unseen = values[:, 2] if more else None
    places = values[:, -3:] if placed else None
    return SampleErrors(names, values[:, 0], values[:, 1], places, held_out=unseen)


def placed_in(path: Path) -> bool:
    """Tell whether the table of samples says where they lie; of some vertices it is not known."""
    return set(_AXES) <= set(DelimitedText(path).header)


def read_density(path: Path, record: dict[str, Any]) -> JointHistogram | None:
    """Return the counts of a result, None where it has none; checked."""
    cells = record.get("density")
    if not path.exists() or not isinstance(cells, dict):
        return None
    _, values = read_table(path, ["original", "reconstructed", "count"])
    try:
        low, high, n = float(cells["low"]), float(cells["high"]), int(cells["n_bins"])
        n_drawn = int(cells["n_drawn"])
        if not (-_LARGEST < low < high < _LARGEST and 1 <= n <= _MAX_BINS):
            raise ValueError
        edges = np.linspace(low, high, n + 1)
        with np.errstate(all="raise"):
            at = ((values[:, :2] - low) / (high - low) * n).astype(int)
            counts = np.zeros((n, n), np.int64)
            counts[tuple(at.T)] = values[:, 2].astype(np.int64)
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, FloatingPointError):
        raise UserError(f"{path} does not fit its summary.json; save the results again") from None
    return JointHistogram(counts, edges, n_drawn, record["n_samples"])


def _by_region(
    error: np.ndarray,
    unseen: np.ndarray | None,
    affine: np.ndarray,
    atlas: Path,
    labels: str | Path | None,
) -> SampleErrors:
    parcellation = Parcellation.from_mask(np.isfinite(error), affine)
    found = read_atlas(atlas)
    _, table = atlas_of(atlas, atlas=atlas, labels=labels)
    names = read_region_names(table) if table else None
    regions = regions_of(parcellation, found.labels, found.affine, names)
    if not len(regions.ids):
        raise UserError(f"No voxel of the results lies in a region of {atlas}; choose another")
    inside = np.isfinite(error)
    held_out = None if unseen is None else unseen[inside]
    return SampleErrors.of_regions(regions, error[inside], held_out)

"""A folder of results as the reconstruction it was saved from."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.training_record import fitted_to
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.io.files.belonging import KEY, check_belonging
from napari_compressed_transcriptomics.io.files.files import existing_file
from napari_compressed_transcriptomics.io.readers.volume import LATENTS, read_volume
from napari_compressed_transcriptomics.io.writers.read_results import (
    AGAIN,
    read_density,
    read_lacking,
    read_summary,
    read_table,
)
from napari_compressed_transcriptomics.reconstruction.held_out_error import (
    HELD_OUT,
    RecordedHeldOut,
)

from .originals import Originals
from .place import surface_of

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

MODEL, SAMPLES = "model.safetensors", "samples.nii.gz"
_AXES = ("x_mm", "y_mm", "z_mm")


def open_result(directory: str | Path, places: Iterable[Parcellation] = ()) -> "Reconstruction":
    """Open a folder that `save_results` wrote as the reconstruction it was.

    Latents, errors, gene tables and model are read and checked against the hashes in
    ``summary.json``. The expression is not: its values are read where the record says they lie
    when they are first asked for, checked by hash, and a `UserError` then says what is missing
    or has changed; see `reconstruction.values_elsewhere`.

    Parameters
    ----------
    directory : str or Path
        The folder.
    places : iterable of Parcellation, optional
        Of open data: the result takes the one that has its samples, so that both share it.

    Raises
    ------
    UserError
        The folder does not hold a result, has no model, is of a newer version, or its files are
        missing, damaged, or from different results.
    """
    from napari_compressed_transcriptomics.codecs.models.model_file import load_model_later
    from napari_compressed_transcriptomics.reconstruction.decoded import (
        NO_EXPRESSION,
        without_values,
    )
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

    folder = Path(directory)
    record = read_summary(folder)
    for name in (MODEL, SAMPLES):
        if not (folder / name).is_file():
            raise UserError(
                f"{folder} has no {name}, without which it cannot be opened as a result (an older "
                f"version wrote it, or it was taken away); {AGAIN}, or open latents.nii.gz alone"
            )
    for name in ("latents.nii.gz", "gene_error.csv", "sample_error.csv"):
        if not (folder / name).is_file():
            raise UserError(f"{folder} has no {name}, which belongs to its result; {AGAIN}")
    codec = load_model_later(folder / MODEL)
    _check_model(codec, record, folder)
    place = _place(folder, record)
    latents = _latents(folder, place, codec.latent_size)
    measured = record.get("held_out") is not None
    more = [HELD_OUT] if measured else []
    wanted = ["rmse", "r2", *more, "mean", "sd"]
    genes, of_genes = read_table(folder / "gene_error.csv", wanted, len(codec.genes))
    if genes != codec.genes:
        raise UserError(f"{folder / 'gene_error.csv'} has other genes than {MODEL}; {AGAIN}")
    samples, of_samples = read_table(
        folder / "sample_error.csv", ["rmse", "r2", *more], place.n_samples
    )
    place = _shared(surface_of(place, record, folder), places)
    density = read_density(folder / "density.csv", record)
    check_belonging(folder / "summary.json", record, AGAIN)  # after all is read
    originals = Originals(folder.resolve(), record, codec, samples, place)
    alone = not np.isfinite(of_samples[:, 0]).any()  # latents that were decoded: of no expression
    notes = [str(note) for note in record.get("notes", [])]
    expression = without_values(
        codec.genes,
        place,
        samples,
        NO_EXPRESSION.format(name=originals.name) if alone else "",
        name=originals.name,
        sha256=str(record.get("data_sha256") or ""),
        origin=None if alone else originals,
        excluded=tuple(map(str, record.get("excluded", []))),
        filled=tuple(map(str, record.get("filled", []))),
        source=_with_paths(record.get("source"), folder.resolve()),
    )
    columns = dict(zip(wanted, of_genes.T, strict=True))
    found = Reconstruction(
        codec=codec,
        expression=expression,
        latents=latents,
        rmse_samples=of_samples[:, 0],
        r2_samples=of_samples[:, 1],
        rmse_genes=columns["rmse"],
        r2_genes=columns["r2"],
        mean_genes=columns["mean"],
        sd_genes=columns["sd"],
        rmse=_number(record.get("rmse")),
        r2=_number(record.get("r2")),
        device=str(record.get("device", "cpu")),
        seconds=_number(record.get("seconds")),
        notes=tuple(notes),
        in_sample=fitted_to(codec.training, record.get("data_sha256")),
        density=density,
    )
    if not measured:
        return found
    unseen = RecordedHeldOut.of(record["held_out"], of_samples[:, 2], columns[HELD_OUT])
    return replace(found, held_out=unseen)


def parameters_in(directory: str | Path) -> dict[str, Any]:
    """Return the settings that a result in a folder was made with, as its record has them."""
    found = read_summary(Path(directory)).get("parameters")
    return found if isinstance(found, dict) else {}


def _check_model(codec: "Codec", record: dict[str, Any], folder: Path) -> None:
    files = record.get(KEY)
    told = files.get(MODEL) if isinstance(files, dict) else None
    if not isinstance(told, dict) or told.get("sha256") != file_sha256(folder / MODEL):
        raise UserError(
            f"{folder / MODEL} is not the model that {folder / 'summary.json'} was made with; "
            f"{AGAIN}"
        )
    for key, here in (("latent_size", codec.latent_size), ("n_genes", len(codec.genes))):
        if record[key] != here:
            raise UserError(
                f"{folder / MODEL} has {key} {here:,} and {folder / 'summary.json'} "
                f"{record[key]:,}; {AGAIN}"
            )


def _place(folder: Path, record: dict[str, Any]) -> Parcellation:
    """Return which voxel belongs to which row of the tables."""
    volume = read_volume(existing_file(folder / SAMPLES))
    n = record["n_samples"]
    labels = volume.data
    if volume.kind != "labels" or labels.max(initial=0) != n or labels.min(initial=0) < 0:
        raise UserError(f"{folder / SAMPLES} is not of the {n:,} samples of its result; {AGAIN}")
    if not np.bincount(labels.ravel(), minlength=n + 1)[1:].all():
        raise UserError(f"{folder / SAMPLES} lacks samples of its result; {AGAIN}")
    lacking = read_lacking(folder, record, labels.shape)
    return Parcellation(np.asarray(labels, np.int32), volume.affine, lacking=lacking)


def _latents(folder: Path, place: Parcellation, k: int) -> np.ndarray:
    """Return the latents of each sample from their volume, which is read faster than the table."""
    path = folder / "latents.nii.gz"
    volume = read_volume(existing_file(path))
    if volume.intent != LATENTS or volume.data.shape[3:] != (k,):
        raise UserError(f"{path} does not hold the {k} components of {MODEL}; {AGAIN}")
    if volume.data.shape[:3] != place.labels.shape:
        raise UserError(f"{path} is on another grid than {SAMPLES} next to it; {AGAIN}")
    inside = place.labels > 0
    latents = np.empty((place.n_samples, k), np.float32)
    latents[place.labels[inside] - 1] = volume.data[inside]
    if not np.isfinite(latents).all():
        raise UserError(f"{path} lacks values at samples of {SAMPLES} next to it; {AGAIN}")
    return latents


def _shared(place: Parcellation, places: Iterable[Parcellation]) -> Parcellation:
    """Return the one of several places that is the same, or else the place itself."""
    for other in places:
        if (
            type(other) is type(place)
            and np.array_equal(other.labels, place.labels)
            and np.allclose(other.affine, place.affine, atol=1e-3)
        ):
            return other
    return place


def _with_paths(source: Any, folder: Path) -> dict[str, Any]:
    """Return a recorded source with absolute paths where something is there."""
    found = {}
    for role, part in (source if isinstance(source, dict) else {}).items():
        path = part.get("path") if isinstance(part, dict) else None
        if isinstance(path, str) and "\0" not in path and (folder / path).exists():
            part = {**part, "path": str((folder / path).resolve())}
        found[role] = part
    return found


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")

"""Results to files: latents, errors, and a record of what made them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.io.files.atomic import replacing_files, write_json
from napari_compressed_transcriptomics.io.files.belonging import KEY, fingerprints
from napari_compressed_transcriptomics.io.files.csv_style import SAFE, Style, write_rows
from napari_compressed_transcriptomics.io.files.disk_space import table_bytes, volume_bytes
from napari_compressed_transcriptomics.io.files.files import WRITTEN_BY, read_json
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.files.nifti_stream import check_shape
from napari_compressed_transcriptomics.io.files.overwriting import (
    check_sidecar,
    check_targets,
    refuse_overwriting,
)
from napari_compressed_transcriptomics.reconstruction.held_out_error import HELD_OUT
from napari_compressed_transcriptomics.reconstruction.summary import provenance_of, summary_of
from napari_compressed_transcriptomics.repeat.command import recorded
from napari_compressed_transcriptomics.repeat.compression import encode_command

from .surface_maps import surface_files, write_gifti

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.joint_histogram import JointHistogram
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

MODEL = "model.safetensors"
RESULT_FILES = (
    "latents.nii.gz",
    "latents.json",
    "error.nii.gz",
    "error.json",
    "latents.csv",
    "gene_error.csv",
    "sample_error.csv",
    "density.csv",
    "samples.nii.gz",
    "samples.json",
    MODEL,
    "summary.json",
)
GENE_NUMBERS = ("rmse", "r2", "mean", "sd")
"""In ``gene_error.csv``, in any case."""
FORMAT_VERSION = 2
"""2 added where the samples lie and the model, with which a result is opened again."""
HELD_OUT_FILES = ("held_out_error.nii.gz", "held_out_error.json")
"""Written, too, where the held-out error was measured."""
LACKING_FILES = ("lacking.nii.gz", "lacking.json")
"""Written, too, where the atlas has regions of which there are no data."""


def check_results_folder(
    directory: str | Path, expression: Expression, latent_size: int, more: Iterable[str] = ()
) -> None:
    """Raise a `UserError` unless results can be written into a folder, before there are any.

    Parameters
    ----------
    directory : str or Path
    expression : Expression
        What is to be compressed.
    latent_size : int
        Number of components; 1 where it is not known yet.
    more : iterable of str, optional
        Names of further files that will be written there.
    """
    directory, parcellation = Path(directory), expression.parcellation
    names = [*RESULT_FILES, *(LACKING_FILES if parcellation.lacking is not None else ()), *more]
    check_shape(directory / names[0], (*parcellation.labels.shape, latent_size))
    latents = volume_bytes(parcellation, latent_size)
    tables = (
        table_bytes(expression.n_samples, latent_size),
        table_bytes(expression.n_samples, 6),
        table_bytes(expression.n_genes, 5),
    )
    n_bytes = latents + 2 * volume_bytes(parcellation) + sum(tables)
    check_targets(directory, names, expression.source, n_bytes, max(latents, *tables))


def save_results(
    reconstruction: "Reconstruction",
    directory: str | Path,
    parameters: dict[str, Any] | None = None,
    style: Style = SAFE,
) -> list[Path]:
    """Write a reconstruction's latents and errors into a folder, all files or none.

    ``latents.nii.gz`` (x, y, z, component) and ``error.nii.gz`` (RMSE of each sample), NaN
    outside, each with its JSON sidecar; ``latents.csv`` (a row per sample), ``gene_error.csv``
    (gene, rmse, r2, mean, sd), ``sample_error.csv`` (sample, x_mm, y_mm, z_mm, rmse, r2),
    ``density.csv`` (original, reconstructed, count: middles of the cells of `core.density` that
    hold values), ``samples.nii.gz`` (labels: `i` where the i-th row of the tables lies),
    ``model.safetensors``, with which `open_result` opens the folder again, and, last,
    ``summary.json`` (see `core.summary.summary_of`, the command that makes the result, to be run in
    the folder, the cells of the density, and size and SHA-256
    of each of the other files).

    Of vertices there are GIFTI files of the latents and errors, too, one per hemisphere; the NIfTI
    files hold the vertices in their order, the left's first, and no picture.

    Where the held-out error was measured, both tables have a column ``held_out_rmse``,
    and there is ``held_out_error.nii.gz``. Where the atlas has regions without data,
    ``lacking.nii.gz`` is 1 there. One of these that an earlier result left there is removed.

    Of latents that were decoded without their expression all errors are NaN, and ``density.csv``
    has no row.

    Parameters
    ----------
    reconstruction : Reconstruction
        The result to save.
    directory : str or Path
        Made where it is missing; files of the same names are replaced.
    parameters : dict, optional
        The settings that were chosen, JSON-safe.
    style : Style
        How names and paths are written.

    Returns
    -------
    list of Path
        The files, as in `RESULT_FILES`, `HELD_OUT_FILES` and `LACKING_FILES`.

    Raises
    ------
    UserError
        The folder is read-only or has no room, or a file in it is the result's own input.
    """
    from napari_compressed_transcriptomics.codecs.models.model_file import save_model
    from napari_compressed_transcriptomics.reconstruction.joint_histogram import density_of

    directory = Path(directory)
    expression = reconstruction.expression
    parcellation = expression.parcellation
    held_out = reconstruction.held_out
    surfaces = surface_files(reconstruction)
    lacking = parcellation.lacking
    optional = {HELD_OUT_FILES: held_out is not None, LACKING_FILES: lacking is not None}
    written = [name for names, there in optional.items() if there for name in names]
    names = [*RESULT_FILES[:-1], *written, *surfaces, RESULT_FILES[-1]]
    check_results_folder(directory, expression, reconstruction.latents.shape[1], names)
    record = provenance_of(reconstruction, parameters)
    density = density_of(reconstruction) if reconstruction.has_errors else None
    cells = density and {
        "low": float(density.edges[0]),
        "high": float(density.edges[-1]),
        "n_bins": len(density.counts),
        "n_drawn": density.n_drawn,
    }
    volumes: list[tuple[str, str, Any]] = [
        ("latents.nii.gz", "latents", parcellation.painting(reconstruction.latents)),
        ("error.nii.gz", "rmse", parcellation.paint(reconstruction.rmse_samples)),
        ("samples.nii.gz", "labels", parcellation.labels),
    ]
    if held_out:
        painted = parcellation.paint(held_out.rmse_samples)
        volumes.append((HELD_OUT_FILES[0], HELD_OUT, painted))
    if lacking is not None:
        volumes.append((LACKING_FILES[0], "labels", lacking.astype(np.int32)))
    with replacing_files(directory, names, last="summary.json") as folder:
        for name, kind, volume in volumes:
            about: dict[str, Any] = {"kind": kind, "provenance": record, "style": style}
            write_volume(folder / name, volume, parcellation.affine, **about)
        for name, (maps, titles) in surfaces.items():
            write_gifti(folder / name, maps, titles)
        write_latents_csv(folder / "latents.csv", reconstruction, style)
        write_gene_error_csv(folder / "gene_error.csv", reconstruction, style)
        write_sample_error_csv(folder / "sample_error.csv", reconstruction, style)
        _write_density_csv(folder / "density.csv", density)
        save_model(reconstruction.codec, folder / MODEL)
        summary = summary_of(reconstruction, parameters, record)
        command = recorded(
            lambda: encode_command(expression.source, _of_file(parameters, directory), directory),
            directory,
            style.keep_paths,
        )
        more = {"format_version": FORMAT_VERSION, "command": command, "density": cells}
        record = {**summary, **more, KEY: fingerprints(folder)}
        write_json(folder / "summary.json", record, style)
    for optional_names, there in optional.items():
        if not there:
            _remove(directory, *optional_names)
    return [directory / name for name in names]


def _of_file(parameters: dict[str, Any] | None, directory: Path) -> dict[str, Any]:
    """Return settings as of the model that is saved with the result, where it was in no file."""
    asked = dict(parameters or {})
    if asked.get("codec") == "fitted":
        asked |= {"codec": "model", "model": str(directory / MODEL)}
    return asked


def _remove(directory: Path, *names: str) -> None:
    """Remove the volume of an earlier result, if it is ours: it would contradict the others."""
    volume, sidecar = (directory / name for name in names)
    if sidecar.is_file() and WRITTEN_BY in read_json(sidecar):
        volume.unlink(missing_ok=True)
        sidecar.unlink()


def write_latents_csv(
    path: str | Path, reconstruction: "Reconstruction", style: Style = SAFE
) -> list[Path]:
    """Write one row per sample: its name, then ``component_1`` to ``component_k``."""
    columns = {f"component_{k + 1}": column for k, column in enumerate(reconstruction.latents.T)}
    return write_sample_csv(path, reconstruction.expression, columns, style=style)


def write_gene_error_csv(
    path: str | Path, reconstruction: "Reconstruction", style: Style = SAFE
) -> list[Path]:
    """Write one row per gene: its symbol and the numbers of `Reconstruction.gene_table`.

    Raises
    ------
    UserError
        The target is read-only, or an input of the result.
    """
    expression = reconstruction.expression
    refuse_overwriting([path], expression.source)
    table = reconstruction.gene_table or dict.fromkeys(GENE_NUMBERS, reconstruction.rmse_genes)
    return write_table_csv(Path(path), "gene", expression.genes, table, style=style)


def write_sample_error_csv(
    path: str | Path, reconstruction: "Reconstruction", style: Style = SAFE
) -> list[Path]:
    """Write one row per sample: its name, its centre in RAS mm, RMSE and R2 over genes.

    Where it was measured, the RMSE in the fold in which the sample was not seen follows.
    """
    expression = reconstruction.expression
    columns: dict[str, np.ndarray] = {}
    if expression.parcellation.places_known:
        axes = ("x_mm", "y_mm", "z_mm")
        columns |= zip(axes, expression.parcellation.centroids.round(3).T, strict=True)
    columns |= {"rmse": reconstruction.rmse_samples, "r2": reconstruction.r2_samples}
    if reconstruction.held_out is not None:
        columns[HELD_OUT] = reconstruction.held_out.rmse_samples
    return write_sample_csv(path, expression, columns, style=style)


def _write_density_csv(path: Path, density: "JointHistogram | None") -> None:
    if density is None:
        write_table_csv(path, "original", [], {"reconstructed": np.empty(0), "count": np.empty(0)})
        return
    middles = (density.edges[:-1] + density.edges[1:]) / 2
    original, reconstructed = np.nonzero(density.counts)
    columns = {
        "reconstructed": middles[reconstructed],
        "count": density.counts[original, reconstructed],
    }
    write_table_csv(path, "original", middles[original].astype(str), columns)


def write_sample_csv(
    path: str | Path,
    expression: Expression,
    columns: Mapping[str, np.ndarray],
    provenance: dict[str, Any] | None = None,
    style: Style = SAFE,
) -> list[Path]:
    """Write one row per sample: its name, then a number for each of `columns`.

    Parameters
    ----------
    path : str or Path
    expression : Expression
        For the names of the samples.
    columns : mapping of str to ndarray, shape (n_samples,)
        Header to values.
    provenance : dict, optional
        JSON-safe; where given, it is written as ``NAME.csv.json`` beside: ``NAME.json`` belongs to
        ``NAME.nii.gz``, and tells the readers of tables of their atlas.
    style : Style
        How names and paths are written.

    Returns
    -------
    list of Path
        The table, and the sidecar where there is one.

    Raises
    ------
    UserError
        A target is read-only, the expression's own source, or a sidecar of another's.
    """
    path = Path(path)
    refuse_overwriting([path, _sidecar(path)], expression.source)
    return write_table_csv(path, "sample", expression.samples, columns, provenance, style)


def write_table_csv(
    path: Path,
    index: str,
    names: Iterable[str],
    columns: Mapping[str, np.ndarray],
    provenance: dict[str, Any] | None = None,
    style: Style = SAFE,
) -> list[Path]:
    """Write one row per name: it, below the header `index`, then a number for each of `columns`.

    `provenance` and `style` are as in `write_sample_csv`.
    """
    paths = [path] if provenance is None else [path, _sidecar(path)]
    for sidecar in paths[1:]:
        check_sidecar(sidecar)
    # numpy writes the fewest digits that give the same number back.
    cells = [np.asarray(column).astype(str) for column in columns.values()]
    with replacing_files(path.parent, [p.name for p in paths]) as folder:
        rows = zip(names, *cells, strict=True)
        write_rows(folder / path.name, [(index, *columns), *rows], style)
        if provenance is not None:
            write_json(folder / paths[1].name, provenance, style)
    return paths


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")

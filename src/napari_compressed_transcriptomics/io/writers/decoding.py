"""Genes decoded from latents to files: maps, a table, or a store of all of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.io.files.atomic import replacing_files, write_json
from napari_compressed_transcriptomics.io.files.belonging import KEY
from napari_compressed_transcriptomics.io.files.csv_style import SAFE, Style
from napari_compressed_transcriptomics.io.files.disk_space import table_bytes, volume_bytes
from napari_compressed_transcriptomics.io.files.file_names import distinct_stems
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.files.overwriting import check_targets
from napari_compressed_transcriptomics.reconstruction.decode import as_expression
from napari_compressed_transcriptomics.reconstruction.summary import provenance_of
from napari_compressed_transcriptomics.repeat.command import recorded
from napari_compressed_transcriptomics.repeat.decoding import decode_command

from .results import write_table_csv
from .store import check_store, convert
from .surface_maps import by_hemisphere, write_gifti

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.decode import DecodeRequest
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

RECORD, TABLE, STORE = "decoding.json", "decoded_genes.csv", "decoded.zarr"
MAX_MAPS = 500
"""Genes that get a file each; more are for a store."""
MEANING = "decoded from latents alone: no original was seen, and no error is known"


def save_decoding(
    result: "Reconstruction",
    directory: str | Path,
    genes: Sequence[str] | None,
    request: "DecodeRequest | None" = None,
    dtype: str = "float32",
    style: Style = SAFE,
    report: Report = silent,
) -> list[Path]:
    """Write decoded genes into a folder.

    For some genes, ``decoded_GENE.nii.gz`` each, in the units of the model's training data, NaN
    outside, on the grid of the latents, with its sidecar (of vertices GIFTI of each hemisphere,
    too), and ``decoded_genes.csv`` (a row per sample, a column per gene). For all genes,
    ``decoded.zarr``, a store as `store.convert` writes it, decoded block by block. Last
    ``decoding.json``: model, latents, what was guessed, the command that does it again.

    Parameters
    ----------
    result : Reconstruction
        As `reconstruction.decode.decode_latents` returns it.
    directory : str or Path
        Made if it is missing.
    genes : sequence of str, or None
        Symbols; None is all of the model.
    request : DecodeRequest, optional
        What was asked for, for the record.
    dtype : {"float32", "float16"}
        Of the store.
    style : Style
        How names and paths are written.
    report : callable, optional
        Called with each `Progress`; may raise `Stop` or `Cancelled`.

    Raises
    ------
    UserError
        The model has no such gene, there are too many for a file each, or the folder cannot be
        written.
    """
    directory = Path(directory)
    parameters = {} if request is None else request.parameters()
    chosen = None if genes is None else list(dict.fromkeys(genes))
    about: dict[str, Any] = {
        **provenance_of(result, parameters),
        "values": MEANING,
        "genes": "all" if chosen is None else chosen,
        "command": None
        if request is None
        else recorded(
            lambda: decode_command(request, genes, directory, dtype), directory, style.keep_paths
        ),
    }
    if chosen is None:
        paths = _save_all(result, directory, dtype, report)
    else:
        paths = _save_some(result, directory, chosen, about, style, report)
    kept = {
        path.name: {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
        for path in paths
        if path.is_file()  # a store has hashes of its own
    }
    with replacing_files(directory, [RECORD]) as folder:
        write_json(folder / RECORD, {**about, KEY: kept}, style)
    return [*paths, directory / RECORD]


def check_decoding_folder(directory: str | Path, result: "Reconstruction", genes: Any) -> None:
    """Raise a `UserError` unless genes can be written into a folder, before they are decoded."""
    directory = Path(directory)
    if genes is None:
        check_store(directory / STORE)
        check_targets(directory, [RECORD])
        return
    if not genes:
        raise UserError("There is no gene to decode; name some, or take all")
    if len(genes) > MAX_MAPS:
        raise UserError(
            f"{len(genes):,} genes are too many for a file each (at most {MAX_MAPS}); decode all "
            "into one store"
        )
    for gene in genes:
        result.expression.column(gene)
    place = result.expression.parcellation
    table = table_bytes(len(result.latents), len(genes))
    n_bytes = len(genes) * volume_bytes(place) + table
    names = [RECORD, TABLE, *(name for stem in _stems(genes) for name in _files(stem))]
    largest = max(table, volume_bytes(place))
    check_targets(directory, names, result.expression.source, n_bytes, largest)


def _save_all(result: "Reconstruction", directory: Path, dtype: str, report: Report) -> list[Path]:
    check_decoding_folder(directory, result, None)
    directory.mkdir(parents=True, exist_ok=True)
    return [convert(as_expression(result), directory / STORE, dtype, report).path]


def _save_some(
    result: "Reconstruction",
    directory: Path,
    genes: list[str],
    about: dict[str, Any],
    style: Style,
    report: Report,
) -> list[Path]:
    check_decoding_folder(directory, result, genes)
    expression, stems = result.expression, _stems(genes)
    place = expression.parcellation
    columns = {gene: result.gene(gene) for gene in genes}
    maps = {stem: (columns[gene][:, None], [gene]) for stem, gene in zip(stems, genes, strict=True)}
    surfaces = by_hemisphere(place, maps)
    names = [*(name for stem in stems for name in _files(stem)), *surfaces, TABLE]
    with replacing_files(directory, names) as folder:
        for done, (gene, stem) in enumerate(zip(genes, stems, strict=True)):
            report(Progress("Decoding", done, len(genes)))
            record = {**about, "gene": gene}
            volume = place.paint(columns[gene])
            path = folder / _files(stem)[0]
            write_volume(path, volume, place.affine, kind="gene", provenance=record, style=style)
        for name, (values, titles) in surfaces.items():
            write_gifti(folder / name, values, titles)
        write_table_csv(folder / TABLE, "sample", expression.samples, columns, style=style)
    return [directory / name for name in names]


def _stems(genes: Sequence[str]) -> list[str]:
    return [f"decoded_{stem}" for stem in distinct_stems(list(genes))]


def _files(stem: str) -> tuple[str, str]:
    return f"{stem}.nii.gz", f"{stem}.json"

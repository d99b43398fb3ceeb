"""Measures of anatomical coherence to files: a table, a figure, and a record of what made them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.provenance import versions
from napari_compressed_transcriptomics.io.files.atomic import replacing_files, write_json
from napari_compressed_transcriptomics.io.files.belonging import KEY, fingerprints
from napari_compressed_transcriptomics.io.files.csv_style import (
    SAFE,
    Style,
    number_cell,
    write_rows,
)
from napari_compressed_transcriptomics.io.files.figure_file import save_figure
from napari_compressed_transcriptomics.io.files.overwriting import refuse_overwriting

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.study.coherence_of_methods import (
        CoherenceRequest,
        MeasuredCoherence,
    )

COHERENCE_FILES = ("coherence.csv", "coherence.json", "coherence.png")


def save_coherence(
    measured: "MeasuredCoherence", directory: str | Path, style: Style = SAFE
) -> list[Path]:
    """Write measures into a folder, all files or none.

    ``coherence.csv`` has a row per component and measure: method, latent_size, component (or
    ``all``), measure, value, p (of regions only); empty cells where it cannot be told.
    ``coherence.png`` is the figure; ``coherence.json``, written last, holds settings, sources,
    versions, notes, and the hashes of both. `style` tells how names and paths are written.

    Raises
    ------
    UserError
        The folder is read-only, or a file in it is an input.
    """
    from napari_compressed_transcriptomics.figures.coherence_plots import coherence_dots

    directory = Path(directory)
    source = sources(measured.request)
    refuse_overwriting([directory / name for name in COHERENCE_FILES], source)
    table = measured.table()
    with replacing_files(directory, COHERENCE_FILES, last="coherence.json") as folder:
        rows = ([number_cell(cell) for cell in row] for row in table.itertuples(index=False))
        write_rows(folder / "coherence.csv", [list(table), *rows], style)
        save_figure(coherence_dots(table), folder / "coherence.png", 200)
        record = {**coherence_record(measured), KEY: fingerprints(folder)}
        write_json(folder / "coherence.json", record, style)
    return [directory / name for name in COHERENCE_FILES]


def sources(request: "CoherenceRequest") -> dict[str, Any]:
    """Return all files that a request was read from, as `Expression.source`."""
    found: dict[str, Any] = {}
    expressions = [request.expression, *(latents.expression for latents in request.latents)]
    for expression in expressions:
        found |= {} if expression is None else expression.source
    for latents in request.latents:
        if latents.expression is None:
            found |= latents.record.get("source", {})
    if request.compartments is not None:
        for role, entry in request.compartments.source.items():
            found[f"compartments {role}"] = entry
    return found if request.regions is None else found | request.regions.source


def coherence_record(measured: "MeasuredCoherence") -> dict[str, Any]:
    """Return what made the measures, JSON-safe."""
    request = measured.request
    record: dict[str, Any] = {
        "parameters": request.parameters(),
        "complete": measured.complete,
        "measures": {
            "regions": "share of variance that regions explain (correlation ratio, Fisher 1925), "
            "against surrogate maps of the same autocorrelation, symmetry and steps "
            "between compartments",
            "moran": "Moran's I with weights 1 / distance in mm (Moran 1950); a description",
            "symmetry": "correlation of samples with their mirror images (at most 10 mm off); a "
            "description",
        },
        "p": "of regions only, as any smooth symmetric map has the others; one-sided; the least "
        "possible is 1 / (n_permutations + 1); not corrected for the number of components",
    }
    if request.expression is not None:
        record["n_samples"] = request.expression.n_samples
        record["n_genes"] = request.expression.n_genes
        record["data_sha256"] = request.expression.values_sha256
    return record | {
        "latents": measured.records,
        "source": sources(request),
        "versions": versions(),
        "notes": list(measured.notes),
    }

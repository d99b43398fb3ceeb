"""Genes of components to files that enrichment tools read."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.io.files.atomic import replacing_files, write_json
from napari_compressed_transcriptomics.io.files.csv_style import SAFE, Style, write_rows
from napari_compressed_transcriptomics.io.files.overwriting import check_sidecar, refuse_overwriting
from napari_compressed_transcriptomics.reconstruction.summary import provenance_of

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.components import ComponentGenes
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

COMPONENT_GENES_FILES = ("component_genes.csv", "component_genes.csv.json")

_MEANING = (
    "mean over samples of the derivative of the decoded gene by the latent, times the latent's "
    "standard deviation over samples: change of the gene, in units of the data, for a rise of the "
    "latent by one standard deviation"
)


def write_component_genes_csv(
    path: str | Path, genes: "ComponentGenes", result: "Reconstruction", style: Style = SAFE
) -> list[Path]:
    """Write one row per gene: its symbol, then `ComponentGenes.effect` of each component.

    Columns are ``gene`` and ``component_1`` to ``component_k``. What they mean, each latent's
    standard deviation and what made them stand in ``NAME.csv.json`` beside. `style` tells how names
    and paths are written.

    Returns
    -------
    list of Path
        The table and its sidecar.

    Raises
    ------
    UserError
        A target is read-only, an input of the result, or a sidecar of another's.
    """
    header = ["gene", *(f"component_{k + 1}" for k in range(len(genes.effect)))]
    cells = [row.astype(str) for row in genes.effect]  # the fewest digits that give it back
    rows = zip(genes.genes, *cells, strict=True)
    return _write(Path(path), [header, *rows], ",", _record(genes, result), result, style)


def write_ranking(
    path: str | Path,
    genes: "ComponentGenes",
    component: int,
    result: "Reconstruction",
    style: Style = SAFE,
) -> list[Path]:
    """Write the genes of one component from rise to fall, for preranked enrichment (GSEA).

    One line per gene without a header: symbol, tab, `ComponentGenes.effect`.

    Parameters
    ----------
    path : str or Path
        Usually ``NAME.rnk``.
    genes, result, style
        See `write_component_genes_csv`, also for what it returns and raises.
    component : int
        Counted from 0.
    """
    effect = genes.effect[component]
    order = np.argsort(-effect, kind="stable")
    rows = [(genes.genes[i], str(effect[i])) for i in order]
    record = {"component": component + 1, **_record(genes, result)}
    return _write(Path(path), rows, "\t", record, result, style)


def _record(genes: "ComponentGenes", result: "Reconstruction") -> dict[str, Any]:
    error = genes.effect_error
    return {
        "values": _MEANING,
        "basis": genes.basis,
        "largest_standard_error": None if error is None else float(error.max()),
        "latent_sd": genes.spread.tolist(),
        **provenance_of(result),
    }


def _write(
    path: Path,
    rows: Iterable[Sequence[str]],
    delimiter: str,
    record: dict[str, Any],
    result: "Reconstruction",
    style: Style,
) -> list[Path]:
    sidecar = path.with_name(path.name + ".json")
    refuse_overwriting([path, sidecar], result.expression.source)
    check_sidecar(sidecar)
    with replacing_files(path.parent, [path.name, sidecar.name]) as folder:
        write_rows(folder / path.name, rows, style, delimiter)
        write_json(folder / sidecar.name, record, style)
    return [path, sidecar]

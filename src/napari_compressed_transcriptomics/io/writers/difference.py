"""Two results on the same data to files: where, and for which genes, which of them errs less."""

from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.io.files.atomic import replacing_files
from napari_compressed_transcriptomics.io.files.belonging import KEY, fingerprints
from napari_compressed_transcriptomics.io.files.csv_style import SAFE, Style
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.files.overwriting import refuse_overwriting
from napari_compressed_transcriptomics.reconstruction.difference import TwoResults, table_of
from napari_compressed_transcriptomics.reconstruction.results import Results, SampleErrors

from .results import write_table_csv

_VOLUME, _SIDECAR = "difference.nii.gz", "difference.json"
_SAMPLES, _GENES, _REGIONS = (f"{of}_difference.csv" for of in ("sample", "gene", "region"))


def write_difference_csv(
    path: str | Path,
    two: TwoResults,
    regions: Regions | None,
    source: dict[str, Any],
    style: Style = SAFE,
) -> list[Path]:
    """Write one row per region, or a gene where there are no `regions`.

    Columns: the name, RMSE of A, RMSE of B, B less A, and samples in the region.

    Raises
    ------
    UserError
        The target is read-only, or one of the files (`source`) that the data came from.
    """
    refuse_overwriting([path], source)
    if regions is None:
        return write_table_csv(Path(path), "gene", two.genes, two.gene_table, style=style)
    table = two.region_table(regions)
    return write_table_csv(Path(path), "region", regions.names, table, style=style)


def difference_files(a: Results) -> tuple[str, ...]:
    """Return the names of the files that `save_difference` writes."""
    return (_VOLUME, _SIDECAR, _SAMPLES, _GENES, *([_REGIONS] if _has_regions(a) else []))


def save_difference(
    two: TwoResults, a: Results, b: Results, directory: str | Path, style: Style = SAFE
) -> list[Path]:
    """Write how two results from folders differ into a folder, all files or none.

    ``difference.nii.gz`` (RMSE of B less that of A, NaN outside) with its sidecar, which holds
    the overall numbers and the records of both, and tables by sample, by gene, and by region
    where results of voxels were read with an atlas. `style` tells how names and paths are written.

    Returns
    -------
    list of Path
        The files, as in `difference_files`.

    Raises
    ------
    UserError
        The folder is read-only, or a file in it is one of those read.
    """
    directory, names = Path(directory), difference_files(a)
    read = {str(path): {"path": str(path)} for path in (*a.files, *b.files)}
    refuse_overwriting([directory / name for name in names], read)
    record = {
        "lower_in_a": two.better[0],
        "lower_in_b": two.better[1],
        "a": a.record,
        "b": b.record,
    }
    with replacing_files(directory, names, last=_SIDECAR) as folder:
        volume = b.error_volume - a.error_volume
        about: dict[str, Any] = {"kind": "error_difference", "provenance": record, "style": style}
        assert a.samples is not None
        by_sample = table_of(*two.rmse_samples)
        write_table_csv(folder / _SAMPLES, "sample", a.samples.names, by_sample, style=style)
        write_table_csv(folder / _GENES, "gene", two.genes, two.gene_table, style=style)
        if _REGIONS in names:
            _write_regions(folder / _REGIONS, a.regions, b.regions, style)
        # Last, as its sidecar holds the hashes of the tables.
        record[KEY] = fingerprints(folder)
        write_volume(folder / _VOLUME, volume, a.affine, **about)
    return [directory / name for name in names]


def _has_regions(a: Results) -> bool:
    return a.regions is not None and a.regions is not a.samples


def _write_regions(
    path: Path, a: SampleErrors | None, b: SampleErrors | None, style: Style
) -> None:
    assert a is not None
    assert b is not None
    counts = {} if a.counts is None else {"n_samples": a.counts}
    table = {**table_of(a.rmse, b.rmse), **counts}
    write_table_csv(path, "region", a.names, table, style=style)

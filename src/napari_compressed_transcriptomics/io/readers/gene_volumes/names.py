"""Which files are the map of which gene, from their names alone."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.io.files.files import (
    H5AD,
    NIFTI,
    PARQUET,
    TEXT_TABLE,
    existing_file,
    stem,
    suffix,
)
from napari_compressed_transcriptomics.io.files.zip_member import ZIP, members

VARIANTS = ("measured", "mirrored")
"""``GENE_mRNA.nii`` is measured, ``GENE_mirr_mRNA.nii`` mirrored; ``GENE.nii`` does not say."""
_NAME = re.compile(r"(?P<gene>.+?)(?P<mirr>_mirr)?(?P<named>_mRNA)", re.IGNORECASE)
_OTHER_DATA = (*TEXT_TABLE, *PARQUET, *H5AD, ".img", ".mgz", ".mgh", ".gii", ".mnc", ".npy")


@dataclass(frozen=True)
class GeneFile:
    """The map of a gene."""

    gene: str
    """As the file's name has it: a symbol or an id."""
    path: Path
    """May lead into a zip archive."""
    variant: str
    """One of "measured", "mirrored", ""."""


def gene_file(path: Path) -> GeneFile:
    """Read gene and variant from a file's name."""
    name = stem(path)
    match = _NAME.fullmatch(name)
    if match is None:
        return GeneFile(name, path, "")
    return GeneFile(match["gene"], path, VARIANTS[match["mirr"] is not None])


def gene_files(
    paths: Path | Sequence[Path], variant: str | None = None
) -> tuple[list[GeneFile], list[str]]:
    """Return the maps in a folder or a list of files, one per gene, and notes.

    Parameters
    ----------
    paths : Path or sequence of Path
        A folder, whose files may also lie in folders in it, or files. Zip archives of the maps of
        a gene are looked into.
    variant : {None, "measured", "mirrored"}
        Which to take where a gene has both; by default they are refused.

    Raises
    ------
    UserError
        There are none; some are measured and others mirrored, or named in another way; or two are
        of one gene.
    """
    if variant is not None and variant not in VARIANTS:
        raise UserError(f"variant is {variant!r}; choose {' or '.join(VARIANTS)}")
    if isinstance(paths, Path):
        where, found = paths.name, list(_files_in(paths))
    else:
        where, found = common_folder(paths).name, list(paths)
        odd = [path.name for path in found if not suffix(path, NIFTI + ZIP)]
        if odd:
            raise UserError(
                f"{listing(odd)} is not NIfTI, and several files must be one map per gene (.nii, "
                ".nii.gz or .zip); give one file, or maps only"
            )
    files, others = [], []
    for path in found:
        if suffix(path, NIFTI):
            files.append(gene_file(path))
        elif suffix(path, ZIP):
            within = volumes_in(path)
            files += map(gene_file, within)
            others += [] if within else [path.name]
        elif suffix(path, _OTHER_DATA):
            others.append(path.name)
    notes = []
    if others:
        notes.append(
            f"{len(others)} other file(s) of {where} that look like data ({listing(others)}) are "
            "ignored"
        )
    if not files:
        raise UserError(
            f"{where} holds no NIfTI, where one volume per gene is needed (GENE_mRNA.nii, "
            "GENE.nii.gz or zips of them); choose the folder that holds them"
        )
    files, more = _one_variant(files, variant, where)
    _check_genes(files)
    return sorted(files, key=lambda file: file.gene), notes + more


def variants_of(paths: Path | Sequence[Path]) -> set[str]:
    """Return which variants there are; a choice between several must be made."""
    found = list(_files_in(paths)) if isinstance(paths, Path) else paths
    files = [path for path in found if suffix(path, NIFTI)]
    files += [inner for path in found if suffix(path, ZIP) for inner in volumes_in(path)]
    return {gene_file(path).variant for path in files}


def volumes_in(archive: Path) -> list[Path]:
    """Return the NIfTI files in a zip archive; a `UserError` where it cannot be read."""
    return [path for path in members(existing_file(archive)) if suffix(path, NIFTI)]


def common_folder(paths: Iterable[Path]) -> Path:
    """Return the folder that holds all of the files."""
    try:
        return Path(os.path.commonpath([path.absolute().parent for path in paths]))
    except ValueError:  # on several drives
        raise UserError("The files lie on several drives; put them into one folder") from None


def _files_in(folder: Path, deeper: bool = True) -> Iterable[Path]:
    """Yield files of a folder and of folders in it, by name; hidden ones are left out."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UserError(
            f"{folder} cannot be read ({error.strerror}); check the path and its permissions"
        ) from None
    for entry in entries:
        if entry.name.startswith((".", "__MACOSX")):
            continue
        if not os.path.isdir(entry):  # also of links in a circle
            yield Path(entry.path)
        elif deeper:
            yield from _files_in(Path(entry.path), deeper=False)


def _one_variant(
    files: list[GeneFile], variant: str | None, where: str
) -> tuple[list[GeneFile], list[str]]:
    """Refuse a mixture, or take the variant that was chosen."""
    genes: dict[str, set[str]] = {kind: set() for kind in (*VARIANTS, "")}
    for file in files:
        genes[file.variant].add(file.gene)
    if genes[""] and (genes["measured"] or genes["mirrored"]):
        plain = [file.path.name for file in files if not file.variant]
        raise UserError(
            f"{where} holds maps named ..._mRNA and {len(plain)} other volume(s) "
            f"({listing(plain)}), which may not be genes; move those elsewhere"
        )
    if variant is None and genes["measured"] and genes["mirrored"]:
        raise UserError(
            f"{where} holds {len(genes['measured'])} gene(s) as measured (_mRNA) and "
            f"{len(genes['mirrored'])} mirrored (_mirr_mRNA); choose one by variant (--variant "
            "measured or mirrored)"
        )
    if variant is None or genes[""]:
        return files, []
    kept = [file for file in files if file.variant == variant]
    if not kept:
        raise UserError(f"{where} holds no {variant} maps; leave variant (--variant) out")
    lost = sorted(set().union(*genes.values()) - genes[variant])
    if not lost:
        return kept, []
    return kept, [f"{len(lost)} gene(s) of {where} have no {variant} map ({listing(lost)})"]


def _check_genes(files: Sequence[GeneFile]) -> None:
    by_gene: dict[str, Path] = {}
    for file in files:
        if not file.gene.isprintable() or not file.gene.strip():
            raise UserError(f"{str(file.path)!r} names no gene; rename it to GENE_mRNA.nii")
        if file.gene in by_gene:
            raise UserError(
                f"{by_gene[file.gene]} and {file.path} are both of gene {file.gene}; keep one"
            )
        by_gene[file.gene] = file.path

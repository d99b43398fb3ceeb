"""One GIFTI or MGH file per gene and hemisphere, to an `Expression` of vertices."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import recorded
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.io.files.files import source_of, suffix
from napari_compressed_transcriptomics.io.readers.assemble import assemble
from napari_compressed_transcriptomics.spatial.surface_place import SIDES, vertex_names

from .cortex import within
from .map_file import read_map
from .names import MAPS, is_no_gene, surface_file
from .place import UNSAID, OnSurface, surface_place


def surface_maps_in(folder: Path) -> list[Path]:
    """Return the maps of vertices in a folder, by name."""
    return [
        path
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and suffix(path, MAPS) and not is_no_gene(path)
    ]


def read_surface_maps(
    paths: Sequence[Path],
    how: OnSurface = UNSAID,
    impute: str | None = None,
    report: Report = silent,
) -> Expression:
    """Read one map per gene and hemisphere.

    Vertices that are 0 or NaN in all genes are outside (the medial wall), and those that masks
    do not name.

    Parameters
    ----------
    paths : sequence of Path
        GIFTI (``.gii``, ``.gii.gz``) or MGH (``.mgh``, ``.mgz``). Names tell gene and hemisphere:
        ``lh.CALB1.gii``, ``CALB1_hemi-L.func.gii``.
    how : OnSurface, optional
    impute
        See `read_expression`.
    report : Report, optional
        Told how many files are read.

    Raises
    ------
    UserError
        A file is damaged, of another mesh, or of no hemisphere that is told; genes lack one
        hemisphere.
    """
    where = paths[0].parent if len(paths) > 1 else paths[0]
    by_gene = maps_by_gene(paths, how.side)
    genes = sorted(by_gene)
    sides = [side for side in SIDES if any(side in files for files in by_gene.values())]
    values, sizes, digest = _values(by_gene, genes, sides, report)
    inside = ~(np.isnan(values) | (values == 0)).all(axis=1)
    if how.cortex:
        inside &= within(how, sizes, where.name)
    notes = []
    if len(sides) == 1:
        notes.append(f"{where.name} has the {sides[0]} hemisphere only")
    place = surface_place(sizes, where.name, how.surfaces)
    if not place.places_known:
        notes.append(
            f"Where the vertices of {place.mesh} lie is not known: blocks of space and pictures "
            "need the surface files of both hemispheres (--surface)"
        )
    labels = np.zeros(len(values), np.int32)
    labels[inside] = np.arange(1, np.count_nonzero(inside) + 1)
    names = np.array(vertex_names(sizes), object)[inside]
    return assemble(
        np.ascontiguousarray(values[inside]),
        genes,
        list(names),
        labels,
        place.affine,
        path=where,
        impute=impute,
        notes=notes,
        source={
            "expression": {"path": str(where.resolve()), "sha256": digest},
            **{f"cortex {i}": source_of(Path(path)) for i, path in enumerate(how.cortex, 1)},
            **recorded(place.space),
        },
        where=[f"vertex {name}" for name in names],
        place=place,
    )


def maps_by_gene(paths: Sequence[Path], side: str = "") -> dict[str, dict[str, Path]]:
    """Return the file of each gene and hemisphere.

    Parameters
    ----------
    paths : sequence of Path
    side : {"", "left", "right"}
        Of files whose names do not tell it.

    Raises
    ------
    UserError
        A name does not tell what it is of, two files are of the same, or one is lacking.
    """
    found: dict[str, dict[str, Path]] = {}
    for file in map(surface_file, paths):
        here = file.side or side
        if not here or not file.gene:
            lack = "hemisphere" if not here else "gene"
            raise UserError(
                f"{file.path.name} does not say which {lack} it is; name maps lh.GENE.gii and "
                "rh.GENE.gii" + (", or say which it is (--hemisphere left)" if not here else "")
            )
        files = found.setdefault(file.gene, {})
        if here in files:
            raise UserError(
                f"{files[here].name} and {file.path.name} are both of the {here} side "
                f"of gene {file.gene}; keep one"
            )
        files[here] = file.path
    if not found:
        raise UserError("There is no map of vertices; choose files named lh.GENE.gii")
    sides = {here for files in found.values() for here in files}
    for gene in sorted(found):
        if lacking := sides - set(found[gene]):
            where = next(iter(found[gene].values())).parent
            raise UserError(
                f"Gene {gene} of {where.name} has no map of the {lacking.pop()} side; add it"
            )
    return found


def _values(
    by_gene: dict[str, dict[str, Path]], genes: list[str], sides: list[str], report: Report
) -> tuple[np.ndarray, tuple[int, int], str]:
    """Return values (n_vertices, n_genes), vertices per side, and a hash of all files."""
    firsts = {side: read_map(by_gene[genes[0]][side]) for side in sides}
    n_vertices = sum(map(len, firsts.values()))
    size_of = {side: len(first) for side, first in firsts.items()}
    require_memory(10 * n_vertices * len(genes), f"{n_vertices:,} vertices x {len(genes):,} genes")
    values = np.empty((len(genes), n_vertices), np.float32)
    digest = hashlib.sha256()
    for row, gene in enumerate(genes):
        start = 0
        for side in sides:
            path = by_gene[gene][side]
            found = firsts[side] if row == 0 else read_map(path)
            if len(found) != size_of[side]:
                raise UserError(
                    f"{path.name} has {len(found):,} vertices where "
                    f"{by_gene[genes[0]][side].name} has {size_of[side]:,}; all maps of a side "
                    "must be of one mesh"
                )
            values[row, start : start + len(found)] = found
            start += len(found)
            digest.update(file_sha256(path).encode())
        report(Progress("Reading genes", row + 1, len(genes)))
    sizes = (size_of.get("left", 0), size_of.get("right", 0))
    return values.T, sizes, digest.hexdigest()

"""4-D NIfTI (x, y, z, gene): read in one pass, holding only the voxels that carry expression."""

from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import recorded
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation, voxel_names
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.io.files.files import beside, read_json, source_of
from napari_compressed_transcriptomics.io.files.nifti import blocks
from napari_compressed_transcriptomics.io.files.nifti_header import NiftiHeader, read_header
from napari_compressed_transcriptomics.io.files.read_ahead import ahead, hashing

from .assemble import assemble
from .gene_list import read_gene_list

_BLOCK_BYTES = 128 << 20
_TILE = 1 << 10  # voxels that are transposed at a time
# A grid is mostly outside the brain; a file this many times larger than memory is refused
# before it is read, a smaller one as soon as the voxels inside are counted.
_MAX_OUTSIDE = 16
SAMPLE_BYTES = 250
"""What the name and the place of a sample take, beside its values."""


def read_nifti_expression(path: str | Path, impute: str | None = None) -> Expression:
    """Read a 4-D NIfTI voxel by voxel.

    Voxels that are NaN, zero or otherwise constant over all genes are outside. Genes are
    named by ``NAME.genes.tsv``, ``NAME.genes.txt`` or a list ``genes`` in ``NAME.json``,
    else numbered.

    Raises
    ------
    UserError
        The file is faulty or not 4-D, or names another number of genes than it has volumes.
    """
    header = read_header(path)
    path = header.path
    if len(header.shape) != 4:
        raise UserError(
            f"{path.name} is {len(header.shape)}-D ({' x '.join(map(str, header.shape))}) where "
            "expression is 4-D (x, y, z, gene); of one volume per gene, give the folder of all"
        )
    genes, notes, gene_file = genes_of(path, header.n_volumes)
    require_memory(
        header.n_voxels * header.n_volumes * 4 // _MAX_OUTSIDE, f"{path.name}, unpacked,"
    )
    with hashing(path) as sha256:
        values, mask = _masked_matrix(header)
        digest = sha256()
    parcellation = Parcellation.from_mask(mask, header.affine)
    return assemble(
        values,
        genes,
        voxel_names(mask),
        parcellation.labels,
        header.affine,
        path=path,
        impute=impute,
        notes=(*header.notes, *notes),
        source={
            "expression": source_of(path, header.state, digest),
            **({"genes": source_of(gene_file)} if gene_file else {}),
            **recorded(header.space),
        },
    )


def genes_of(path: Path, n_genes: int) -> tuple[list[str], list[str], Path | None]:
    """Return the gene symbols of a 4-D NIfTI, notes, and the file that named them.

    A `UserError` names a sidecar whose count is not the number of volumes.
    """
    holder = f"{path.name} has {n_genes} volumes"
    candidates = [beside(path, ".genes.tsv"), beside(path, ".genes.txt")]
    file = next(filter(Path.is_file, candidates), None)
    if file is not None:
        return read_gene_list(file, n_genes, holder), [], file
    file = beside(path, ".json")
    genes = read_json(file).get("genes")
    if genes is None:
        width = max(5, len(str(n_genes)))
        note = (
            f"No gene symbols lie beside {path.name} (NAME.genes.tsv); its {n_genes} volumes "
            "are numbered gene_00001 onwards"
        )
        return [f"gene_{i + 1:0{width}d}" for i in range(n_genes)], [note], None
    if not isinstance(genes, list) or not all(
        isinstance(gene, str) and gene.strip() and gene.isprintable() for gene in genes
    ):
        raise UserError(f"{file.name} has genes that are not a list of symbols; fix it")
    if len(genes) != n_genes:
        raise UserError(f"{file.name} names {len(genes)} genes and {holder}; give one symbol each")
    return genes, [], file


def _masked_matrix(header: NiftiHeader) -> tuple[np.ndarray, np.ndarray]:
    """Read all volumes once, keeping the voxels that vary over genes.

    A voxel is outside until its value first differs from its first one. Those that join in a
    later block get a matrix of their own, filled up with the constant that they had before.

    Returns
    -------
    values : ndarray of float32, shape (n_inside, n_genes)
        Rows in C order of (x, y, z).
    mask : ndarray of bool, shape (x, y, z)
    """
    n_genes, n_voxels = header.n_volumes, header.n_voxels
    per_block = int(np.clip(_BLOCK_BYTES // (n_voxels * 8), 2, n_genes)) if n_genes > 1 else 1
    if n_voxels * per_block * 8 > _BLOCK_BYTES:  # volumes so large that a block of them counts
        each = 16 + per_block * (header.dtype.itemsize + 24)
        require_memory(n_voxels * each, f"A part of {header.path.name}")
    # The file runs x fastest, samples z fastest: `sample[i]` is the sample of the file's voxel i.
    sample = np.arange(n_voxels).reshape(header.shape[:3]).ravel(order="F")
    outside = np.arange(n_voxels)  # places in the file
    first: np.ndarray | None = None
    parts: list[_Part] = []
    done = 0
    read = blocks(header, per_block)
    for stored in ahead(read) if n_genes > per_block else read:
        with np.errstate(over="ignore"):
            block = stored.astype(np.float32, copy=False)
        if first is None:
            # A single volume has nothing to vary over: there, zero is outside.
            nothing = np.where(np.isnan(block[0]), block[0], np.float32(0))
            first = block[0].copy() if n_genes > 1 else nothing
        varies = _varies(block, first, outside)
        joining, outside = outside[varies], outside[~varies]
        if joining.size:
            n_before = sum(len(part.places) for part in parts)
            n_inside = n_before + joining.size
            # What is not filled yet does not count as taken, either; parts are joined by copying.
            n_values = n_inside * n_genes * (2 if parts else 1) - n_before * done
            what = f"{header.path.name} with {n_inside:,} voxels inside"
            require_memory(4 * n_values + SAMPLE_BYTES * n_inside, what)
            part = _Part(joining, sample[joining], n_genes)
            part.values[part.rows, :done] = first[joining, None]
            parts.append(part)
        for part in parts:
            part.put(block, done)
        done += len(block)
    if not parts:
        raise UserError(
            f"{header.path.name} has no voxel that varies over genes; choose an expression volume"
        )
    mask = np.ones(n_voxels, bool)
    mask[sample[outside]] = False
    mask_3d = mask.reshape(header.shape[:3])
    if len(parts) == 1:
        return parts[0].values, mask_3d
    row = np.cumsum(mask) - 1
    values = np.empty((row[-1] + 1, n_genes), np.float32)
    for part in parts:
        values[row[part.samples]] = part.values
    return values, mask_3d


class _Part:
    """Voxels that turned out to be inside in one block, and their values over all genes."""

    def __init__(self, places: np.ndarray, samples: np.ndarray, n_genes: int) -> None:
        self.places = places  # in the file, ascending
        self.samples = np.sort(samples)  # of the rows of values
        self.rows = np.searchsorted(self.samples, samples)  # of the places
        self.values = np.empty((len(places), n_genes), np.float32)

    def put(self, block: np.ndarray, start: int) -> None:
        """Set the genes from `start` to what a block (genes x all voxels) holds."""
        genes = slice(start, start + len(block))
        for first in range(0, len(self.places), _TILE):
            places = self.places[first : first + _TILE]
            rows = self.rows[first : first + _TILE]
            a, b = places[0], places[-1] + 1
            # Without gaps a view, which is faster, does.
            tile = block[:, a:b] if b - a == len(places) else block[:, places]
            self.values[rows, genes] = tile.T


def _varies(block: np.ndarray, first: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return which places have a value in a block that is not their first one, NaN being NaN."""
    bits = first.view(np.int32)[places]
    varies = np.zeros(len(places), bool)
    for volume in block:
        varies |= volume.view(np.int32)[places] != bits
    # Of these few, -0 is as good as 0, and any NaN as any other.
    places = places[varies]
    constant, differs = first[places], np.zeros(len(places), bool)
    for volume in block:
        values = volume[places]
        differs |= (values != constant) & ~(np.isnan(values) & np.isnan(constant))
    varies[varies] = differs
    return varies

"""4-D NIfTI (x, y, z, gene): read in one pass, holding only the voxels that carry expression."""

from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.io.files.files import beside, read_json, source_of
from napari_compressed_transcriptomics.io.files.nifti import blocks
from napari_compressed_transcriptomics.io.files.nifti_header import NiftiHeader, read_header

from .assemble import assemble
from .gene_list import read_gene_list

_BLOCK_BYTES = 32 << 20
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
            "expression is 4-D (x, y, z, gene); of one volume a gene, give the folder of all"
        )
    genes, notes, gene_file = genes_of(path, header.n_volumes)
    require_memory(
        header.n_voxels * header.n_volumes * 4 // _MAX_OUTSIDE, f"{path.name}, unpacked,"
    )
    values, mask = _masked_matrix(header)
    parcellation = Parcellation.from_mask(mask, header.affine)
    return assemble(
        values,
        genes,
        [f"{x}_{y}_{z}" for x, y, z in np.argwhere(mask)],
        parcellation.labels,
        header.affine,
        path=path,
        impute=impute,
        notes=(*header.notes, *notes),
        source={
            "expression": source_of(path, header.state),
            **({"genes": source_of(gene_file)} if gene_file else {}),
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
        raise UserError(f"{file.name} has genes that are no list of symbols; fix it")
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
    # The file runs x fastest, samples z fastest: `order[i]` is the file's place of sample i.
    order = np.arange(n_voxels).reshape(header.shape[:3], order="F").ravel()
    outside = np.ones(n_voxels, bool)  # in the order of samples, like all that follows
    first: np.ndarray | None = None
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    done = 0
    for stored in blocks(header, per_block):
        with np.errstate(over="ignore"):
            block = stored.astype(np.float32)[:, order]
        if first is None:
            # A single volume has nothing to vary over: there, zero is outside.
            first = block[0].copy() if n_genes > 1 else np.where(np.isnan(block[0]), np.nan, 0)
        same = (block == first) | (np.isnan(block) & np.isnan(first))
        joining = np.flatnonzero(outside & ~same.all(axis=0))
        if joining.size:
            n_before = sum(len(there) for there, _ in parts)
            n_inside = n_before + joining.size
            # What is not filled yet does not count as taken, either; parts are joined by copying.
            n_values = n_inside * n_genes * (2 if parts else 1) - n_before * done
            what = f"{header.path.name} with {n_inside:,} voxels inside"
            require_memory(4 * n_values + SAMPLE_BYTES * n_inside, what)
            values = np.empty((joining.size, n_genes), np.float32)
            values[:, :done] = first[joining, None]
            parts.append((joining, values))
            outside[joining] = False
        for voxels, values in parts:
            values[:, done : done + len(block)] = block[:, voxels].T
        done += len(block)
    mask = ~outside.reshape(header.shape[:3])
    if not parts:
        raise UserError(
            f"{header.path.name} has no voxel that varies over genes; choose an expression volume"
        )
    if len(parts) == 1:
        return parts[0][1], mask
    row = np.cumsum(mask.ravel()) - 1
    values = np.empty((row[-1] + 1, n_genes), np.float32)
    for voxels, part in parts:
        values[row[voxels]] = part
    return values, mask

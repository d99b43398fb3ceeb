"""One volume per gene: headers checked, the brain found, and single genes read when asked for.

Nothing here holds more than a volume or two, so that a brain larger than memory can be gone through
gene by gene.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.io.files.nifti import blocks
from napari_compressed_transcriptomics.io.files.nifti_header import NiftiHeader, read_header
from napari_compressed_transcriptomics.io.files.zip_member import member_of

from .names import common_folder, gene_files

MAPS_FOR_BRAIN = 64
"""Maps that tell where the brain is, evenly spaced: to read all of thousands would take hours."""
_PART_OF_GRID = 0.2
"""That a brain fills, about: 185,682 of 902,629 voxels of the MNI grid of 2 mm."""
_SAME_MM = 1e-3  # affines that differ less place no voxel elsewhere


@dataclass(frozen=True, eq=False)
class GeneVolumes:
    """What there is to read."""

    path: Path
    """The folder that holds all files."""
    is_folder: bool
    """Whether the folder was chosen, or files in it."""
    genes: tuple[str, ...]
    headers: tuple[NiftiHeader, ...]
    """One a gene, on one grid."""
    mask: np.ndarray
    """The brain: voxels where at least half of the maps have data. Of bool, shape (x, y, z)."""
    zero_is_no_data: bool
    """Whether 0 within the brain means that a map lacks data there, as it does outside: not where
    more than half of the maps have some."""
    notes: tuple[str, ...]

    @property
    def affine(self) -> np.ndarray:
        """Voxels to RAS mm, float64, shape (4, 4)."""
        return self.headers[0].affine

    @cached_property
    def space(self) -> str:
        """Which space the maps lie in, see `core.brain_space`; empty unless all tell the same."""
        told = {header.space for header in self.headers}
        return told.pop() if len(told) == 1 else ""

    @cached_property
    def n_voxels(self) -> int:
        """Number of voxels within the brain."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def _places(self) -> np.ndarray:
        """Where in a file (x fastest) the voxels of the brain are, in C order of (x, y, z)."""
        return np.arange(self.mask.size).reshape(self.mask.shape, order="F")[self.mask]

    def read_gene(self, gene: int) -> np.ndarray:
        """Read one gene within the brain.

        Parameters
        ----------
        gene : int
            Its number.

        Returns
        -------
        ndarray of float32, shape (n_voxels,)
            Voxels in C order of (x, y, z), NaN where there are no data.

        Raises
        ------
        UserError
            The file is cut short, damaged, or not as it was when its header was read.
        """
        with np.errstate(over="ignore"):  # beyond float32 is no data, either
            values = _stored(self.headers[gene])[self._places].astype(np.float32)
        lacking = ~np.isfinite(values)
        if self.zero_is_no_data:
            lacking |= values == 0
        values[lacking] = np.nan
        return values

    def sha256(self, gene: int) -> str:
        """Return the SHA-256 of a gene's file, or of the archive that it lies in."""
        path = self.headers[gene].path
        member = member_of(path)
        if member is None:
            return file_sha256(path)
        if member[0] not in self._archives:
            self._archives[member[0]] = file_sha256(member[0])
        return self._archives[member[0]]

    @cached_property
    def _archives(self) -> dict[Path, str]:
        """SHA-256 of archives: one may hold all genes."""
        return {}

    def source(self, digests: Sequence[str]) -> dict[str, Any]:
        """Return the entry of `Expression.source`.

        Of thousands of files it holds one hash, over a line ``name size sha256`` a gene, in order.

        Parameters
        ----------
        digests : sequence of str
            `sha256` of each gene, best called after reading it, when the system has it at hand.
        """
        folder, whole = self.path.resolve(), hashlib.sha256()
        names = [_name_in(self.path, header.path) for header in self.headers]
        for name, header, digest in zip(names, self.headers, digests, strict=True):
            whole.update(f"{name} {header.state[0]} {digest}\n".encode("utf-8", "surrogateescape"))
        entry = {"path": str(folder), "n_files": len(names), "sha256": whole.hexdigest()}
        return entry if self.is_folder else {**entry, "files": names}


def plan_gene_volumes(
    paths: Path | Sequence[Path], variant: str | None = None, report: Report = silent
) -> GeneVolumes:
    """Find the maps, check all headers, and find the brain.

    Voxels are in the brain where at least half of up to `MAPS_FOR_BRAIN` maps have data: neither 0
    nor NaN. So a map with holes, or one too large, does not change it.

    Parameters
    ----------
    paths, variant
        See `names.gene_files`.
    report : Report, optional

    Raises
    ------
    UserError
        Names, see `names.gene_files`; a header is faulty; a file is not 3-D, or no map of a gene;
        some lie on another grid than the rest; or no voxel has data.
    """
    files, notes = gene_files(paths, variant)
    headers = []
    for done, file in enumerate(files):
        header = read_header(file.path.absolute())  # others may read them, in other folders
        if len(header.shape) != 3:
            raise UserError(
                f"{file.path.name} is {len(header.shape)}-D ({_size(header)}) where the others "
                "are one 3-D volume per gene; move it elsewhere, or open it by itself"
            )
        headers.append(header)
        report(Progress("Reading headers", done + 1, len(files)))
    folder = paths if isinstance(paths, Path) else common_folder(paths)
    _check_kind(folder.name, headers)
    _check_grid(folder.name, headers)
    mask, zero_is_no_data, more = _brain(folder.name, headers, report)
    said = dict.fromkeys(note for header in headers for note in header.notes)
    return GeneVolumes(
        folder,
        isinstance(paths, Path),
        tuple(file.gene for file in files),
        tuple(headers),
        mask,
        zero_is_no_data,
        (*notes, *([listing(said)] if said else []), *more),
    )


def about_bytes(folder: Path) -> int:
    """Return about how much memory a folder's maps take as a matrix, from one of their headers."""
    files, _ = gene_files(folder)
    return int(4 * len(files) * read_header(files[0].path).n_voxels * _PART_OF_GRID)


def is_no_gene(header: NiftiHeader) -> bool:
    """Return whether a header says that its volume is labels, or a result of ours."""
    return header.is_labels or header.intent in ("labels", "latents", "rmse")


def _check_kind(name: str, headers: Sequence[NiftiHeader]) -> None:
    """Refuse labels, masks and results of ours, which would be taken for genes."""
    whole = [header.dtype.kind in "iu" and header.slope == 1 for header in headers]
    few = 2 * sum(whole) < len(headers)
    odd = [
        header.path.name
        for header, is_whole in zip(headers, whole, strict=True)
        if is_no_gene(header) or (is_whole and few)
    ]
    if odd:
        raise UserError(
            f"{len(odd)} of {len(headers)} volumes of {name} ({listing(odd)}) hold labels, a mask "
            "or results, judging by their headers, and not a gene; move them elsewhere"
        )


def _check_grid(name: str, headers: Sequence[NiftiHeader]) -> None:
    """Refuse maps of different grids; the grid of most is taken for the right one to say so."""
    keys = [(h.shape, tuple(np.rint(h.affine.ravel() / _SAME_MM))) for h in headers]
    ((shape, affine), _), *_ = Counter(keys).most_common()
    first = headers[keys.index((shape, affine))]
    odd = [
        header
        for header in headers
        if header.shape != shape or np.abs(header.affine - first.affine).max() > 2 * _SAME_MM
    ]
    if odd:
        why = (
            f"{_size(odd[0])} voxels where the rest have {_size(first)}"
            if odd[0].shape != shape
            else "other positions in mm (affine) than the rest"
        )
        raise UserError(
            f"{len(odd)} of {len(headers)} maps of {name} lie on another grid "
            f"({listing(header.path.name for header in odd)}: {why}); resample them, or move them "
            "elsewhere"
        )


def _brain(
    name: str, headers: Sequence[NiftiHeader], report: Report
) -> tuple[np.ndarray, bool, list[str]]:
    """Return where at least half of the maps have data, whether 0 is none there, and notes."""
    n = min(len(headers), MAPS_FOR_BRAIN)
    chosen = [headers[i * len(headers) // n] for i in range(n)]
    require_memory(headers[0].n_voxels * (12 + n // 8), f"Finding the brain in {name}")
    counts = np.zeros(headers[0].n_voxels, np.int32)
    zeros = []  # a bit a voxel
    for done, header in enumerate(chosen):
        stored = _stored(header)
        is_zero = stored == 0
        counts += ~is_zero & np.isfinite(stored)
        zeros.append(np.packbits(is_zero))
        report(Progress("Finding the brain", done + 1, n))
    inside = 2 * counts >= n
    if not inside.any():
        raise UserError(
            f"{name} has no voxel in which half of the maps have data (neither 0 nor NaN); choose "
            "maps of one brain"
        )
    with_zeros = sum(np.unpackbits(bits, count=inside.size)[inside].any() for bits in zeros)
    zero_is_no_data = bool(2 * with_zeros <= n)
    of = f"{n} of {len(headers)} maps" if n < len(headers) else f"the {n} maps"
    notes = [
        f"The brain of {name} is the {np.count_nonzero(inside):,} voxels in which at least half of "
        f"{of} have data (neither 0 nor NaN)"
    ]
    if not zero_is_no_data:
        notes.append(f"0 within the brain is taken for a value: {with_zeros} of {n} maps have it")
    return inside.reshape(headers[0].shape, order="F"), zero_is_no_data, notes


def _stored(header: NiftiHeader) -> np.ndarray:
    """Return the values of a 3-D file, scaled, x fastest, shape (n_voxels,)."""
    values = None
    for block in blocks(header):  # to the end, where the file is checked
        values = block[0]
    assert values is not None
    return values


def _name_in(folder: Path, path: Path) -> str:
    return path.absolute().relative_to(folder.absolute()).as_posix()


def _size(header: NiftiHeader) -> str:
    return " x ".join(map(str, header.shape))

"""NIfTI files: data read to the last byte, and written with a record of what it is."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Painting
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.io.files.overwriting import check_sidecar, refuse_overwriting

from .atomic import replacing_files, write_json
from .csv_style import SAFE, Style
from .files import NIFTI, beside, check_unchanged, opened, suffix
from .nifti_header import NiftiHeader, too_long
from .nifti_stream import header_of, stream


def blocks(header: NiftiHeader, n_volumes: int = 1) -> Iterator[np.ndarray]:
    """Yield the data in blocks of whole volumes, and verify the file's end.

    Parameters
    ----------
    header : NiftiHeader
    n_volumes : int
        Volumes per block.

    Yields
    ------
    ndarray, shape (n, n_voxels)
        At most `n_volumes` volumes, voxels in the file's order (x fastest): of the stored
        type where the file is unscaled, else float64. A block is valid until the one after the
        next is asked for.

    Raises
    ------
    UserError
        The data is cut short or goes on, the file changed meanwhile, scaled values are beyond
        all numbers, or (gzip) the checksum does not fit.
    """
    path, volume_bytes = header.path, header.n_voxels * header.dtype.itemsize
    with opened(path) as file:
        file.read(header.offset)
        buffers = [np.empty((0, header.n_voxels), header.dtype)] * 2
        for start in range(0, header.n_volumes, n_volumes):
            n = min(n_volumes, header.n_volumes - start)
            # The one before the last is used again, as new memory takes longer than reading.
            buffer = buffers.pop(0)
            if len(buffer) < n:
                buffer = np.empty((n, header.n_voxels), header.dtype)
            buffers.append(buffer)
            block = buffer[:n]
            n_read = file.readinto(block.view(np.uint8))  # type: ignore[attr-defined]
            if n_read < block.nbytes:
                check_unchanged(path, header.state)
                raise UserError(
                    f"{path.name} is cut short: {header.n_volumes * volume_bytes:,} bytes of data "
                    f"expected, {start * volume_bytes + n_read:,} found; get the file again"
                )
            yield _scaled(block, header)
        more = len(file.read(1 << 20))  # at its very end gzip compares the checksum
    check_unchanged(path, header.state)
    if more:
        raise too_long(header, f"at least {header.end + more:,}")


def _scaled(block: np.ndarray, header: NiftiHeader) -> np.ndarray:
    if (header.slope, header.inter) == (1.0, 0.0):
        return block
    try:
        with np.errstate(over="raise", invalid="ignore"):  # stored NaN and infinity stay so
            return block * np.float64(header.slope) + header.inter
    except FloatingPointError:
        raise UserError(
            f"{header.path.name} has values that its scaling (scl_slope {header.slope:g}, "
            f"scl_inter {header.inter:g}) makes infinite; fix its header"
        ) from None


def read_volumes(header: NiftiHeader) -> np.ndarray:
    """Return all data, shape ``header.shape``; for 3-D files and small 4-D ones."""
    scaled = (header.slope, header.inter) != (1.0, 0.0)
    # Telling labels from an image takes five copies of the values, and some flags.
    each = 5 * (8 if scaled else header.dtype.itemsize) + 8
    require_memory(header.n_voxels * header.n_volumes * each, header.path.name)
    (data,) = blocks(header, header.n_volumes)
    return data.ravel().reshape(header.shape, order="F")


def write_volume(
    path: str | Path,
    volume: np.ndarray | Painting,
    affine: np.ndarray,
    *,
    kind: str,
    provenance: dict[str, Any],
    style: Style = SAFE,
) -> list[Path]:
    """Write a volume as NIfTI-1 with a JSON sidecar that says what it is and what made it.

    Parameters
    ----------
    path : str or Path
        Ends in ``.nii.gz`` or ``.nii``; the sidecar is ``NAME.json`` beside it.
    volume : ndarray, shape (x, y, z) or (x, y, z, k), or Painting
        Written as float32, or as int32 where `kind` is "labels", component by component.
    affine : ndarray, shape (4, 4)
        Voxels to RAS mm. NIfTI-1 holds it as float32: an affine read from a file's sform is
        written back bit for bit.
    kind : str
        What the values are, at most 15 characters ("latents", "rmse", "gene", "labels",
        "expression", ...); it becomes the header's intent name.
    provenance : dict
        JSON-safe. ``provenance["source"]`` (as `Expression.source`) names files that must not
        be overwritten.
    style : Style
        How paths are written into the sidecar.

    Returns
    -------
    list of Path
        The volume and its sidecar.

    Raises
    ------
    UserError
        The name's ending, more values along an axis than NIfTI-1 can tell, or a target that is
        read-only, the volume's own source, or a sidecar of another's.
    """
    path = Path(path)
    if not suffix(path, NIFTI):
        raise UserError(f"{path.name} must end in .nii.gz or .nii")
    sidecar = beside(path, ".json")
    refuse_overwriting([path, sidecar], provenance.get("source", {}))
    check_sidecar(sidecar)
    header = header_of(path, volume.shape, affine, kind)
    with replacing_files(path.parent, [path.name, sidecar.name]) as folder:
        with open(folder / path.name, "wb") as file:
            if path.name.lower().endswith(".gz"):
                # No name and no time within: the same data gives the same bytes.
                with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                    stream(packed, header, volume)
            else:
                stream(file, header, volume)
        record = {
            "kind": kind,
            "shape": list(volume.shape),
            "affine": np.asarray(affine, float).tolist(),
            "units": "mm",
            **provenance,
        }
        # The readers check the hash: nothing else tells that plain .nii is as it was written.
        record |= {"file": path.name, "sha256": file_sha256(folder / path.name)}
        write_json(folder / sidecar.name, record, style)
    return [path, sidecar]

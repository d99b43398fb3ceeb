"""NIfTI files: headers that are checked before memory is taken, data read to the last byte."""

import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Painting
from napari_compressed_transcriptomics.core.memory import require_memory

from .atomic import check_sidecar, refuse_overwriting, replacing_files, write_json
from .files import NIFTI, beside, existing_file, looks_like, opened, suffix
from .nifti_stream import header_of, stream
from .style import SAFE, Style

# Deflate cannot pack tighter than this, so a header that promises more is wrong.
_MOST_DEFLATED = 1100


@dataclass(frozen=True)
class NiftiHeader:
    """What a header says, checked.

    Attributes
    ----------
    path : Path
    shape : tuple of int
        Three dimensions or more; trailing ones beyond the third are dropped.
    dtype : numpy.dtype
        As stored, with byte order.
    slope, inter : float
        A stored value ``v`` means ``v * slope + inter``.
    affine : ndarray of float64, shape (4, 4)
        Voxels to RAS mm.
    offset : int
        Where the data starts, in bytes.
    intent : str
        The intent's name ("latents", "rmse", ...), empty in most files.
    is_labels : bool
        Whether the intent code says that the values are labels.
    notes : tuple of str
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype
    slope: float
    inter: float
    affine: np.ndarray
    offset: int
    intent: str
    is_labels: bool
    notes: tuple[str, ...]

    @property
    def n_voxels(self) -> int:
        """Number of voxels of one volume."""
        return math.prod(self.shape[:3])

    @property
    def n_volumes(self) -> int:
        """Number of volumes, 1 for a 3-D file."""
        return math.prod(self.shape[3:])


def read_header(path: str | Path) -> NiftiHeader:
    """Read and check the header of a ``.nii`` or ``.nii.gz`` file.

    Raises
    ------
    UserError
        The file is missing, empty, cut, not NIfTI, of a kind that holds no plain numbers
        (complex, RGB), too large for its own size, or has no usable position in space.
    """
    import nibabel as nib
    from nibabel.spatialimages import HeaderDataError

    path = existing_file(path)
    with opened(path) as file:
        block = file.read(540)
    start = block[:4]
    size = {int.from_bytes(start, "little"), int.from_bytes(start, "big")} & {348, 540}
    if not size:
        raise UserError(f"{path.name} is not NIfTI but {looks_like(block)}; choose another file")
    n_bytes = size.pop()
    if len(block) < n_bytes:
        raise UserError(
            f"{path.name} is cut short within its header, after {len(block)} of {n_bytes} bytes; "
            "get the file again"
        )
    header_class = nib.Nifti1Header if n_bytes == 348 else nib.Nifti2Header
    header = header_class(block[:n_bytes], check=False)
    if not bytes(header["magic"]).startswith(b"n+"):
        raise UserError(
            f"{path.name} is one half of an Analyze or NIfTI pair; convert it to one .nii file"
        )
    shape = _checked_shape(path, header)
    try:
        dtype = header.get_data_dtype()
    except (HeaderDataError, KeyError):
        code = int(header["datatype"])
        raise UserError(f"{path.name} has the unknown data type {code}; convert it") from None
    if dtype.fields or dtype.kind not in "iuf":
        kind = "complex" if dtype.kind == "c" else "colour (RGB)" if dtype.fields else str(dtype)
        raise UserError(
            f"{path.name} holds {kind} values where plain numbers are needed; convert it to float32"
        )
    if not math.isfinite(header["vox_offset"]):
        raise UserError(f"{path.name} states no valid data offset; its header is damaged")
    slope, inter, notes = _scaling(path, header)
    affine, position_notes = _checked_affine(path, header)
    checked = NiftiHeader(
        path=path,
        shape=shape,
        dtype=dtype,
        slope=slope,
        inter=inter,
        affine=affine,
        offset=max(int(header["vox_offset"]), n_bytes),
        intent=bytes(header["intent_name"]).rstrip(b"\0").decode("latin-1").strip(),
        is_labels=int(header["intent_code"]) == 1002,
        notes=(*notes, *position_notes),
    )
    _check_size(checked)
    return checked


def _checked_shape(path: Path, header: Any) -> tuple[int, ...]:
    n_dims = int(header["dim"][0])
    shape = tuple(int(length) for length in header["dim"][1 : n_dims + 1])
    if not 1 <= n_dims <= 7 or min(shape) < 1:
        raise UserError(
            f"{path.name} states impossible dimensions ({' x '.join(map(str, shape)) or n_dims}); "
            "its header is damaged"
        )
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) < 3:
        raise UserError(f"{path.name} is {len(shape)}-D where a 3-D or 4-D volume is needed")
    return shape


def _scaling(path: Path, header: Any) -> tuple[float, float, list[str]]:
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if math.isinf(slope) or math.isinf(inter):
        raise UserError(
            f"{path.name} has an infinite scaling (scl_slope {slope}, scl_inter {inter}); mend its "
            "header"
        )
    if math.isnan(slope) or slope == 0:  # 0 means unscaled by the standard, NaN by nibabel
        return 1.0, 0.0, []
    if math.isnan(inter):
        return slope, 0.0, [f"{path.name} has no valid scl_inter; 0 is used"]
    return slope, inter, []


def _checked_affine(path: Path, header: Any) -> tuple[np.ndarray, list[str]]:
    from nibabel.spatialimages import HeaderDataError

    try:
        affine = np.asarray(header.get_best_affine(), float)
    except (HeaderDataError, ValueError):
        affine = np.full((4, 4), np.nan)
    if not np.isfinite(affine).all():
        raise UserError(f"{path.name} has an affine with NaN or infinite entries; mend its header")
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not lengths.all() or abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-6:
        raise UserError(
            f"{path.name} has a singular affine, which places no voxel in space; mend its header"
        )
    if not int(header["sform_code"]) and not int(header["qform_code"]):
        return affine, [f"{path.name} states no position in space; it is centred on the origin"]
    return affine, []


def _check_size(header: NiftiHeader) -> None:
    """Refuse what the file cannot hold or memory cannot take, before any of it is taken."""
    path = header.path
    expected = header.offset + header.n_voxels * header.n_volumes * header.dtype.itemsize
    actual = path.stat().st_size
    packed = path.name.lower().endswith(".gz")
    if expected > actual * (_MOST_DEFLATED if packed else 1):
        raise UserError(
            f"{path.name} is cut short or its header is damaged: "
            f"{' x '.join(map(str, header.shape))} values need {expected:,} bytes and the file has "
            f"{actual:,}"
            f"{' packed' if packed else ''}"
        )
    # As stored, and as float64 where it is scaled.
    require_memory(header.n_voxels * (header.dtype.itemsize + 12), f"One volume of {path.name}")


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
        type where the file is unscaled, else float64.

    Raises
    ------
    UserError
        The data is cut short, or (gzip) its checksum does not fit.
    """
    path, volume_bytes = header.path, header.n_voxels * header.dtype.itemsize
    with opened(path) as file:
        file.read(header.offset)
        for start in range(0, header.n_volumes, n_volumes):
            n = min(n_volumes, header.n_volumes - start)
            raw = file.read(n * volume_bytes)
            if len(raw) < n * volume_bytes:
                raise UserError(
                    f"{path.name} is cut short: {header.n_volumes * volume_bytes:,} bytes of data "
                    f"expected, {start * volume_bytes + len(raw):,} found; get the file again"
                )
            block = np.frombuffer(raw, header.dtype).reshape(n, header.n_voxels)
            if (header.slope, header.inter) != (1.0, 0.0):
                block = block * np.float64(header.slope) + header.inter
            yield block
        while file.read(1 << 20):  # the gzip checksum stands at the very end
            pass


def read_volumes(header: NiftiHeader) -> np.ndarray:
    """Return all data, shape ``header.shape``; for 3-D files and small 4-D ones."""
    need = header.n_voxels * header.n_volumes * (header.dtype.itemsize + 12)
    require_memory(need, header.path.name)
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
        write_json(folder / sidecar.name, record, style)
    return [path, sidecar]

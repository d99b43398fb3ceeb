"""NIfTI headers, checked before any data is read."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import (
    MNI,
    MNI_CODE,
    space_in_name,
    space_of,
)
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.memory import require_memory

from .files import beside, existing_file, looks_like, opened, read_json, state_of

# Deflate cannot pack tighter than this, so a header that promises more is wrong.
_MAX_DEFLATED = 1100
_LARGEST_OFFSET = 1 << 26  # bytes; extensions hold texts and small tables

_SMALLEST_MM = 1e-6  # of a voxel; below a nanometre its header is wrong


@dataclass(frozen=True)
class NiftiHeader:
    """What a header says, checked."""

    path: Path
    shape: tuple[int, ...]
    """Three dimensions or more; trailing ones beyond the third are dropped."""
    dtype: np.dtype
    """As stored, with byte order."""
    slope: float
    inter: float
    """`slope`, `inter`: a stored value ``v`` means ``v * slope + inter``."""
    affine: np.ndarray
    """Voxels to RAS mm. Of float64, shape (4, 4)."""
    offset: int
    """Where the data starts, in bytes."""
    intent: str
    """The intent's name ("latents", "rmse", ...), empty in most files."""
    is_labels: bool
    """Whether the intent code says that the values are labels."""
    notes: tuple[str, ...]
    state: tuple[int, int]
    """The file's size and time of change, see `files.state_of`."""
    space: str = ""
    """See `core.brain_space`; empty where nothing tells it."""

    @property
    def n_voxels(self) -> int:
        """Number of voxels of one volume."""
        return math.prod(self.shape[:3])

    @property
    def n_volumes(self) -> int:
        """Number of volumes, 1 for a 3-D file."""
        return math.prod(self.shape[3:])

    @property
    def end(self) -> int:
        """Where the data ends, in bytes: all that the file, unpacked, should have."""
        return self.offset + self.n_voxels * self.n_volumes * self.dtype.itemsize


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
    state = state_of(path)
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
    if int(header["bitpix"]) != 8 * dtype.itemsize:
        raise UserError(
            f"{path.name} states {int(header['bitpix'])} bits a value and the data type {dtype} "
            f"has {8 * dtype.itemsize}; its header is damaged"
        )
    offset = _checked_offset(path, header, n_bytes + 4)  # four bytes tell of extensions
    slope, inter, notes = _scaling(path, header)
    affine, position_notes = _checked_affine(path, header)
    checked = NiftiHeader(
        *(path, shape, dtype, slope, inter, affine, offset),
        intent=bytes(header["intent_name"]).rstrip(b"\0").decode("latin-1").strip(),
        is_labels=int(header["intent_code"]) == 1002,
        notes=(*notes, *position_notes),
        state=state,
        space=_space(path, header),
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


def _checked_offset(path: Path, header: Any, least: int) -> int:
    offset = float(header["vox_offset"])
    if not offset.is_integer() or offset < least:
        raise UserError(
            f"{path.name} states the data offset {offset:g} where at least {least} whole bytes "
            "are its header; it is damaged, get it again or save it again with another program"
        )
    if offset > _LARGEST_OFFSET:
        raise UserError(
            f"{path.name} states that its data begin after {offset:,.0f} bytes, where extensions "
            "of the header are far smaller; its header is damaged"
        )
    return int(offset)


def _scaling(path: Path, header: Any) -> tuple[float, float, list[str]]:
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if math.isinf(slope) or math.isinf(inter):
        raise UserError(
            f"{path.name} has an infinite scaling (scl_slope {slope}, scl_inter {inter}); fix its "
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
        raise UserError(f"{path.name} has an affine with NaN or infinite entries; fix its header")
    with np.errstate(all="ignore"):  # lengths may be 0 or beyond all numbers
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        independent = abs(np.linalg.det(affine[:3, :3] / lengths)) >= 1e-6
    if not independent or lengths.min() < _SMALLEST_MM:
        raise UserError(
            f"{path.name} has a singular affine, which places no voxel in space; fix its header"
        )
    if not int(header["sform_code"]) and not int(header["qform_code"]):
        return affine, [f"{path.name} states no position in space; it is centred on the origin"]
    return affine, []


def _space(path: Path, header: Any) -> str:
    """Return the space that the sidecar, the file's name or the header's codes tell."""
    try:
        told = space_of(read_json(beside(path, ".json")))
    except UserError:  # whoever needs the sidecar says what is wrong with it
        told = ""
    in_mni = MNI_CODE in (int(header["sform_code"]), int(header["qform_code"]))
    return told or space_in_name(path.name) or (MNI if in_mni else "")


def _check_size(header: NiftiHeader) -> None:
    """Refuse what the file cannot hold or memory cannot take, before any of it is taken."""
    path, actual = header.path, header.state[0]
    packed = path.name.lower().endswith(".gz")
    if header.end > actual * (_MAX_DEFLATED if packed else 1):
        raise UserError(
            f"{path.name} is cut short or its header is damaged: {values_of(header)} need "
            f"{header.end:,} bytes and the file has {actual:,}{' packed' if packed else ''}"
        )
    if header.end < actual and not packed:
        raise too_long(header, f"{actual:,}")
    # As stored, and as float64 where it is scaled.
    require_memory(header.n_voxels * (header.dtype.itemsize + 12), f"One volume of {path.name}")


def values_of(header: NiftiHeader) -> str:
    """Say for a message how many values there should be: ``12 x 10 x 8 values``."""
    return f"{' x '.join(map(str, header.shape))} values"


def too_long(header: NiftiHeader, n_bytes: str) -> UserError:
    """Return the error of a file that goes on after its data."""
    return UserError(
        f"{header.path.name} is too long or its header is damaged: {values_of(header)} need "
        f"{header.end:,} bytes and the file has {n_bytes}; get it again"
    )

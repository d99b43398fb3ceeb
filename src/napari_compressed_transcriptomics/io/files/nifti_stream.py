"""NIfTI-1 as a stream: a header, then one component after the other, never all in memory."""

from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Painting

from .files import stem

_LONGEST_AXIS = 2**15 - 1


def check_shape(path: Path, shape: tuple[int, ...]) -> None:
    """Raise a `UserError` where a volume is longer than NIfTI-1 can tell, before it is made."""
    if max(shape) > _LONGEST_AXIS:
        raise UserError(
            f"{path.name} would have {max(shape):,} values along an axis and NIfTI-1 holds "
            f"{_LONGEST_AXIS:,}; use fewer"
        )


def header_of(path: Path, shape: tuple[int, ...], affine: np.ndarray, kind: str) -> Any:
    """Return the header of a volume that `write_volume` writes, see there."""
    import nibabel as nib

    check_shape(path, shape)
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.int32 if kind == "labels" else np.float32)
    header.set_slope_inter(1, 0)
    header.set_xyzt_units("mm")
    header["descrip"] = stem(path).encode("ascii", "replace")[:79]
    if kind == "labels":
        header.set_intent("label", name=kind)
    else:
        header["intent_name"] = kind.encode("ascii", "replace")[:15]
    # Some programs look at the qform only: give it wherever it can say the same.
    header.set_qform(affine, code="aligned", strip_shears=True)
    if not np.allclose(header.get_qform(), affine, atol=1e-4):
        header.set_qform(None, code=0)
    header.set_sform(affine, code="aligned")
    header["magic"], header["vox_offset"] = b"n+1", 352
    return header


def stream(file: Any, header: Any, volume: np.ndarray | Painting) -> None:
    """Write header and values, one component at a time."""
    header.write_to(file)  # with the four bytes that say that there are no extensions
    dtype = header.get_data_dtype()
    for k in range(volume.shape[3] if len(volume.shape) > 3 else 1):
        part = volume.component(k) if isinstance(volume, Painting) else volume
        if part.ndim > 3:
            part = part[..., k]
        file.write(np.asarray(part, dtype).tobytes(order="F"))

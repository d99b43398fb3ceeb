"""3-D NIfTI volumes (atlases, targets, published latents) and our own latents read back."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import recorded
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import (
    atlas_of,
    beside,
    read_json,
    source_of,
    stem,
)
from napari_compressed_transcriptomics.io.files.nifti import read_volumes
from napari_compressed_transcriptomics.io.files.nifti_header import read_header

from .atlas import TOLERANCE, as_labels
from .region_names import read_region_names

LATENTS = "latents"


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume as read, neither reoriented nor rescaled."""

    data: np.ndarray
    """float32, or int32 of labels. Shape (x, y, z), or (x, y, z, component) of latents."""
    affine: np.ndarray
    """Voxels to RAS mm, as in the file. Of float64, shape (4, 4)."""
    kind: str
    """One of "image", "labels", "latents"."""
    name: str
    """The file's stem."""
    background: float | None = None
    """The one value around the brain, of images that have one; published latents hold a constant
    there that is not zero."""
    intent: str = ""
    """What our writer said the values are ("rmse", "gene", ...), empty in other files."""
    names: dict[int, str] = field(default_factory=dict)
    """Label to region, where a label table lies beside a label volume."""
    notes: tuple[str, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
    """Path and SHA-256 of the file, as `Expression.source`."""


def read_volume(path: str | Path) -> Volume:
    """Read a 3-D NIfTI, or the 4-D latents that this package wrote.

    Raises
    ------
    UserError
        The file is faulty, or 4-D without being latents.
    """
    header = read_header(path)
    latents = header.intent == LATENTS
    if len(header.shape) > 4 or (len(header.shape) == 4 and not latents):
        raise UserError(
            f"{header.path.name} is {len(header.shape)}-D ({' x '.join(map(str, header.shape))}) "
            "where a 3-D volume is needed; split it, or open it as expression"
        )
    data = read_volumes(header)
    is_labels = not latents and (header.is_labels or _looks_like_labels(data))
    if is_labels:
        data = as_labels(data, header.path.name)
    else:
        with np.errstate(over="ignore"):
            data = data.astype(np.float32)
        if latents and data.ndim == 3:  # one component
            data = data[..., None]
    names, notes = _region_names(header.path) if is_labels else ({}, ())
    return Volume(
        data=data,
        affine=header.affine,
        kind="labels" if is_labels else LATENTS if latents else "image",
        name=stem(header.path),
        background=None if is_labels or latents else background_of(data),
        intent=header.intent,
        names=names,
        notes=(*header.notes, *notes),
        source={"volume": source_of(header.path, header.state), **recorded(header.space)},
    )


def refuse_vertices(path: str | Path) -> None:
    """Raise a `UserError` for a NIfTI of ours that holds vertices: it is no picture of a brain."""
    if "surface" in read_json(beside(path, ".json")):
        raise UserError(
            f"{Path(path).name} holds values of vertices, which have no place in a volume; open "
            "the files next to it that end in hemi-L.func.gii and hemi-R.func.gii"
        )


def _region_names(path: Path) -> tuple[dict[int, str], tuple[str, ...]]:
    """Return the names of an atlas's labels; a note where their table is faulty."""
    try:
        _, table = atlas_of(path, atlas=path)
        return (read_region_names(table) if table else {}), ()
    except UserError as error:
        return {}, (f"Regions stay without names: {error}",)


def background_of(data: np.ndarray) -> float | None:
    """Return the value of all eight corners, if it also fills a quarter of the volume."""
    corners = data[np.ix_(*([0, -1],) * 3)].ravel()
    value = corners[0]
    if np.isnan(value) or not (corners == value).all() or (data == value).mean() < 0.25:
        return None
    return float(value)


def _looks_like_labels(data: np.ndarray) -> bool:
    """Tell a parcellation: small whole numbers, most neighbours in the brain being equal."""
    if not np.isfinite(data).all() or np.abs(data - np.rint(data)).max() > TOLERANCE:
        return False
    if data.min() < 0 or data.max() < 1 or data.max() > np.iinfo(np.int32).max:
        return False
    a, b = np.rint(data[:-1]), np.rint(data[1:])
    inside = (a != 0) & (b != 0)
    return bool(inside.any()) and bool((a == b)[inside].mean() > 0.5)

"""Components of latents from NIfTI: one volume per component, or one file of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.readers.volume import Volume, read_volume


@dataclass(frozen=True, eq=False)
class Components:
    """Latents of voxels."""

    values: np.ndarray
    """Of the voxels inside, in C order of (x, y, z); NaN where one component has no value. Of
    float32, shape (n, k)."""
    inside: np.ndarray
    """Voxels with a value in any component. Of bool, shape (x, y, z)."""
    affine: np.ndarray
    """As in the files. Shape (4, 4)."""
    backgrounds: tuple[float | None, ...]
    """Of each component, the constant around the brain; None where it is NaN."""
    notes: tuple[str, ...] = ()
    """On the files."""


def read_components(files: Sequence[Path]) -> Components:
    """Read latent images in the order given.

    Raises
    ------
    UserError
        A file is faulty, holds labels or no background, or two are on different grids.
    """
    volumes = [_checked(read_volume(path), path) for path in files]
    first = volumes[0]
    for volume, path in zip(volumes, files, strict=True):
        same = volume.data.shape[:3] == first.data.shape[:3]
        if not same or not np.allclose(volume.affine, first.affine, atol=1e-4):
            raise UserError(
                f"{path.name} and {files[0].name} are on different grids; give components of one "
                "method with the same voxels"
            )
    parts = [part for volume in volumes for part in _components(volume)]
    inside = np.any([there for _, there, _ in parts], axis=0)
    values = np.stack([part[inside] for part, _, _ in parts], axis=1).astype(np.float32)
    return Components(
        values,
        inside,
        first.affine,
        tuple(background for _, _, background in parts),
        tuple(dict.fromkeys(note for volume in volumes for note in volume.notes)),
    )


def _checked(volume: Volume, path: Path) -> Volume:
    if volume.kind == "labels":
        raise UserError(f"{path.name} holds labels where latents are needed; choose another file")
    return volume


def _components(volume: Volume) -> list[tuple[np.ndarray, np.ndarray, float | None]]:
    """Return each component's values and its voxels inside, (x, y, z), and its background."""
    data = volume.data if volume.data.ndim == 4 else volume.data[..., None]
    found = []
    for component in np.moveaxis(data, -1, 0):
        inside = np.isfinite(component)
        if volume.background is not None:
            inside &= component != np.float32(volume.background)
        if not inside.any():
            raise UserError(f"{volume.name} holds one value everywhere; choose a latent image")
        if inside.all():
            raise UserError(
                f"{volume.name} has no background that shows where its brain is; set everything "
                "outside to one constant, or NaN"
            )
        found.append((component, inside, volume.background))
    return found

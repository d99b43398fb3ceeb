"""Maps of vertices to GIFTI, one file per hemisphere."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.core.parcellation import Parcellation
from napari_compressed_transcriptomics.spatial.surface_place import SurfaceParcellation

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_LETTERS = {"left": "L", "right": "R"}
_STRUCTURES = {"left": "CortexLeft", "right": "CortexRight"}


def surface_files(result: "Reconstruction") -> dict[str, tuple[np.ndarray, list[str]]]:
    """Return what to write of a result of vertices: by file, maps (n_vertices, k) and titles.

    ``latents_hemi-L.func.gii``, ``error_hemi-L.func.gii`` and ``held_out_error_hemi-L.func.gii``,
    and the same of ``R``; NaN in the medial wall. Of voxels and regions of volumes there are none.
    """
    k = result.latents.shape[1]
    maps = {
        "latents": (result.latents, [f"component_{i + 1}" for i in range(k)]),
        "error": (result.rmse_samples[:, None], ["rmse"]),
    }
    if result.held_out is not None:
        maps["held_out_error"] = (result.held_out.rmse_samples[:, None], ["held_out_rmse"])
    return by_hemisphere(result.expression.parcellation, maps)


def by_hemisphere(
    place: Parcellation, maps: Mapping[str, tuple[np.ndarray, list[str]]]
) -> dict[str, tuple[np.ndarray, list[str]]]:
    """Return, by file, maps (n_vertices, k) and titles of each hemisphere; nothing of voxels.

    Parameters
    ----------
    place : Parcellation
    maps : mapping
        By the first part of the file's name, values (n_samples, k) and titles.
    """
    if not isinstance(place, SurfaceParcellation):
        return {}
    return {
        f"{name}_hemi-{_LETTERS[side]}.func.gii": (part, titles)
        for name, (values, titles) in maps.items()
        for side, part in place.by_side(values).items()
    }


def write_gifti(path: Path, maps: np.ndarray, titles: Sequence[str]) -> None:
    """Write maps of one hemisphere.

    Parameters
    ----------
    path : Path
        With ``hemi-L`` or ``hemi-R`` in its name.
    maps : ndarray, shape (n_vertices, k)
        Written as float32.
    titles : sequence of str
        One a map.
    """
    from nibabel.gifti import GiftiDataArray, GiftiImage, GiftiMetaData

    side = "left" if "hemi-L" in path.name else "right"
    arrays = [
        GiftiDataArray(
            np.ascontiguousarray(column, np.float32),
            intent="NIFTI_INTENT_NONE",
            datatype="NIFTI_TYPE_FLOAT32",
            meta=GiftiMetaData({"Name": title}),
        )
        for column, title in zip(maps.T, titles, strict=True)
    ]
    meta = GiftiMetaData({"AnatomicalStructurePrimary": _STRUCTURES[side]})
    path.write_bytes(GiftiImage(darrays=arrays, meta=meta).to_bytes())

"""One map of one hemisphere from its file, GIFTI or MGH."""

from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import suffix

from .gifti import read_gifti
from .mgh import read_mgh
from .names import MGH


def read_map(path: Path) -> np.ndarray:
    """Return the one map of a file, float32 (n_vertices,)."""
    if suffix(path, MGH):
        return read_mgh(path)
    gifti = read_gifti(path)
    if gifti.with_intent("POINTSET") is not None:
        raise UserError(f"{path.name} is a surface, not a map; give it with --surface")
    if len(gifti.arrays) != 1:
        raise UserError(
            f"{path.name} holds {len(gifti.arrays)} maps where each file is one gene; save each "
            "alone"
        )
    values = gifti.arrays[0].values
    if values.ndim == 2 and 1 in values.shape:
        values = values.ravel()
    if values.ndim != 1:
        raise UserError(
            f"{path.name} holds {values.shape[1]} values per vertex; give one map per file"
        )
    with np.errstate(over="ignore"):
        return values.astype(np.float32)

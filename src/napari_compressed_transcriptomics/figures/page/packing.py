"""Arrays as text in a page, which the browser unpacks."""

import base64
import gzip
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError

MOST_BYTES = 300_000_000
"""Of arrays: browsers open no longer texts well."""
_ALIGNED = 8


def packed(arrays: dict[str, np.ndarray]) -> tuple[dict[str, Any], str]:
    """Return where each array lies, ``{name: {type, shape, at}}``, and all of them in base64.

    Little-endian, in C order, packed with gzip.

    Raises
    ------
    UserError
        They are too much for a page.
    """
    size = sum(array.nbytes for array in arrays.values())
    if size > MOST_BYTES:
        raise UserError(
            f"The page would hold {size / 1e6:,.0f} MB, more than browsers open well "
            f"({MOST_BYTES / 1e6:.0f} MB); use fewer components or larger voxels"
        )
    places, parts, at = {}, [], 0
    for name, array in arrays.items():
        places[name] = {"type": str(array.dtype), "shape": list(array.shape), "at": at}
        data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        data += bytes(-len(data) % _ALIGNED)
        parts.append(data)
        at += len(data)
    return places, base64.b64encode(gzip.compress(b"".join(parts), 6, mtime=0)).decode()

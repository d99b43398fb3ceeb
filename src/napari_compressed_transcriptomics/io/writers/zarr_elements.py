"""Elements of a store in the layout of AnnData: how arrays and groups are marked and packed."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.io.files.zarr_shards import (
    CHUNK,
    MAX_SHARD_ROWS,
    SHARD_COLUMNS,
)

_GROUP_BYTES = 1 << 30  # of genes that are held at once


def compressors() -> list[Any]:
    """Return what packs numbers, and checks them when they are read."""
    from zarr.codecs import BloscCodec, Crc32cCodec

    # of real maps lz4 leaves 70 %, zstd 71 %; with bits shuffled, not bytes, they leave a hundredth
    # less, and are read at two thirds of the speed
    return [BloscCodec(cname="lz4", clevel=5, shuffle="shuffle"), Crc32cCodec()]


def encoding(kind: str, version: str = "0.2.0") -> dict[str, Any]:
    """Return how AnnData marks its elements."""
    return {"encoding-type": kind, "encoding-version": version}


def write_texts(group: Any, name: str, texts: tuple[str, ...]) -> None:
    """Write texts to a new array of a group, not packed: none is larger than its file."""
    array = group.create_array(
        name,
        shape=(len(texts),),
        chunks=(len(texts),),
        dtype=str,
        compressors=None,
        attributes=encoding("string-array"),
    )
    array[:] = np.array(texts, np.dtypes.StringDType())


def write_numbers(group: Any, name: str, values: np.ndarray) -> None:
    """Write numbers to an array of a group, in one chunk."""
    group.create_array(
        name,
        data=values,
        overwrite=True,  # an interrupted conversion left it
        chunks=values.shape,
        compressors=compressors(),
        attributes=encoding("array"),
    )


@dataclass(frozen=True)
class Layout:
    """How many samples and genes lie in a chunk, and in a shard: a file."""

    chunk: tuple[int, int]
    shard: tuple[int, int]

    @property
    def group(self) -> int:
        """Genes that are written at once: a column of shards."""
        return self.shard[1]


def layout_of(n_samples: int, n_genes: int) -> Layout:
    """Return the layout of so many values."""
    rows, columns = min(CHUNK[0], n_samples), min(CHUNK[1], n_genes)
    below = math.ceil(math.ceil(n_samples / rows) / MAX_SHARD_ROWS)
    fitting = max(1, min(SHARD_COLUMNS, _GROUP_BYTES // (4 * n_samples)) // columns)
    across = min(fitting, math.ceil(n_genes / columns))
    return Layout((rows, columns), (rows * below, columns * across))

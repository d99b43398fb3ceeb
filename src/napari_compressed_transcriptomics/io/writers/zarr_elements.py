"""Elements of a store in the layout of AnnData: how arrays and groups are marked and packed."""

from typing import Any

import numpy as np


def compressors() -> list[Any]:
    """Return what packs numbers, and checks them when they are read."""
    from zarr.codecs import BloscCodec, Crc32cCodec

    # in real maps lz4 with shuffled bits leaves as much as zstd does, and is read faster
    return [BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle"), Crc32cCodec()]


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
    """Write numbers to a new array of a group, in one chunk."""
    group.create_array(
        name,
        data=values,
        chunks=values.shape,
        compressors=compressors(),
        attributes=encoding("array"),
    )

"""Stores of little data with several chunks a shard, and several shards."""

from napari_compressed_transcriptomics.io.writers import zarr_elements


def small_chunks(patch, chunk=(64, 4), shard_columns=16):
    """Let `convert` write small chunks."""
    patch.setattr(zarr_elements, "CHUNK", chunk)
    patch.setattr(zarr_elements, "SHARD_COLUMNS", shard_columns)
    patch.setattr(zarr_elements, "MAX_SHARD_ROWS", 4)
